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

#define INITRAMFS_CONF "etc/initramfs-tools/update-initramfs.conf"

/* Whether `update-initramfs -u` does nothing, and reports success, because of a line
 * update_initramfs=no of that file; which one. Not where dracut makes the initramfs. Returns 1, 0,
 * or -errno. (update-initramfs(8)) */
int initramfs_is_off(const struct fs_root *root, unsigned int *ret_line) must_check;

/*
 * Which files the initramfs images of the kernels in /boot are: a new text, to be compared with
 * that of a moment later. Returns 0 or -errno.
 */
int initramfs_stamp(const struct fs_root *root, char **ret) must_check;

/*
 * Compares two stamps. *RET: the path of the first image of BEFORE that is the same file in AFTER,
 * and so was not made anew, a new string; NULL: all were, or are gone. *RET_ANY: whether any image
 * of BEFORE is another one, or gone. Pure. Returns 0 or -ENOMEM.
 */
int initramfs_find_same(const char *before, const char *after, char **ret,
			bool *ret_any) must_check;

#endif
