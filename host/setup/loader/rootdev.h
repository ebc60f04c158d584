/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What root= on the kernel command line names. */
#ifndef HOST_SETUP_LOADER_ROOTDEV_H
#define HOST_SETUP_LOADER_ROOTDEV_H

#include "host/base/fs.h"

enum rootdev_match {
	ROOTDEV_SAME,
	ROOTDEV_DIFFERENT,
	ROOTDEV_UNKNOWN, /* one of them names nothing that is here */
};

/*
 * Compares two values of root=, such as "UUID=...", "PARTLABEL=...", "/dev/mapper/pve-root" and
 * "ZFS=rpool/ROOT/pve-1", by what is in dev/ below the root: udev's links and the nodes' numbers.
 * Each device of a mounted btrfs names the same file system (Linux: fs/btrfs/sysfs.c, devices/).
 * No device is read. Names of datasets are compared as they are (Linux: init/do_mounts.c;
 * initramfs-tools(7), dracut.cmdline(7); OpenZFS: contrib/initramfs).
 */
enum rootdev_match rootdev_compare(const struct fs_root *root, const char *one, const char *other);

#endif
