// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Directories that a hypervisor shares with this host, by virtio-9p or virtiofs: no node and no
 * disk, but a mount whose source is the device's tag. While it is mounted, the unbind hangs.
 */
#include "host/text/argv.h"
#include "host/pci/pci.h"
#include "host/process/process.h"
#include "host/usage/searches.h"

#include <string.h>

/* The device's tag, by the type of its mounts; NULL: not known, so each such mount counts. */
struct share {
	const struct usage_device *device;
	const char *type;
	char *tag;
};

struct shares {
	struct share *items;
	size_t n;
};

/* The numbers of the virtio standard, as they are in /sys. */
static const struct {
	const char *number, *type;
} kinds[] = {{"0x0009", "9p"}, {"0x001a", "virtiofs"}};

static void free_shares(struct shares *shares)
{
	for (size_t i = 0; i < shares->n; i++)
		free(shares->items[i].tag);
	free(shares->items);
}

/* A text of sysfs that may be absent. */
static int read_attr_if(const struct fs_root *root, const char *path, char **ret)
{
	int err = fs_read_attr(root, path, ret);

	if (!err || (!fs_is_absent(err) && err != -ENODEV))
		return err;
	*ret = NULL;
	return 0;
}

/* The tag of a virtiofs device: in sysfs since Linux 6.9. (Linux:
 * Documentation/ABI/testing/sysfs-fs-virtiofs) */
static int read_virtiofs_tag(const struct fs_root *root, const char *virtio, char **ret)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, "sys/fs/virtiofs", &names);

	*ret = NULL;
	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *link = fs_path("sys/fs/virtiofs/%s/device", names.items[i]);
		auto_free char *tag = fs_path("sys/fs/virtiofs/%s/tag", names.items[i]);
		auto_free char *device = NULL;

		err = fs_link_name_if(root, link, &device);
		if (!err && device && !strcmp(device, virtio))
			return read_attr_if(root, tag, ret);
	}
	return err;
}

/* DIR is that of a device of the virtio bus, NAME its name there. */
static int add_share(const struct fs_root *root, const struct usage_device *device, const char *dir,
		     const char *name, struct shares *shares)
{
	auto_free char *path = fs_path("%s/device", dir), *tag_path = fs_path("%s/mount_tag", dir);
	auto_free char *number = NULL, *tag = NULL;
	size_t i = 0;
	int err = read_attr_if(root, path, &number);

	while (i < ARRAY_SIZE(kinds) && number && strcmp(number, kinds[i].number) != 0)
		i++;
	if (err || !number || i == ARRAY_SIZE(kinds))
		return err;
	err = i ? read_virtiofs_tag(root, name, &tag) : read_attr_if(root, tag_path, &tag);
	if (err)
		return err;
	if (!array_grow(shares->items, shares->n))
		return -ENOMEM;
	shares->items[shares->n++] = (struct share){device, kinds[i].type, TAKE_PTR(tag)};
	return 0;
}

static int read_shares(const struct fs_root *root, const struct usage_device *device,
		       struct shares *shares)
{
	auto_free char *dir = pci_dir(&device->bdf);
	auto_names struct fs_names names = {0};
	int err = dir ? fs_list_dirs(root, dir, &names) : -ENOMEM;

	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *child = fs_path("%s/%s", dir, names.items[i]);

		if (after_prefix(names.items[i], "virtio"))
			err = child ? add_share(root, device, child, names.items[i], shares)
				    : -ENOMEM;
	}
	return err;
}

/* ---- mounts ---- */

struct looking {
	const struct shares *shares;
	struct usage *usage;
	pid_t pid; /* in whose mount namespace; 1: the host's */
};

static int add_mounted(const struct looking *looking, const struct share *share,
		       const struct mount *mount)
{
	auto_free char *elsewhere = looking->pid == 1 ? strdup("")
						      : fs_path(_(" in the mount namespace of "
								  "process %d"),
								looking->pid);
	char *what = share->tag ? fs_path(_("the directory %s that it shares (%s) is mounted at "
					    "%s%s"),
					  share->tag, share->type, mount->where,
					  elsewhere ? elsewhere : "")
				: fs_path(_("a directory (%s), which may be the one that it "
					    "shares, is mounted at %s%s"),
					  share->type, mount->where, elsewhere ? elsewhere : "");
	auto_argv char **umount = argv_new("umount", mount->where);
	auto_free char *command = umount ? argv_text(umount) : NULL;
	int err = usage_add_command(looking->usage, &share->device->bdf, USAGE_DISK, what,
				    _("the kernel would wait for that mount to end, for ever"),
				    strdup(_("unmount it")),
				    looking->pid == 1 ? TAKE_PTR(command)
						      : fs_path("nsenter -t %d -m %s", looking->pid,
								command ? command : "false"));

	if (err)
		return err;
	usage_last(looking->usage)->vital = true;
	return fs_names_add(&usage_last(looking->usage)->mounts, mount->where);
}

static int look(const struct mount *mount, void *arg)
{
	const struct looking *looking = arg;
	int err = 0;

	for (size_t i = 0; !err && i < looking->shares->n; i++) {
		const struct share *share = &looking->shares->items[i];

		if (!strcmp(mount->type, share->type) &&
		    (!share->tag || (mount->source && !strcmp(mount->source, share->tag))))
			err = add_mounted(looking, share, mount);
	}
	return err;
}

/* Those of the mount namespace of a process, unless it has ended: EINVAL says that, too (Linux:
 * fs/proc_namespace.c, mounts_open_common()). */
static int look_at_process(const struct fs_root *root, struct looking *looking, pid_t pid)
{
	auto_mounts struct mounts mounts = {0};
	int err = mounts_read(root, pid, &mounts);

	looking->pid = pid;
	if (err)
		return err == -EINVAL || process_has_ended(root, pid, err) ? 0 : err;
	return mounts_each(&mounts, look, looking);
}

static bool is_among(const unsigned long *numbers, size_t n, unsigned long number)
{
	size_t i = 0;

	while (i < n && numbers[i] != number)
		i++;
	return i < n;
}

/* One process of each mount namespace but the host's, which has been looked at. */
static int look_elsewhere(const struct fs_root *root, struct looking *looking)
{
	cleanup_with(process_list_free) struct process_list list = {0};
	auto_free unsigned long *inodes = NULL;
	int err = process_list_read(root, &list);

	if (err)
		return err;
	inodes = calloc(list.n + 1, sizeof(*inodes));
	err = inodes ? process_list_namespaces(root, &list, "mnt", inodes) : -ENOMEM;
	for (size_t i = 0; !err && i < list.n; i++)
		if (list.items[i].pid != 1 && inodes[i] && !is_among(inodes, i, inodes[i]))
			err = look_at_process(root, looking, list.items[i].pid);
	return err;
}

int usage_find_shares(const struct fs_root *root, const struct survey *survey,
		      const struct usage_device *device, struct usage *usage)
{
	cleanup_with(free_shares) struct shares shares = {0};
	struct looking looking = {.shares = &shares, .usage = usage, .pid = 1};
	int err = read_shares(root, device, &shares);

	if (err || !shares.n)
		return err;
	err = mounts_each(&survey->mounts, look, &looking);
	return err ? err : look_elsewhere(root, &looking);
}
