// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/rootdev.h"
#include "host/base/strbuf.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Where udev keeps a link for each value of a tag. */
static const struct {
	const char *tag;
	const char *dir;
} tags[] = {
	{"UUID=", "dev/disk/by-uuid/"},
	{"LABEL=", "dev/disk/by-label/"},
	{"PARTUUID=", "dev/disk/by-partuuid/"},
	{"PARTLABEL=", "dev/disk/by-partlabel/"},
	{"/dev/", "dev/"},
};

/* A dataset's name, or a device. */
struct target {
	const char *dataset; /* NULL: it is a device */
	dev_t device;	     /* a node's number, or the file system of a file that is no node */
	ino_t file;	     /* 0 for a node */
};

/* The name of a dataset that root=VALUE names; NULL when that names something else. "AUTO" is
 * whichever there is. */
static const char *dataset_of(const char *value)
{
	bool zfs = !strncasecmp(value, "zfs", 3) && value[3] && strchr("=:", value[3]);

	return zfs && strcasecmp(value + 4, "AUTO") ? value + 4 : NULL;
}

/* NAME as udev writes it in the name of a link: a space or slash, for example, as \x20. */
static char *encode(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "#+-.:=@_";
	auto_strbuf struct strbuf text = {0};

	for (const char *c = name; *c; c++)
		if ((*c & 0x80) || strchr(plain, *c))
			strbuf_add_bytes(&text, c, 1);
		else
			strbuf_add(&text, "\\x%02x", (unsigned char)*c);
	return strbuf_take(&text);
}

/* The path of the link or node, without a leading '/'; NULL when VALUE is none, or without memory.
 */
static char *path_of(const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		size_t len = strlen(tags[i].tag);
		auto_free char *name = NULL;

		if (strncmp(value, tags[i].tag, len))
			continue;
		/* A path is written as it is. */
		name = *value == '/' ? strdup(value + len) : encode(value + len);
		return name ? fs_path("%s%s", tags[i].dir, name) : NULL;
	}
	return NULL;
}

/* Finds what VALUE names. Returns whether it names something that is here. */
static bool resolve(const struct fs_root *root, const char *value, struct target *ret)
{
	auto_free char *path = NULL;
	auto_close int fd = -1;
	struct stat st;

	*ret = (struct target){.dataset = dataset_of(value)};
	if (ret->dataset)
		return true;
	path = path_of(value);
	if (!path)
		return false;
	fd = fs_open(root, path, O_PATH, 0);
	if (fd < 0 || fstat(fd, &st))
		return false;
	ret->device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	ret->file = S_ISBLK(st.st_mode) ? 0 : st.st_ino;
	return true;
}

/* Without the closing quote that cmdline_value() leaves. */
static char *unquote(const char *value)
{
	return strndup(value, strcspn(value, "\""));
}

enum rootdev_match rootdev_compare(const struct fs_root *root, const char *one, const char *other)
{
	auto_free char *a = unquote(one), *b = unquote(other);
	struct target first, second;

	if (!a || !b)
		return ROOTDEV_UNKNOWN;
	if (!strcmp(a, b))
		return ROOTDEV_SAME;
	if (!resolve(root, a, &first) || !resolve(root, b, &second))
		return ROOTDEV_UNKNOWN;
	if (first.dataset && second.dataset)
		return strcmp(first.dataset, second.dataset) ? ROOTDEV_DIFFERENT : ROOTDEV_SAME;
	return !first.dataset && !second.dataset && first.device == second.device &&
			       first.file == second.file
		       ? ROOTDEV_SAME
		       : ROOTDEV_DIFFERENT;
}
