// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/drives.h"

#include <string.h>

static bool is_drive(struct text key)
{
	size_t len = key.len;

	while (key.len && char_is_digit(key.at[key.len - 1]))
		key.len--;
	return key.len < len && text_is_one_of(key, "ide|sata|scsi|virtio|unused|efidisk");
}

static enum drive_kind read_kind(struct text key, struct text value)
{
	struct text rest = value, part;

	if (text_take(&key, "efidisk"))
		return DRIVE_EFI;
	while (text_next(&rest, ',', &part)) {
		if (text_is(part, "media=cdrom"))
			return DRIVE_NO_DISK;
		if (!text_take(&part, "file="))
			text_take(&part, "volume=");
		if (text_is_one_of(part, "none|cdrom"))
			return DRIVE_NO_DISK;
	}
	return DRIVE_DISK;
}

static struct drive *find(struct drives *drives, struct text key)
{
	for (size_t i = 0; i < drives->n; i++)
		if (text_is(key, drives->items[i].key))
			return &drives->items[i];
	return NULL;
}

int drives_set(struct drives *drives, struct text key, struct text value, bool pending)
{
	struct drive *drive = find(drives, key);

	if (!is_drive(key) || (drive && pending))
		return 0;
	if (!drive) {
		char *copy = text_dup(key);

		if (!copy || !array_grow(drives->items, drives->n)) {
			free(copy);
			return -ENOMEM;
		}
		drive = &drives->items[drives->n++];
		drive->key = copy;
	}
	drive->kind = read_kind(key, value);
	return 0;
}

const struct drive *drives_first(const struct drives *drives, enum drive_kind kind)
{
	for (size_t i = 0; i < drives->n; i++)
		if (drives->items[i].kind == kind)
			return &drives->items[i];
	return NULL;
}

void drives_free(struct drives *drives)
{
	for (size_t i = 0; i < drives->n; i++)
		free(drives->items[i].key);
	free(drives->items);
	*drives = (struct drives){0};
}

/* ---- nodes of the host ---- */

/* The keys, and how many of each Proxmox VE knows (qemu-server, PVE/QemuServer/Drive.pm and
 * PVE/QemuServer.pm). */
static const struct {
	const char *name;
	unsigned int count;
	bool port; /* its value is the path alone */
} node_keys[] = {
	{"ide", 4, false},     {"sata", 6, false},     {"scsi", 31, false}, {"virtio", 16, false},
	{"efidisk", 1, false}, {"tpmstate", 1, false}, {"serial", 4, true}, {"parallel", 3, true},
};

/* A line "cdrom" is one of ide2. (qemu-server, PVE/QemuServer.pm, parse_vm_config) */
static struct text meant_by(struct text key)
{
	return text_is(key, "cdrom") ? text_of("ide2") : key;
}

/* Which of them KEY is, or their number. */
static size_t find_node_key(struct text key)
{
	size_t i = 0;

	for (; i < ARRAY_SIZE(node_keys); i++) {
		struct text index = key;
		unsigned int number;

		if (text_take(&index, node_keys[i].name) &&
		    text_parse_index(index, node_keys[i].count, &number))
			break;
	}
	return i;
}

bool node_paths_have_key(struct text key)
{
	return find_node_key(meant_by(key)) < ARRAY_SIZE(node_keys);
}

/* The file of a drive, "file=/dev/sdb" or "/dev/sdb": the part without a name, as which "file" and
 * "volume" count. */
static struct text file_of(struct text value)
{
	struct text part;

	while (text_next(&value, ',', &part))
		if (text_take(&part, "file=") || text_take(&part, "volume=") ||
		    (part.len && !memchr(part.at, '=', part.len)))
			return part;
	return (struct text){0};
}

bool node_path_is_one(struct text path)
{
	struct text rest = path;

	return text_take(&rest, "/dev/") && !memchr(path.at, '\0', path.len) &&
	       !memmem(path.at, path.len, "/../", 4) && text_span(path, char_is_word) == path.len;
}

/* The path below /dev, or an AT of NULL. "cdrom" is the host's CD drive. */
static struct text read_path(size_t i, struct text value)
{
	struct text path = value;

	if (value.at && !node_keys[i].port)
		path = file_of(value);
	if (path.at && !node_keys[i].port && text_is(path, "cdrom"))
		return text_of("/dev/cdrom");
	return path.at && node_path_is_one(path) ? path : (struct text){0};
}

struct node_path *node_paths_find(const struct node_paths *nodes, const char *key)
{
	for (size_t i = 0; i < nodes->n; i++)
		if (!strcmp(nodes->items[i].key, key))
			return &nodes->items[i];
	return NULL;
}

/* The node of the key, which is added if there is none. NULL without memory. */
static struct node_path *make_node(struct node_paths *nodes, struct text key)
{
	auto_free char *copy = text_dup(key);
	struct node_path *node = copy ? node_paths_find(nodes, copy) : NULL;

	if (node || !copy || !array_grow(nodes->items, nodes->n))
		return node;
	node = &nodes->items[nodes->n++];
	*node = (struct node_path){.key = TAKE_PTR(copy)};
	return node;
}

int node_paths_set(struct node_paths *nodes, struct text key, struct text value)
{
	const struct text meant = meant_by(key);
	size_t i = find_node_key(meant);
	struct node_path *node;
	struct text path;

	if (i == ARRAY_SIZE(node_keys))
		return 0;
	node = make_node(nodes, meant);
	if (!node)
		return -ENOMEM;
	free(TAKE_PTR(node->path));
	path = read_path(i, value);
	return text_copy(path, &node->path);
}

void node_paths_free(struct node_paths *nodes)
{
	for (size_t i = 0; i < nodes->n; i++) {
		free(nodes->items[i].key);
		free(nodes->items[i].path);
	}
	free(nodes->items);
	*nodes = (struct node_paths){0};
}
