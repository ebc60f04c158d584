/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of the host that disks are looked up in: mounts, swap, what the kernel itself uses.
 * For host/usage/ only. */
#ifndef HOST_USAGE_DISK_DISK_TABLES_H
#define HOST_USAGE_DISK_DISK_TABLES_H

#include "host/base/fs.h"
#include "host/usage/disk/kernel_disks.h"

struct disk_tables {
	const struct fs_root *root;
	const struct mounts *mounts; /* of the host, not owned */
	char *swaps;
	struct kernel_disks users;
};

/* MOUNTS, the host's, must outlive them. Returns 0 (free with disk_tables_free(), in any case) or
 * -errno. */
int disk_tables_read(const struct fs_root *root, const struct mounts *mounts,
		     struct disk_tables *ret) must_check;
void disk_tables_free(struct disk_tables *tables);

/* Whether the host cannot do without what is mounted there: "/", "/boot". */
bool disk_place_is_vital(const char *where);

#endif
