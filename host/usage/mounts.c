// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/mounts.h"

#include <string.h>

#define MOUNTS_MAX ((size_t)16 * 1024 * 1024)

void mounts_unescape(char *text)
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

/* Reads LINE, and cuts it up. Returns whether it has a mount point. */
static bool read_mount(char *line, struct mount *ret)
{
	char *field, *rest = line, *where = NULL;

	*ret = (struct mount){"", "", NULL, "", NULL};
	for (int i = 0; (field = next_field(&rest)); i++) {
		if (i == 2)
			ret->numbers = field;
		else if (i == 3)
			ret->root = field;
		else if (i == 4)
			where = field;
		else if (i > 5 && !strcmp(field, "-"))
			break;
	}
	field = next_field(&rest);
	if (field) {
		ret->type = field;
		ret->source = next_field(&rest);
	}
	if (!where)
		return false;
	mounts_unescape(where);
	ret->where = where;
	return true;
}

int mounts_read(const struct fs_root *root, pid_t pid, struct mounts *ret)
{
	auto_free char *path = fs_path("proc/%d/mountinfo", pid);
	auto_mounts struct mounts mounts = {0};
	int err = fs_read(root, path, MOUNTS_MAX, &mounts.text, NULL);
	char *rest = mounts.text, *line;
	struct mount mount;

	if (err && (err != -ENOENT || fs_root_was_running(root)))
		return err;
	while ((line = strsep(&rest, "\n"))) {
		if (!read_mount(line, &mount))
			continue;
		if (!array_grow(mounts.items, mounts.n))
			return -ENOMEM;
		mounts.items[mounts.n++] = mount;
	}
	*ret = mounts;
	mounts = (struct mounts){0};
	return 0;
}

void mounts_free(struct mounts *mounts)
{
	free(mounts->items);
	free(mounts->text);
	*mounts = (struct mounts){0};
}

int mounts_each(const struct mounts *mounts, int (*look)(const struct mount *mount, void *arg),
		void *arg)
{
	int err = 0;

	for (size_t i = 0; !err && i < mounts->n; i++)
		err = look(&mounts->items[i], arg);
	return err;
}
