/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host uses a disk or a partition for, as /proc and /sys tell, and the commands that end
 * each use: file systems, swap, LVM, md, encryption, multipath, loop devices, ZFS, and what lies
 * on top of these. For host/usage/ only.
 */
#ifndef HOST_USAGE_DISK_DISK_USES_H
#define HOST_USAGE_DISK_DISK_USES_H

#include "host/text/strbuf.h"
#include "host/usage/disk/disk_tables.h"

struct disk_uses {
	struct strbuf what; /* "mounted at /srv, part of md0" */
	/* The commands that end the uses, in the order to run them: those for file systems and
	 * swap, and then those for what is below them. */
	struct fs_names unmounts, ends;
	struct fs_names places; /* where it, and what is on top of it, is mounted */
	bool unclear;		/* one of the uses has no command that ends it */
	bool vital;		/* the host itself runs from it */
};

/* All commands in one line for a shell, "umount /srv && mdadm --stop /dev/md0"; "" for none. A new
 * string, or NULL without memory. */
char *disk_uses_command(const struct disk_uses *uses) must_check;

void disk_uses_free(struct disk_uses *uses);

#define auto_disk_uses cleanup_with(disk_uses_free)

/* Adds the uses of a block device of that name below /dev, with the number MAJOR:MINOR, and of what
 * is on top of it. PATH is its directory in sysfs. Returns 0 or -errno. */
int disk_uses_add_block(const struct disk_tables *tables, const char *path, const char *name,
			unsigned int major, unsigned int minor, struct disk_uses *uses) must_check;

/* Adds those of a character device, which the kernel's targets can use as a whole: an NVMe
 * controller. Returns 0 or -errno. */
int disk_uses_add_controller(const struct disk_tables *tables, const char *name,
			     struct disk_uses *uses) must_check;

/* Adds the ZFS pool, if udev has seen the block device as a member of one; a member that is claimed
 * has its pool imported. Returns 0 or -errno. */
int disk_uses_add_pool(const struct disk_tables *tables, unsigned int major, unsigned int minor,
		       struct disk_uses *uses) must_check;

#endif
