// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/kernel_disks.h"

#include <string.h>

#define CONFIGFS "sys/kernel/config/"

static bool is_known(const struct kernel_disks *disks, const char *node, const char *what)
{
	for (size_t i = 0; i < disks->n; i++)
		if (!strcmp(disks->items[i].node, node) && disks->items[i].what &&
		    !strcmp(disks->items[i].what, what))
			return true;
	return false;
}

/* Adds one, taking the texts over: WHAT or LOOP says who it is. */
static int add(struct kernel_disks *disks, char *node, char *what, char *loop)
{
	if (node && what && is_known(disks, node, what)) {
		free(node);
		free(what);
		return 0;
	}
	if (node && (what || loop) && array_grow(disks->items, disks->n)) {
		disks->items[disks->n++] = (struct kernel_disk){node, what, loop};
		return 0;
	}
	free(node);
	free(what);
	free(loop);
	return -ENOMEM;
}

static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENOTDIR;
}

/* Lists a directory; none there is an empty list. */
static int list(const struct fs_root *root, const char *path, struct fs_names *ret)
{
	int err = fs_list(root, path, ret);

	return is_absent(err) ? 0 : err;
}

/* DIR's attribute NAME, or NULL in *RET when there is none. */
static int read_attr(const struct fs_root *root, const char *dir, const char *name, char **ret)
{
	auto_free char *path = fs_path("%s/%s", dir, name);
	int err = fs_read_attr(root, path, ret);

	/* ENODEV: the kernel's word for an attribute of what is not set up. */
	if (!is_absent(err) && err != -ENODEV)
		return err;
	*ret = NULL;
	return 0;
}

/*
 * The name below /dev of the node that PATH, an absolute path, names: what it is a link to
 * ("/dev/disk/by-id/…"), else itself. *RET becomes NULL for what is not below /dev: a file, whose
 * file system is mounted.
 */
static int node_of(const struct fs_root *root, const char *path, char **ret)
{
	static const char dev[] = "/dev/";
	int err;

	*ret = NULL;
	if (strncmp(path, dev, strlen(dev)))
		return 0;
	err = fs_link_name(root, path + 1, ret);
	if (err != -EINVAL && !is_absent(err))
		return err;
	*ret = strdup(path + strlen(dev));
	return *ret ? 0 : -ENOMEM;
}

/* ---- loop devices ---- */

/*
 * The node that a loop device's backing file is, or NULL. The kernel writes the path as it is seen
 * from here: "/dev/sda", "/sda" when it was opened in a /dev that is not mounted here, below a
 * container's root; " (deleted)" after it when the node has been removed since.
 */
static char *backing_node(char *path)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(path), tail = strlen(deleted);
	char *dev;

	if (len > tail && !strcmp(path + len - tail, deleted))
		path[len - tail] = '\0';
	dev = strstr(path, "/dev/");
	if (dev)
		return dev + strlen("/dev/");
	return *path == '/' && !strchr(path + 1, '/') ? path + 1 : NULL;
}

static int read_loops(const struct fs_root *root, struct kernel_disks *disks)
{
	auto_names struct fs_names names = {0};
	int err = list(root, "sys/class/block", &names);

	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *dir = fs_path("sys/class/block/%s/loop", names.items[i]);
		auto_free char *path = NULL;
		const char *node;

		if (strncmp(names.items[i], "loop", strlen("loop")))
			continue;
		if (!dir)
			return -ENOMEM;
		err = read_attr(root, dir, "backing_file", &path);
		node = path ? backing_node(path) : NULL;
		if (!err && node)
			err = add(disks, strdup(node), NULL, strdup(names.items[i]));
	}
	return err;
}

/* ---- targets ---- */

/* Whether DIR's attribute "enable" says so, or cannot say. */
static int is_enabled(const struct fs_root *root, const char *dir, bool *ret)
{
	auto_free char *text = NULL;
	int err = read_attr(root, dir, "enable", &text);

	*ret = !text || strcmp(text, "0") != 0;
	return err;
}

/* What DIR's attribute NAME says it works on, when it is enabled. WHAT is taken over. */
static int read_target(const struct fs_root *root, const char *dir, const char *name, char *what,
		       struct kernel_disks *disks)
{
	auto_free char *owned = what, *path = NULL, *node = NULL;
	bool enabled;
	int err = what ? is_enabled(root, dir, &enabled) : -ENOMEM;

	if (err || !enabled)
		return err;
	err = read_attr(root, dir, name, &path);
	if (!err && path)
		err = node_of(root, path, &node);
	if (err || !node)
		return err;
	return add(disks, TAKE_PTR(node), TAKE_PTR(owned), NULL);
}

static int read_nvme_subsystem(const struct fs_root *root, const char *dir, const char *nqn,
			       struct kernel_disks *disks)
{
	auto_free char *namespaces = fs_path("%s/namespaces", dir);
	auto_free char *passthru = fs_path("%s/passthru", dir);
	auto_names struct fs_names names = {0};
	int err = list(root, namespaces, &names);

	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = fs_path("%s/%s", namespaces, names.items[i]);

		err = path ? read_target(root, path, "device_path",
					 fs_path(_("namespace %s of the NVMe target %s"),
						 names.items[i], nqn),
					 disks)
			   : -ENOMEM;
	}
	if (err)
		return err;
	return passthru ? read_target(root, passthru, "device_path",
				      fs_path(_("the NVMe target %s"), nqn), disks)
			: -ENOMEM;
}

static int read_nvme_targets(const struct fs_root *root, struct kernel_disks *disks)
{
	static const char subsystems[] = CONFIGFS "nvmet/subsystems";
	auto_names struct fs_names names = {0};
	int err = list(root, subsystems, &names);

	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *dir = fs_path("%s/%s", subsystems, names.items[i]);

		err = dir ? read_nvme_subsystem(root, dir, names.items[i], disks) : -ENOMEM;
	}
	return err;
}

/* The word after KEY in a backstore's info, or NULL. */
static char *info_word(const char *info, const char *key)
{
	const char *at = strstr(info, key);

	if (!at)
		return NULL;
	at += strlen(key);
	at += strspn(at, " ");
	return strndup(at, strcspn(at, " \t\n"));
}

/* "File: /dev/sda  Size: …" of fileio; "iBlock device: sda  UDEV PATH: …" of iblock. */
static int read_backstore_info(const struct fs_root *root, const char *dir, const char *what,
			       struct kernel_disks *disks)
{
	auto_free char *info = NULL, *file = NULL, *block = NULL, *node = NULL;
	int err = read_attr(root, dir, "info", &info);

	if (err || !info)
		return err;
	file = info_word(info, "File:");
	block = info_word(info, "iBlock device:");
	if (file)
		err = node_of(root, file, &node);
	else if (block)
		node = TAKE_PTR(block);
	return err || !node ? err : add(disks, TAKE_PTR(node), strdup(what), NULL);
}

static int read_backstore(const struct fs_root *root, const char *dir, const char *name,
			  struct kernel_disks *disks)
{
	auto_free char *path = fs_path("%s/%s", dir, name);
	auto_free char *what = NULL;
	bool enabled;
	int err;

	/* Beside the backstores there are attributes of their kind, which have none of these. */
	if (!path)
		return -ENOMEM;
	err = is_enabled(root, path, &enabled);
	if (err || !enabled)
		return err;
	what = fs_path(_("the SCSI target's backstore %s"), path + strlen(CONFIGFS "target/core/"));
	if (!what)
		return -ENOMEM;
	err = read_target(root, path, "udev_path", strdup(what), disks);
	return err ? err : read_backstore_info(root, path, what, disks);
}

static int read_scsi_targets(const struct fs_root *root, struct kernel_disks *disks)
{
	static const char core[] = CONFIGFS "target/core";
	auto_names struct fs_names kinds = {0};
	int err = list(root, core, &kinds);

	for (size_t i = 0; !err && i < kinds.n; i++) {
		auto_free char *dir = fs_path("%s/%s", core, kinds.items[i]);
		auto_names struct fs_names names = {0};

		err = list(root, dir, &names);
		for (size_t j = 0; !err && j < names.n; j++)
			err = read_backstore(root, dir, names.items[j], disks);
	}
	return err;
}

int kernel_disks_read(const struct fs_root *root, struct kernel_disks *ret)
{
	auto_kernel_disks struct kernel_disks disks = {0};
	int err = read_loops(root, &disks);

	if (!err)
		err = read_nvme_targets(root, &disks);
	if (!err)
		err = read_scsi_targets(root, &disks);
	if (err)
		return err;
	*ret = disks;
	disks = (struct kernel_disks){0};
	return 0;
}

void kernel_disks_free(struct kernel_disks *disks)
{
	for (size_t i = 0; i < disks->n; i++) {
		free(disks->items[i].node);
		free(disks->items[i].what);
		free(disks->items[i].loop);
	}
	free(disks->items);
	*disks = (struct kernel_disks){0};
}
