// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/early/early_id.h"

#include "host/base/activity.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SPACE_MAX      ((size_t)4096)
#define SPACE_FOR_ALL  64
#define EXTENDED_BEGIN ((size_t)256)
#define SERIAL_CAP     3

/* ---- where it is ---- */

static int add_part(char path[EARLY_PATH_SIZE], const char *part)
{
	size_t len = strlen(path);
	int n = snprintf(path + len, EARLY_PATH_SIZE - len, "%s%s", len ? "/" : "", part);

	return n < 0 || (size_t)n >= EARLY_PATH_SIZE - len ? -ENAMETOOLONG : 0;
}

int early_path_parse(const char *target, char ret[EARLY_PATH_SIZE])
{
	auto_free char *text = strdup(target);
	char path[EARLY_PATH_SIZE] = "";
	char *rest = text, *name;
	int err = text ? 0 : -ENOMEM;

	while (!err && (name = strsep(&rest, "/"))) {
		const char *bus = after_prefix(name, "pci");
		struct bdf bdf;

		if (bus && strchr(bus, ':'))
			err = *path ? -EXDEV : add_part(path, bus);
		else if (*path)
			err = bdf_parse(name, &bdf) ? -EINVAL
						    : add_part(path, strrchr(name, ':') + 1);
	}
	if (!err && !strchr(path, '/'))
		err = -EINVAL;
	if (!err)
		memcpy(ret, path, sizeof(path));
	return err;
}

int early_path_read(const struct fs_root *root, const struct bdf *bdf, char ret[EARLY_PATH_SIZE])
{
	auto_free char *dir = pci_dir(bdf), *target = NULL;
	int vf = pci_probe_file(root, bdf, "physfn"), err;

	if (vf)
		return vf < 0 ? vf : -EXDEV;
	err = dir ? fs_link_target(root, dir, &target) : -ENOMEM;
	if (err)
		return err == -ENOENT ? -ENODEV : err;
	return early_path_parse(target, ret);
}

/* ---- its number ---- */

/* The head of a capability at AT, and the 64 bits after it. Returns 1; 0 when they are not there,
 * or not for this user; -errno. */
static int read_words(int fd, size_t at, uint32_t words[3])
{
	unsigned char bytes[12];
	ssize_t n = pread(fd, bytes, sizeof(bytes), (off_t)at);

	if (n != sizeof(bytes))
		return n < 0 ? -errno : 0;
	for (size_t i = 0; i < 3; i++)
		words[i] = (uint32_t)bytes[4 * i] | (uint32_t)bytes[4 * i + 1] << 8 |
			   (uint32_t)bytes[4 * i + 2] << 16 | (uint32_t)bytes[4 * i + 3] << 24;
	return 1;
}

int early_serial_read(int fd, char ret[EARLY_SERIAL_SIZE])
{
	size_t at = EXTENDED_BEGIN;
	uint32_t words[3];

	*ret = '\0';
	for (size_t left = SPACE_MAX / 4; left && at >= EXTENDED_BEGIN; left--) {
		int there = read_words(fd, at, words);

		if (there <= 0 || !words[0] || words[0] == UINT32_MAX)
			return there < 0 ? there : 0;
		if ((words[0] & 0xffff) == SERIAL_CAP) {
			if ((words[1] || words[2]) && (words[1] & words[2]) != UINT32_MAX)
				snprintf(ret, EARLY_SERIAL_SIZE, "%08x%08x", words[2], words[1]);
			return 0;
		}
		at = words[0] >> 20 & 0xffc;
	}
	return 0;
}

static int read_serial(const struct fs_root *root, struct early_id *id)
{
	auto_free char *path = pci_path(&id->bdf, "config");
	auto_close int fd = path ? fs_open(root, path, O_RDONLY, 0) : -ENOMEM;
	char byte;
	int err;

	if (fd < 0)
		return fs_is_absent(fd) ? 0 : fd;
	activity_begin("read", path);
	err = early_serial_read(fd, id->serial);
	id->serial_hidden = !err && geteuid() && !fs_root_is_capture(root) &&
			    pread(fd, &byte, 1, SPACE_FOR_ALL) <= 0;
	activity_end();
	return err;
}

/* ---- all of it ---- */

static int read_revision(const struct fs_root *root, struct early_id *id)
{
	auto_free char *path = pci_path(&id->bdf, "revision"), *text = NULL;
	int err = fs_read_attr(root, path, &text);

	if (!err)
		id->revision = (uint8_t)strtoul(text, NULL, 16);
	return err == -ENOENT ? -ENODEV : err;
}

/* What is common to all of its kind, which is cheap to read. */
static int read_kind(const struct fs_root *root, const struct bdf *bdf, struct early_id *id)
{
	int err;

	*id = (struct early_id){.bdf = *bdf};
	err = pci_identify(root, bdf, &id->identity);
	return err ?: read_revision(root, id);
}

/* The rest. */
static int read_one(const struct fs_root *root, struct early_id *id)
{
	int err = early_path_read(root, &id->bdf, id->path);

	return err ?: read_serial(root, id);
}

int early_id_read(const struct fs_root *root, const struct bdf *bdf, struct early_id *ret)
{
	struct early_id id;
	int err = read_kind(root, bdf, &id);

	err = err ?: read_one(root, &id);
	if (!err)
		*ret = id;
	return err;
}

bool early_id_alike(const struct early_id *a, const struct early_id *b)
{
	return pci_identity_equal(&a->identity, &b->identity) && a->revision == b->revision;
}

bool early_id_same(const struct early_id *a, const struct early_id *b)
{
	return early_id_alike(a, b) && !strcmp(a->path, b->path) &&
	       (a->serial_hidden || b->serial_hidden || !strcmp(a->serial, b->serial));
}

/* ---- lists ---- */

int early_ids_add(struct early_ids *ids, const struct early_id *id)
{
	if (!array_grow(ids->items, ids->n))
		return -ENOMEM;
	ids->items[ids->n++] = *id;
	return 0;
}

static bool is_wanted(const struct early_ids *wanted, const struct early_id *id)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (early_id_alike(&wanted->items[i], id))
			return true;
	return false;
}

static int find_one(const struct fs_root *root, const char *name, const struct early_ids *wanted,
		    struct early_ids *ids)
{
	struct early_id id;
	struct bdf bdf;
	int err = bdf_parse(name, &bdf) ? -EXDEV : read_kind(root, &bdf, &id);

	if (!err && !is_wanted(wanted, &id))
		return 0;
	err = err ?: read_one(root, &id);
	if (err) /* it has just gone, or is none that is there when a boot begins */
		return err == -ENODEV || err == -EXDEV ? 0 : err;
	return early_ids_add(ids, &id);
}

int early_ids_find(const struct fs_root *root, const struct early_ids *wanted,
		   struct early_ids *ret)
{
	auto_early_ids struct early_ids ids = {0};
	auto_names struct fs_names names = {0};
	int err = wanted->n ? fs_list(root, "sys/bus/pci/devices", &names) : 0;

	for (size_t i = 0; !err && i < names.n; i++)
		err = find_one(root, names.items[i], wanted, &ids);
	if (err)
		return err;
	*ret = ids;
	ids = (struct early_ids){0};
	return 0;
}

void early_ids_free(struct early_ids *ids)
{
	free(ids->items);
	*ids = (struct early_ids){0};
}
