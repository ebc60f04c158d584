// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/disk_tables.h"

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

/* Replaces the \040 of /proc in place by the characters that they stand for. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (*from == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* The field at *REST, which ends at a space or tab, cut off; NULL at the end. */
static char *next_field(char **rest)
{
	char *field;

	do
		field = strsep(rest, " \t");
	while (field && !*field);
	return field;
}

/* Reads LINE, and cuts it up. Returns whether there is a mount point. (Linux:
 * Documentation/filesystems/proc.rst) */
static bool read_mount(char *line, struct disk_mount *ret)
{
	char *field, *rest = line, *where = NULL;

	*ret = (struct disk_mount){"", NULL, NULL};
	for (int i = 0; (field = next_field(&rest)); i++) {
		if (i == 2)
			ret->numbers = field;
		else if (i == 4)
			where = field;
		else if (i > 5 && !strcmp(field, "-"))
			break;
	}
	if (next_field(&rest)) /* the type */
		ret->source = next_field(&rest);
	if (!where)
		return false;
	unescape(where);
	ret->where = where;
	return true;
}

int disk_tables_each_mount(const struct disk_tables *tables,
			   int (*look)(const struct disk_mount *mount, void *arg), void *arg)
{
	auto_free char *table = strdup(tables->mounts);
	char *rest = table, *line;
	struct disk_mount mount;
	int err = table ? 0 : -ENOMEM;

	while (!err && (line = strsep(&rest, "\n")))
		if (read_mount(line, &mount))
			err = look(&mount, arg);
	return err;
}

static int read_table(const struct fs_root *root, const char *path, char **ret)
{
	int err = fs_read(root, path, TABLE_MAX, ret, NULL);

	if (err != -ENOENT)
		return err;
	*ret = strdup("");
	return *ret ? 0 : -ENOMEM;
}

int disk_tables_read(const struct fs_root *root, struct disk_tables *ret)
{
	int err;

	*ret = (struct disk_tables){.root = root};
	/* Those of the first process: the host's own, whatever namespace this one was put in. */
	err = read_table(root, "proc/1/mountinfo", &ret->mounts);
	if (!err)
		err = read_table(root, "proc/swaps", &ret->swaps);
	return err ? err : kernel_disks_read(root, &ret->users);
}

void disk_tables_free(struct disk_tables *tables)
{
	free(tables->mounts);
	free(tables->swaps);
	kernel_disks_free(&tables->users);
	*tables = (struct disk_tables){0};
}
