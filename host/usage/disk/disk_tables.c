// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/disk/disk_tables.h"

#include <string.h>

#define TABLE_MAX ((size_t)16 * 1024 * 1024)

/* Where the host has what it cannot do without. */
static const char *const vital_places[] = {"/",	   "/boot", "/boot/efi", "/boot/firmware",
					   "/efi", "/usr",  "/var",	 "/etc/pve"};

bool disk_place_is_vital(const char *where)
{
	for (size_t i = 0; i < ARRAY_SIZE(vital_places); i++)
		if (!strcmp(where, vital_places[i]))
			return true;
	return false;
}

static int read_table(const struct fs_root *root, const char *path, char **ret)
{
	int err = fs_read(root, path, TABLE_MAX, ret, NULL);

	if (err != -ENOENT)
		return err;
	*ret = strdup("");
	return *ret ? 0 : -ENOMEM;
}

int disk_tables_read(const struct fs_root *root, const struct mounts *mounts,
		     struct disk_tables *ret)
{
	int err;

	*ret = (struct disk_tables){.root = root, .mounts = mounts};
	err = read_table(root, "proc/swaps", &ret->swaps);
	return err ? err : kernel_disks_read(root, mounts, &ret->users);
}

void disk_tables_free(struct disk_tables *tables)
{
	free(tables->swaps);
	kernel_disks_free(&tables->users);
	*tables = (struct disk_tables){0};
}
