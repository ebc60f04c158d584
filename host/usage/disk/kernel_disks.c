// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/disk/kernel_disks.h"

#include <string.h>

#define NVME_SUBSYSTEMS "sys/kernel/config/nvmet/subsystems"
#define SCSI_BACKSTORES "sys/kernel/config/target/core"

/* Adds a user of NODE, WHAT or the loop device LOOP, and takes the texts over. */
static int add(struct kernel_disks *disks, char *node, char *what, char *loop)
{
	if (node && (what || loop) && array_grow(disks->items, disks->n)) {
		disks->items[disks->n++] = (struct kernel_disk){node, what, loop};
		return 0;
	}
	free(node);
	free(what);
	free(loop);
	return -ENOMEM;
}

/* DIR's attribute NAME, or NULL in *RET when there is none. */
static int read_attr(const struct fs_root *root, const char *dir, const char *name, char **ret)
{
	auto_free char *path = fs_path("%s/%s", dir, name);
	int err = fs_read_attr(root, path, ret);

	/* ENODEV: an attribute of what is not set up. */
	if (!fs_is_absent(err) && err != -ENODEV)
		return err;
	*ret = NULL;
	return 0;
}

/* The search for the mount that a path is on. */
struct mount_search {
	const char *path;
	size_t len; /* of the mount point, without a last '/' */
	char *node;
};

/* The last of those with the longest mount point: a later one hides the others. */
static int look_for_mount(const struct mount *mount, void *arg)
{
	struct mount_search *search = arg;
	size_t len = strcmp(mount->where, "/") != 0 ? strlen(mount->where) : 0;

	if (len < search->len || strncmp(search->path, mount->where, len) != 0 ||
	    !strchr("/", search->path[len]))
		return 0;
	search->len = len;
	free(TAKE_PTR(search->node));
	if (strcmp(mount->type, "devtmpfs") != 0)
		return 0;
	search->node = fs_path("%s%s", strcmp(mount->root, "/") != 0 ? mount->root : "",
			       search->path + len);
	return search->node ? 0 : -ENOMEM;
}

/* The node that the path is in the devtmpfs which is mounted there, "/srv/x" for a node that was
 * bound to it, too. *RET becomes NULL where another file system is, or none. */
static int mounted_node(const struct mounts *mounts, const char *path, char **ret)
{
	struct mount_search search = {.path = path};
	int err = mounts_each(mounts, look_for_mount, &search);

	*ret = NULL;
	if (!err && search.node) {
		*ret = strdup(search.node + strspn(search.node, "/"));
		err = *ret ? 0 : -ENOMEM;
	}
	free(search.node);
	return err;
}

/*
 * The name below /dev of the node that PATH, an absolute path, names: what it is a link to
 * ("/dev/disk/by-id/…"), else itself. *RET becomes NULL for a file, whose file system is mounted.
 */
static int node_of(const struct fs_root *root, const struct mounts *mounts, const char *path,
		   char **ret)
{
	const char *name = after_prefix(path, "/dev/");
	int err;

	*ret = NULL;
	if (!name)
		return mounted_node(mounts, path, ret);
	err = fs_link_name(root, path + 1, ret);
	if (err != -EINVAL && !fs_is_absent(err))
		return err;
	*ret = strdup(name);
	return *ret ? 0 : -ENOMEM;
}

/* Calls LOOK for each directory or file in DIR, with its path and its name; none when DIR is
 * absent. */
static int each_below(const struct fs_root *root, const char *dir,
		      int (*look)(const struct fs_root *root, const char *path, const char *name,
				  struct kernel_disks *disks),
		      struct kernel_disks *disks)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, dir, &names);

	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = fs_path("%s/%s", dir, names.items[i]);

		err = path ? look(root, path, names.items[i], disks) : -ENOMEM;
	}
	return err;
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

static int read_loop(const struct fs_root *root, const char *path, const char *name,
		     struct kernel_disks *disks)
{
	auto_free char *backing = NULL, *mounted = NULL;
	const char *node;
	int err;

	if (!after_prefix(name, "loop"))
		return 0;
	err = read_attr(root, path, "loop/backing_file", &backing);
	node = backing ? backing_node(backing) : NULL;
	if (!err && backing)
		err = mounted_node(disks->mounts, backing, &mounted);
	if (mounted)
		node = mounted;
	return err || !node ? err : add(disks, strdup(node), NULL, strdup(name));
}

/* ---- targets ---- */

/* Whether DIR is enabled, as its attribute "enable" says; an absent one means that it is. */
static int is_enabled(const struct fs_root *root, const char *dir, bool *ret)
{
	auto_free char *text = NULL;
	int err = read_attr(root, dir, "enable", &text);

	*ret = !text || strcmp(text, "0") != 0;
	return err;
}

/* What DIR's attribute NAME names as its disk, when it is enabled. Takes WHAT over. */
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
		err = node_of(root, disks->mounts, path, &node);
	if (err || !node)
		return err;
	return add(disks, TAKE_PTR(node), TAKE_PTR(owned), NULL);
}

/* PATH is NVME_SUBSYSTEMS/NQN/namespaces/NAME. */
static int read_nvme_namespace(const struct fs_root *root, const char *path, const char *name,
			       struct kernel_disks *disks)
{
	const char *nqn = path + strlen(NVME_SUBSYSTEMS "/");

	return read_target(root, path, "device_path",
			   fs_path(_("namespace %s of the NVMe target %.*s"), name,
				   (int)strcspn(nqn, "/"), nqn),
			   disks);
}

static int read_nvme_subsystem(const struct fs_root *root, const char *path, const char *nqn,
			       struct kernel_disks *disks)
{
	auto_free char *namespaces = fs_path("%s/namespaces", path);
	auto_free char *passthru = fs_path("%s/passthru", path);
	int err = each_below(root, namespaces, read_nvme_namespace, disks);

	if (err)
		return err;
	return read_target(root, passthru, "device_path", fs_path(_("the NVMe target %s"), nqn),
			   disks);
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
		err = node_of(root, disks->mounts, file, &node);
	else if (block)
		node = TAKE_PTR(block);
	return err || !node ? err : add(disks, TAKE_PTR(node), strdup(what), NULL);
}

static int read_backstore(const struct fs_root *root, const char *path, const char *name,
			  struct kernel_disks *disks)
{
	auto_free char *what = NULL;
	bool enabled;
	int err;

	/* Beside the backstores there are attributes of their kind, which have none of these. */
	(void)name;
	err = is_enabled(root, path, &enabled);
	if (err || !enabled)
		return err;
	what = fs_path(_("the SCSI target's backstore %s"), path + strlen(SCSI_BACKSTORES "/"));
	if (!what)
		return -ENOMEM;
	err = read_target(root, path, "udev_path", strdup(what), disks);
	return err ? err : read_backstore_info(root, path, what, disks);
}

static int read_backstores(const struct fs_root *root, const char *path, const char *name,
			   struct kernel_disks *disks)
{
	(void)name;
	return each_below(root, path, read_backstore, disks);
}

int kernel_disks_read(const struct fs_root *root, const struct mounts *mounts,
		      struct kernel_disks *ret)
{
	auto_kernel_disks struct kernel_disks disks = {.mounts = mounts};
	int err = each_below(root, "sys/class/block", read_loop, &disks);

	err = err ?: each_below(root, NVME_SUBSYSTEMS, read_nvme_subsystem, &disks);
	err = err ?: each_below(root, SCSI_BACKSTORES, read_backstores, &disks);
	if (err)
		return err;
	disks.mounts = NULL;
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
