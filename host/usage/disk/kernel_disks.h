/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks that the kernel itself works on without claiming them: a loop device on a disk, an NVMe
 * target's namespace, a SCSI target's backstore. Opening the disk exclusively succeeds, no mount
 * and no holder names it, and yet writes go to it.
 */
#ifndef HOST_USAGE_DISK_KERNEL_DISKS_H
#define HOST_USAGE_DISK_KERNEL_DISKS_H

#include "host/base/fs.h"
#include "host/usage/mounts.h"

struct kernel_disk {
	char *node; /* what it works on, below /dev: "sda", "dm-0"; "nvme0": a whole controller */
	char *what; /* the user, for people; NULL: a loop device */
	char *loop; /* the loop device, "loop0"; NULL: none */
};

struct kernel_disks {
	struct kernel_disk *items;
	size_t n;
	const struct mounts *mounts; /* of the caller's, while they are read */
};

/*
 * Reads them all, from sysfs and configfs; no disk and no file is looked at, for a dead server
 * would hang that: what the file of a loop device is, MOUNTS tell, the host's mountinfo. Returns 0
 * (free with kernel_disks_free()) or -errno. (Linux: Documentation/ABI/testing/sysfs-block-loop,
 * drivers/nvme/target/configfs.c, drivers/target/target_core_configfs.c)
 */
int kernel_disks_read(const struct fs_root *root, const struct mounts *mounts,
		      struct kernel_disks *ret) must_check;
void kernel_disks_free(struct kernel_disks *disks);

#define auto_kernel_disks cleanup_with(kernel_disks_free)

#endif
