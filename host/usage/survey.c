// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/survey.h"

#include "host/pci/pci.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* Deeper than a disk below USB hubs; guards against cycles. */
#define DEPTH_MAX 40

/* Directories of devices without devices below them. (holders and slaves are full of links.) */
static bool is_leaf(const char *name)
{
	static const char *const names[] = {"power",  "msi_irqs", "queues",  "statistics",
					    "queue",  "mq",	  "trace",   "integrity",
					    "wakeup", "link",	  "holders", "slaves"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return after_prefix(name, "hwmon");
}

/* What follows KEY in its line, or NULL when no line has it. */
static const char *uevent_find(const char *uevent, const char *key)
{
	const char *value = NULL;

	for (const char *line = uevent; line && !value; line = strchr(line, '\n'))
		value = after_prefix(line += *line == '\n', key);
	return value;
}

/* The same as a new string, or NULL. Returns 0 or -ENOMEM. */
static int uevent_value(const char *uevent, const char *key, char **ret)
{
	const char *value = uevent_find(uevent, key);

	*ret = value ? strndup(value, strcspn(value, "\n")) : NULL;
	return value && !*ret ? -ENOMEM : 0;
}

static bool uevent_number(const char *uevent, const char *key, unsigned int *ret)
{
	const char *value = uevent_find(uevent, key);

	return value && number_take(&value, ret) && (!*value || *value == '\n');
}

int survey_add_node(struct survey *survey, const struct survey_node *node)
{
	if (!node->path || !node->name || !array_grow(survey->nodes, survey->n_nodes)) {
		free(node->path);
		free(node->name);
		return -ENOMEM;
	}
	survey->nodes[survey->n_nodes++] = *node;
	return 0;
}

bool survey_has_node(const struct survey *survey, const struct survey_node *node)
{
	for (size_t i = 0; i < survey->n_nodes; i++)
		if (survey->nodes[i].device == node->device &&
		    survey->nodes[i].block == node->block &&
		    survey->nodes[i].major == node->major && survey->nodes[i].minor == node->minor)
			return true;
	return false;
}

/* Adds the node of this directory, which has a file "dev". To read its uevent never blocks. */
static int add_node(const struct fs_root *root, const char *path, struct survey_node node,
		    struct survey *survey)
{
	auto_free char *uevent_path = fs_path("%s/uevent", path);
	auto_free char *subsystem_path = fs_path("%s/subsystem", path);
	auto_free char *uevent = NULL, *subsystem = NULL, *type = NULL, *name = NULL;
	int err = fs_read_attr(root, uevent_path, &uevent);

	if (err)
		return err == -ENOENT || err == -ENODEV ? 0 : err; /* it has gone meanwhile */
	if (!uevent_number(uevent, "MAJOR=", &node.major) ||
	    !uevent_number(uevent, "MINOR=", &node.minor))
		return 0;
	err = uevent_value(uevent, "DEVNAME=", &name);
	if (!err)
		err = uevent_value(uevent, "DEVTYPE=", &type);
	if (err || !name)
		return err;
	err = fs_link_name_if(root, subsystem_path, &subsystem);
	if (err)
		return err;
	node.block = subsystem && !strcmp(subsystem, "block");
	node.partition = node.block && type && !strcmp(type, "partition");
	if (survey_has_node(survey, &node))
		return 0;
	node.path = strdup(path);
	node.name = TAKE_PTR(name);
	return survey_add_node(survey, &node);
}

static int add_net(const char *path, const char *name, const struct usage_device *device,
		   struct survey *survey)
{
	struct survey_net net = {device, strdup(path), name ? strdup(name) : NULL};

	if (!net.path || (name && !net.name) || !array_grow(survey->nets, survey->n_nets)) {
		free(net.path);
		free(net.name);
		return -ENOMEM;
	}
	survey->nets[survey->n_nets++] = net;
	return 0;
}

static int walk(const struct fs_root *root, const char *path, struct survey_node proto,
		struct survey *survey, int depth);

/*
 * With NVMe multipath the disk is not below the controller, whose own namespace is hidden
 * and has no node, but below its subsystem, and so does the head's generic node. The hidden one's
 * name, nvme0c2n1, says which: head 1 of subsystem 0 (Linux: nvme_mpath_set_disk_name() in
 * drivers/nvme/host/multipath.c, and nvme_init_subsystem() in core.c, which names the subsystem).
 */
static int add_nvme_heads(const struct fs_root *root, const char *hidden, struct survey_node proto,
			  struct survey *survey)
{
	static const char *const kinds[] = {"nvme", "ng"};
	unsigned int subsystem, controller, head;
	const char *at = after_prefix(hidden, "nvme");

	if (!at || !number_take(&at, &subsystem) || *at++ != 'c' ||
	    !number_take(&at, &controller) || *at++ != 'n' || !number_take(&at, &head) || *at)
		return 0;
	proto.head = true;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		auto_free char *path = fs_path("sys/class/nvme-subsystem/nvme-subsys%u/%s%un%u",
					       subsystem, kinds[i], subsystem, head);
		int err = path ? walk(root, path, proto, survey, 1) : -ENOMEM;

		if (err)
			return err;
	}
	return 0;
}

static int walk_child(const struct fs_root *root, const char *parent, const char *child,
		      const char *name, struct survey_node proto, struct survey *survey, int depth)
{
	int err;

	if (!strcmp(parent, "net"))
		return add_net(child, name, proto.device, survey);
	err = add_nvme_heads(root, name, proto, survey);
	return err ? err : walk(root, child, proto, survey, depth + 1);
}

static int walk(const struct fs_root *root, const char *path, struct survey_node proto,
		struct survey *survey, int depth)
{
	const char *self = strrchr(path, '/') + 1;
	auto_names struct fs_names children = {0};
	auto_free char *dev = fs_path("%s/dev", path);
	int err;

	if (depth > DEPTH_MAX)
		return 0;
	err = fs_list_dirs(root, path, &children);
	if (err)
		return err;
	err = fs_probe(root, dev);
	if (err > 0)
		err = add_node(root, path, proto, survey);
	if (err)
		return err;
	if (!children.n && !strcmp(self, "net"))
		return add_net(path, NULL, proto.device, survey);
	for (size_t i = 0; i < children.n; i++) {
		const char *name = children.items[i];
		auto_free char *child = fs_path("%s/%s", path, name);

		if (!child)
			return -ENOMEM;
		if (is_leaf(name))
			continue;
		err = walk_child(root, self, child, name, proto, survey, depth);
		if (err)
			return err;
	}
	return 0;
}

int survey_device(const struct fs_root *root, const struct usage_device *device,
		  struct survey *survey)
{
	auto_free char *path = pci_dir(&device->bdf);

	return path ? walk(root, path, (struct survey_node){.device = device}, survey, 0) : -ENOMEM;
}

/* ---- paths ---- */

int survey_resolve(const struct fs_root *root, const char *path, char **ret)
{
	auto_close int fd = -1;
	auto_free char *link = NULL, *top = NULL;
	char target[PATH_MAX], base[PATH_MAX];
	ssize_t len, n;
	const char *below;

	*ret = NULL;
	if (!after_prefix(path, "/dev/") || strstr(path, "/../"))
		return 0;
	fd = fs_open(root, path + 1, O_PATH, 0);
	if (fd < 0)
		return fs_is_absent(fd) || fd == -ELOOP ? 0 : fd;
	link = fs_path("/proc/self/fd/%d", fd);
	top = fs_path("/proc/self/fd/%d", root->fd);
	if (!link || !top)
		return -ENOMEM;
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	n = readlink(top, base, sizeof(base) - 1);
	if (n < 0)
		return -errno;
	target[len] = '\0';
	base[n] = '\0';
	below = strcmp(base, "/") != 0 ? after_prefix(target, base) : NULL;
	*ret = strdup(below ? below : target);
	return *ret ? 0 : -ENOMEM;
}

int survey_find(const struct fs_root *root, const struct survey *survey, const char *path,
		const struct survey_node **ret)
{
	auto_free char *resolved = NULL;
	int err = survey_resolve(root, path, &resolved);
	const char *name = !err && resolved ? after_prefix(resolved, "/dev/") : NULL;

	*ret = NULL;
	for (size_t i = 0; name && !*ret && i < survey->n_nodes; i++)
		if (!strcmp(survey->nodes[i].name, name))
			*ret = &survey->nodes[i];
	return err;
}

const struct survey_node *survey_disk_of(const struct survey *survey,
					 const struct survey_node *node)
{
	while (node->partition && node > survey->nodes)
		node--;
	return node;
}

void survey_free(struct survey *survey)
{
	for (size_t i = 0; i < survey->n_nodes; i++) {
		free(survey->nodes[i].path);
		free(survey->nodes[i].name);
	}
	for (size_t i = 0; i < survey->n_nets; i++) {
		free(survey->nets[i].path);
		free(survey->nets[i].name);
	}
	free(survey->nodes);
	free(survey->nets);
	mounts_free(&survey->mounts);
	*survey = (struct survey){0};
}
