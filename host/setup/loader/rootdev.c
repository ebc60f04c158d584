// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/rootdev.h"
#include "host/text/strbuf.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BTRFS "sys/fs/btrfs"

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
	char *name;	     /* the node's own name, "dm-1" */
};

static void target_free(struct target *target)
{
	free(target->name);
}

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

/* The name of the open node, behind all links. */
static char *name_of(int fd)
{
	auto_free char *link = fs_path("/proc/self/fd/%d", fd);
	char path[PATH_MAX];
	ssize_t len = link ? readlink(link, path, sizeof(path) - 1) : -1;

	if (len < 0)
		return NULL;
	path[len] = '\0';
	return strdup(strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
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
	if (fd < 0 || fs_stat(root, fd, &st))
		return false;
	ret->device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	ret->file = S_ISBLK(st.st_mode) ? 0 : st.st_ino;
	ret->name = name_of(fd);
	return ret->name;
}

/* Whether both are devices of one mounted btrfs: 1; 0 when not; -errno. */
static int share_btrfs(const struct fs_root *root, const struct target *one,
		       const struct target *other)
{
	auto_names struct fs_names all = {0};
	int shared = fs_list(root, BTRFS, &all);

	for (size_t i = 0; i < all.n && !shared; i++) {
		auto_free char *a = fs_path(BTRFS "/%s/devices/%s", all.items[i], one->name);
		auto_free char *b = fs_path(BTRFS "/%s/devices/%s", all.items[i], other->name);
		int there = fs_probe(root, a);

		shared = there > 0 ? fs_probe(root, b) : there;
	}
	return shared;
}

static enum rootdev_match compare_devices(const struct fs_root *root, const struct target *one,
					  const struct target *other)
{
	int shared;

	if (one->device == other->device && one->file == other->file)
		return ROOTDEV_SAME;
	shared = share_btrfs(root, one, other);
	if (shared < 0)
		return ROOTDEV_UNKNOWN;
	return shared ? ROOTDEV_SAME : ROOTDEV_DIFFERENT;
}

/* Without the closing quote that cmdline_value() leaves. */
static char *unquote(const char *value)
{
	return strndup(value, strcspn(value, "\""));
}

enum rootdev_match rootdev_compare(const struct fs_root *root, const char *one, const char *other)
{
	auto_free char *a = unquote(one), *b = unquote(other);
	cleanup_with(target_free) struct target first = {0}, second = {0};

	if (!a || !b)
		return ROOTDEV_UNKNOWN;
	if (!strcmp(a, b))
		return ROOTDEV_SAME;
	if (!resolve(root, a, &first) || !resolve(root, b, &second))
		return ROOTDEV_UNKNOWN;
	if (!first.dataset && !second.dataset)
		return compare_devices(root, &first, &second);
	return first.dataset && second.dataset && !strcmp(first.dataset, second.dataset)
		       ? ROOTDEV_SAME
		       : ROOTDEV_DIFFERENT;
}
