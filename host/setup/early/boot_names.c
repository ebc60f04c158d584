// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/boot_uses.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)256 * 1024)

/* A property of udev's, and how files name a disk by it. */
static const struct {
	const char *property, *prefix;
} tags[] = {
	{"E:ID_FS_UUID=", "UUID="},
	{"E:ID_FS_UUID=", "/dev/disk/by-uuid/"},
	{"E:ID_FS_LABEL=", "LABEL="},
	{"E:ID_PART_ENTRY_UUID=", "PARTUUID="},
	{"E:ID_PART_ENTRY_NAME=", "PARTLABEL="},
	{"S:", "/dev/"},
	{"S:disk/by-id/", "ID="},
};

/* What an array of mdadm(8) is named by: its UUID is written "a:b:c:d" there. */
static int add_md_uuid(const char *uuid, struct fs_names *disks)
{
	char text[36] = "";
	size_t n = 0;

	for (; *uuid && n < sizeof(text) - 1; uuid++) {
		if (!isxdigit((unsigned char)*uuid))
			continue;
		if (n == 8 || n == 17 || n == 26)
			text[n++] = ':';
		text[n++] = *uuid;
	}
	return n == 35 ? fs_names_add(disks, text) : 0;
}

/* A member's own name is that of its pool; of its volume group LVM's copies know only the UUID. */
static int add_member(const char *type, const char *uuid, const char *label, struct fs_names *disks)
{
	if (!strcmp(type, "zfs_member"))
		return label ? fs_names_add(disks, label) : 0;
	if (!uuid)
		return 0;
	if (!strcmp(type, "linux_raid_member"))
		return add_md_uuid(uuid, disks);
	return !strcmp(type, "LVM2_member") ? fs_names_add(disks, uuid) : 0;
}

static int add_line(const char *line, struct fs_names *disks)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(tags); i++) {
		const char *value = after_prefix(line, tags[i].property);
		auto_free char *name = NULL;

		if (!value || !*value)
			continue;
		name = fs_path("%s%s", tags[i].prefix, value);
		err = name ? fs_names_add(disks, name) : -ENOMEM;
	}
	return err;
}

int boot_names_add_udev(const char *text, struct fs_names *disks)
{
	auto_free char *copy = strdup(text);
	const char *type = NULL, *uuid = NULL, *label = NULL;
	char *rest = copy, *line;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (line = strsep(&rest, "\n"))) {
		const char *a = after_prefix(line, "E:ID_FS_TYPE=");
		const char *b = after_prefix(line, "E:ID_FS_UUID=");
		const char *c = after_prefix(line, "E:ID_FS_LABEL=");

		type = a ? a : type;
		uuid = b ? b : uuid;
		label = c ? c : label;
		err = add_line(line, disks);
	}
	return !err && type ? add_member(type, uuid, label, disks) : err;
}

/* The links in /dev/disk, which also tell what they are named after. */
static const struct {
	const char *dir, *tag;
} links[] = {
	{"by-id", "ID="},
	{"by-path", NULL},
	{"by-uuid", "UUID="},
	{"by-label", "LABEL="},
	{"by-partuuid", "PARTUUID="},
	{"by-partlabel", "PARTLABEL="},
};

static int add_link(const struct fs_root *root, size_t kind, const char *name, const char *node,
		    struct fs_names *disks)
{
	auto_free char *path = fs_path("dev/disk/%s/%s", links[kind].dir, name), *target = NULL;
	auto_free char *shown = fs_path("/%s", path ? path : ""), *tagged = NULL;
	int err = fs_link_name_if(root, path, &target);

	if (err || !target || strcmp(target, node))
		return err;
	err = shown ? fs_names_add(disks, shown) : -ENOMEM;
	if (err || !links[kind].tag)
		return err;
	tagged = fs_path("%s%s", links[kind].tag, name);
	return tagged ? fs_names_add(disks, tagged) : -ENOMEM;
}

static int add_links(const struct fs_root *root, const char *node, struct fs_names *disks)
{
	int err = 0;

	for (size_t kind = 0; !err && kind < ARRAY_SIZE(links); kind++) {
		auto_free char *dir = fs_path("dev/disk/%s", links[kind].dir);
		auto_names struct fs_names names = {0};

		err = fs_list(root, dir, &names);
		for (size_t i = 0; !err && i < names.n; i++)
			err = add_link(root, kind, names.items[i], node, disks);
	}
	return err;
}

static int add_disk(const struct fs_root *root, const struct survey_node *node,
		    struct fs_names *disks)
{
	auto_free char *name = fs_path("/dev/%s", node->name);
	auto_free char *path = fs_path("run/udev/data/b%u:%u", node->major, node->minor);
	auto_free char *text = NULL;
	int err = name ? fs_names_add(disks, name) : -ENOMEM;

	err = err ?: add_links(root, node->name, disks);
	err = err ?: fs_read(root, path, TEXT_MAX, &text, NULL);
	if (err)
		return fs_is_absent(err) ? 0 : err;
	return boot_names_add_udev(text, disks);
}

/* ---- interfaces ---- */

/* The names that udev may have given to an interface besides, and the path of its device. */
static int add_other_names(const struct fs_root *root, const char *dir, struct boot_names *ret)
{
	auto_free char *index_path = fs_path("%s/ifindex", dir), *index = NULL;
	auto_free char *path = NULL, *text = NULL;
	char *rest, *line;
	int err = fs_read_attr(root, index_path, &index);

	path = fs_path("run/udev/data/n%s", index ? index : "");
	err = err ?: fs_read(root, path, TEXT_MAX, &text, NULL);
	if (err)
		return fs_is_absent(err) ? 0 : err;
	for (rest = text; !err && (line = strsep(&rest, "\n"));) {
		const char *name = after_prefix(line, "E:ID_NET_NAME");

		name = name ? strchr(name, '=') : NULL;
		if (name && name[1])
			err = fs_names_add(&ret->nets, name + 1);
	}
	return err;
}

/* An Ethernet or wireless card; others are not told apart. (Linux: include/uapi/linux/if_arp.h) */
static int read_type(const struct fs_root *root, const char *dir, struct boot_names *ret)
{
	auto_free char *path = fs_path("%s/type", dir), *wireless = fs_path("%s/phy80211", dir);
	auto_free char *text = NULL;
	int err = fs_read_attr(root, path, &text), there;

	if (err || strcmp(text, "1") != 0)
		return fs_is_absent(err) ? 0 : err;
	there = fs_probe(root, wireless);
	ret->type = there ? "wlan" : "ether";
	return there < 0 ? there : 0;
}

static int add_net(const struct fs_root *root, const struct survey_net *net, struct boot_names *ret)
{
	auto_free char *path = fs_path("%s/address", net->path), *mac = NULL;
	int err = fs_names_add(&ret->nets, net->name) ?: fs_names_add(&ret->interfaces, net->name);

	err = err ?: fs_read_attr(root, path, &mac);
	if (!err)
		err = fs_names_add(&ret->macs, mac);
	else if (fs_is_absent(err))
		err = 0;
	err = err ?: add_other_names(root, net->path, ret);
	return err ?: read_type(root, net->path, ret);
}

int boot_names_read(const struct fs_root *root, const struct usage_device *device,
		    struct boot_names *ret)
{
	auto_survey struct survey survey = {0};
	int err = survey_device(root, device, &survey);

	ret->by_path = fs_path("/dev/disk/by-path/pci-%s-", bdf_text(&device->bdf));
	ret->path = fs_path("pci-%s", bdf_text(&device->bdf));
	ret->driver = device->driver ? strdup(device->driver) : NULL;
	if (!err && (!ret->by_path || !ret->path || (device->driver && !ret->driver)))
		err = -ENOMEM;
	for (size_t i = 0; !err && i < survey.n_nodes; i++)
		if (survey.nodes[i].block)
			err = add_disk(root, &survey.nodes[i], &ret->disks);
	for (size_t i = 0; !err && i < survey.n_nets; i++)
		if (survey.nets[i].name)
			err = add_net(root, &survey.nets[i], ret);
	return err;
}

void boot_names_free(struct boot_names *names)
{
	fs_names_free(&names->disks);
	fs_names_free(&names->nets);
	fs_names_free(&names->interfaces);
	fs_names_free(&names->macs);
	free(names->by_path);
	free(names->path);
	free(names->driver);
	*names = (struct boot_names){0};
}
