/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of the host that disks are looked up in: mounts, swap, what the kernel itself uses.
 * For host/usage/ only. */
#ifndef HOST_USAGE_DISK_TABLES_H
#define HOST_USAGE_DISK_TABLES_H

#include "host/base/fs.h"
#include "host/usage/kernel_disks.h"

struct disk_tables {
	const struct fs_root *root;
	char *mounts; /* the mountinfo of the host */
	char *swaps;
	struct kernel_disks users;
};

/* Returns 0 (free with disk_tables_free(), in any case) or -errno. */
int disk_tables_read(const struct fs_root *root, struct disk_tables *ret) must_check;
void disk_tables_free(struct disk_tables *tables);

/* A mount. (Linux: Documentation/filesystems/proc.rst) */
struct disk_mount {
	const char *numbers; /* "8:1"; that of btrfs is of no device */
	const char *where;
	const char *source; /* "/dev/sda1", "rpool/ROOT/pve-1"; NULL: none */
};

/* Calls LOOK for each mount, in the kernel's order, until it returns something but 0, which is
 * returned; else 0 or -ENOMEM. */
int disk_tables_each_mount(const struct disk_tables *tables,
			   int (*look)(const struct disk_mount *mount, void *arg), void *arg);

/* Whether the host cannot do without what is mounted there: "/", "/boot". */
bool disk_place_is_vital(const char *where);

#endif
