// SPDX-License-Identifier: GPL-2.0-or-later
/* Nodes that the config of a running Proxmox VE container gives to it. */
#include "host/usage/lxc.h"
#include "host/usage/mounts.h"
#include "host/usage/searches.h"

#include <string.h>

#define CONFIG_MAX ((size_t)1024 * 1024)

/* The keys of a config with something of the host's in them, by their beginning, and the property
 * that needs no name. (pct.conf(5)) */
static const struct {
	const char *key, *property;
} keys[] = {{"dev", "path"}, {"mp", "volume"}, {"rootfs", "volume"}};

/* Whether who is given PATH, a node or a directory above it, is given the node. */
static bool covers(const char *path, const char *node)
{
	const char *name = after_prefix(path, "/dev");
	size_t len = name ? strlen(name) : 0;

	while (len && name[len - 1] == '/')
		len--;
	if (!len)
		return name != NULL;
	return *name == '/' && !strncmp(name + 1, node, len - 1) && strchr("/", node[len - 1]);
}

/* The value of the property in "uid=1,path=/dev/x" or "/dev/x,uid=1", which is cut up; NULL: none.
 */
static char *property_value(char *value, const char *property)
{
	char *item;

	while ((item = strsep(&value, ","))) {
		char *equals = strchr(item, '=');

		item += strspn(item, " \t");
		/* A path may have a '=' in it, a name no '/'. */
		if (!equals || memchr(item, '/', (size_t)(equals - item)))
			return item;
		*equals = '\0';
		if (!strcmp(item, property))
			return equals + 1;
	}
	return NULL;
}

/* What of the host's a line of a container's config gives to it, or NULL. LINE is cut up. What it
 * is merely allowed to open (lxc.cgroup2.devices.allow), it may not have. */
static char *given_path(char *line)
{
	const char *mount = after_prefix(line, "lxc.mount.entry");
	unsigned int number;

	if (mount) {
		char *path = line + (mount - line) + strspn(mount, " \t:=");

		path[strcspn(path, " \t")] = '\0';
		mounts_unescape(path);
		return path;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *rest = after_prefix(line, keys[i].key);

		if (!rest)
			continue;
		if (*rest != ':' && !number_take(&rest, &number))
			continue;
		if (*rest == ':')
			return property_value(line + (rest - line) + 1, keys[i].property);
	}
	return NULL;
}

static int add_container(unsigned int ctid, const struct survey_node *node, struct usage *usage)
{
	int err = usage_add_command(
		usage, &node->device->bdf, USAGE_CONTAINER,
		fs_path(_("container %u, which runs, is given /dev/%s by its config"), ctid,
			node->name),
		_("the container would lose the device, and not get it back before it is "
		  "started again"),
		fs_path(_("shut CT %u down, or stop it at once by pct stop %u"), ctid, ctid),
		fs_path("pct shutdown %u", ctid));

	if (err)
		return err;
	usage_last(usage)->ctid = ctid;
	return usage_name(usage, fs_path("/dev/%s", node->name));
}

/* A container's use of nodes, each of which is said once. */
struct given {
	const struct survey *survey;
	unsigned int ctid;
	bool *said; /* one for each node of the survey */
};

static int add_given(const struct given *given, const char *path, const char *resolved,
		     struct usage *usage)
{
	const struct survey *survey = given->survey;

	for (size_t i = 0; i < survey->n_nodes; i++) {
		const char *node = survey->nodes[i].name;
		int err;

		if (given->said[i] || !(covers(path, node) || (resolved && covers(resolved, node))))
			continue;
		given->said[i] = true;
		err = add_container(given->ctid, &survey->nodes[i], usage);
		if (err)
			return err;
	}
	return 0;
}

static int look_at_config(const struct fs_root *root, const struct given *given, char *text,
			  struct usage *usage)
{
	char *rest = text, *line;
	int err = 0;

	while (!err && (line = strsep(&rest, "\n"))) {
		auto_free char *resolved = NULL;
		char *path;

		if (*line == '[')
			break; /* the section of a snapshot */
		path = given_path(line);
		if (!path)
			continue;
		path[strcspn(path, "\r")] = '\0';
		path += strspn(path, " \t");
		err = survey_resolve(root, path, &resolved);
		if (!err)
			err = add_given(given, path, resolved, usage);
	}
	return err;
}

/*
 * Whether a container without a config is one of another manager than Proxmox VE: 0. While the file
 * system of the cluster is restarted there is no config at all, and an empty directory: -ENOTCONN.
 */
static int check_manager(const struct fs_root *root)
{
	int pve = fs_probe(root, "etc/pve");
	int configs = pve > 0 ? fs_probe(root, "etc/pve/lxc") : pve;

	if (pve <= 0 || configs < 0)
		return configs;
	return configs ? 0 : -ENOTCONN;
}

static int look_at_container(const struct fs_root *root, const struct survey *survey,
			     unsigned int ctid, struct usage *usage)
{
	auto_free char *path = fs_path("etc/pve/lxc/%u.conf", ctid);
	auto_free bool *said = calloc(survey->n_nodes, sizeof(*said));
	const struct given given = {survey, ctid, said};
	auto_free char *text = NULL;
	int err = said ? fs_read(root, path, CONFIG_MAX, &text, NULL) : -ENOMEM;

	if (err == -ENOENT)
		return check_manager(root);
	if (err)
		return err;
	return look_at_config(root, &given, text, usage);
}

int usage_find_containers(const struct fs_root *root, const struct survey *survey,
			  struct usage *usage)
{
	auto_names struct fs_names running = {0};
	int err = survey->n_nodes ? lxc_list_running(root, &running) : 0;

	for (size_t i = 0; !err && i < running.n; i++) {
		unsigned int ctid;

		if (number_parse(running.items[i], &ctid))
			err = look_at_container(root, survey, ctid, usage);
	}
	return err;
}
