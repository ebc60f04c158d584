/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who makes the initramfs of this host. */
#ifndef HOST_SETUP_LOADER_INITRAMFS_H
#define HOST_SETUP_LOADER_INITRAMFS_H

#include "host/base/fs.h"

/*
 * Whether dracut makes it, and not initramfs-tools: dracut is there, and the package
 * initramfs-tools is not. Debian's dracut removes that package, whose script in /etc/kernel stays
 * until it is purged: then dpkg has its list of files, and no checksums of them (dpkg, dpkg(1),
 * -r). Returns 1, 0, or -errno.
 */
int initramfs_by_dracut(const struct fs_root *root) must_check;

#endif
