// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/disk/disk_uses.h"

#include "host/text/argv.h"
#include "host/text/utf8.h"
#include "host/usage/mounts.h"

#include <string.h>

#define UDEV_MAX ((size_t)1024 * 1024)

/* LVM on md on encrypted partitions: more than anybody stacks. Guards against cycles, too. */
#define DEPTH_MAX 8

/* Up to which depth a holder is named: those above may be the hundreds of volumes of a thin pool.
 */
#define DEPTH_NAMED 1

/* ---- the commands that end uses ---- */

/* Whether all of the words can be printed: a command with a name that cannot is none. */
static bool are_printable(char *const *words)
{
	for (; *words; words++) {
		auto_free char *safe = utf8_printable(*words);

		if (!safe || strcmp(*words, safe) != 0)
			return false;
	}
	return true;
}

/* Adds a command to the list, at its end also when it is there already: what it ends has more on
 * top of it then. Takes ARGV over. */
static int add_step(struct disk_uses *uses, struct fs_names *list, char **argv)
{
	auto_argv char **words = argv;
	auto_free char *text = words ? argv_text(words) : NULL;
	size_t i = 0;

	if (!text)
		return -ENOMEM;
	if (!are_printable(words)) {
		uses->unclear = true;
		return 0;
	}
	while (i < list->n && strcmp(list->items[i], text) != 0)
		i++;
	if (i == list->n)
		return fs_names_add(list, text);
	for (char *same = list->items[i]; i < list->n; i++)
		list->items[i] = i + 1 < list->n ? list->items[i + 1] : same;
	return 0;
}

#define add_unmount(uses, ...) add_step((uses), &(uses)->unmounts, argv_new(__VA_ARGS__))
#define add_end(uses, ...)     add_step((uses), &(uses)->ends, argv_new(__VA_ARGS__))

char *disk_uses_command(const struct disk_uses *uses)
{
	const struct fs_names *lists[] = {&uses->unmounts, &uses->ends};
	auto_strbuf struct strbuf command = {0};

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k]->n; i++)
			strbuf_add(&command, "%s%s", command.len ? " && " : "", lists[k]->items[i]);
	return strbuf_take(&command);
}

/* ---- mounts and swap ---- */

/* A search for the mounts of one device. */
struct mount_search {
	const char *numbers, *node;
	struct fs_names places;
};

static int put_mount(const struct mount *mount, void *arg)
{
	struct mount_search *search = arg;

	if (strcmp(mount->numbers, search->numbers) &&
	    !(mount->source && !strcmp(mount->source, search->node)))
		return 0;
	return fs_names_add(&search->places, mount->where);
}

static int put_mounts(const struct disk_tables *tables, const char *numbers, const char *name,
		      struct disk_uses *uses)
{
	auto_free char *node = fs_path("/dev/%s", name);
	struct mount_search search = {.numbers = numbers, .node = node};
	int err = node ? mounts_each(tables->mounts, put_mount, &search) : -ENOMEM;

	for (size_t i = 0; !err && i < search.places.n; i++) {
		strbuf_add_item(&uses->what, _("mounted at %s"), search.places.items[i]);
		uses->vital |= disk_place_is_vital(search.places.items[i]);
		err = fs_names_add(&uses->places, search.places.items[i]);
	}
	/* What was mounted last may lie in what was mounted before. */
	for (size_t i = search.places.n; !err && i-- > 0;)
		err = add_unmount(uses, "umount", search.places.items[i]);
	fs_names_free(&search.places);
	return err;
}

static int put_swap(const struct disk_tables *tables, const char *name, struct disk_uses *uses)
{
	auto_free char *node = fs_path("\n/dev/%s", name);
	const char *at;

	if (!node)
		return -ENOMEM;
	at = strstr(tables->swaps, node);
	if (!at || !strchr(" \t", at[strlen(node)]))
		return 0;
	strbuf_add_item(&uses->what, _("swap on %s"), node + 1);
	return add_unmount(uses, "swapoff", node + 1);
}

/* ---- what is on top of a disk ---- */

static int put_holders(const struct disk_tables *tables, const char *path, int depth,
		       struct disk_uses *uses);
static int put_kernel_users(const struct disk_tables *tables, const char *name, int depth,
			    struct disk_uses *uses);

/* The length of the volume group's name in a device-mapper name, as it is written there: up to the
 * first single '-'; 0 when there is none. (lvm2: lib/misc/lvm-string.c, build_dm_name()) */
static size_t group_length(const char *mapper)
{
	for (const char *at = mapper; (at = strchr(at, '-')); at += 2)
		if (at[1] != '-')
			return at[1] ? (size_t)(at - mapper) : 0;
	return 0;
}

/* The name itself: each '-' is written as two there. */
static char *group_name(const char *mapper, size_t len)
{
	char *name = strndup(mapper, len), *to = name;

	for (const char *from = name; name && *from; from++) {
		*to++ = *from;
		if (from[0] == '-' && from[1] == '-')
			from++;
	}
	if (to)
		*to = '\0';
	return name;
}

struct group_search {
	const char *mapper;
	size_t len;
};

static int is_vital_volume(const struct mount *mount, void *arg)
{
	const struct group_search *search = arg;
	const char *volume = mount->source ? after_prefix(mount->source, "/dev/mapper/") : NULL;

	return volume && !strncmp(volume, search->mapper, search->len) &&
	       volume[search->len] == '-' && volume[search->len + 1] != '-' &&
	       disk_place_is_vital(mount->where);
}

/* A logical volume: all of its group ends, unless the host runs from another volume of it. */
static int end_volume(const struct disk_tables *tables, const char *mapper, struct disk_uses *uses)
{
	struct group_search search = {mapper, group_length(mapper)};
	auto_free char *group = group_name(mapper, search.len);
	int vital = group ? mounts_each(tables->mounts, is_vital_volume, &search) : -ENOMEM;

	if (vital < 0)
		return vital;
	if (vital) {
		uses->vital = true;
		return 0;
	}
	return add_end(uses, "vgchange", "-an", group);
}

/* How what the device mapper made is ended, by the beginning of its uuid. */
static int end_mapped(const struct disk_tables *tables, const char *mapper, const char *uuid,
		      struct disk_uses *uses)
{
	static const struct {
		const char *uuid, *command, *verb;
	} kinds[] = {
		{"CRYPT-", "cryptsetup", "close"},
		{"mpath-", "multipath", "-f"},
		{"DMRAID-", "dmraid", "-an"},
		{"", "dmsetup", "remove"},
	};
	size_t i = 0;

	if (*uuid ? after_prefix(uuid, "LVM-") != NULL : group_length(mapper) > 0)
		return end_volume(tables, mapper, uses);
	while (!after_prefix(uuid, kinds[i].uuid))
		i++;
	return add_end(uses, kinds[i].command, kinds[i].verb, mapper);
}

static int end_holder(const struct disk_tables *tables, const char *holder, const char *mapper,
		      const char *uuid, struct disk_uses *uses)
{
	auto_free char *node = fs_path("/dev/%s", holder);

	if (!node)
		return -ENOMEM;
	if (mapper)
		return end_mapped(tables, mapper, uuid ? uuid : "", uses);
	if (after_prefix(holder, "md"))
		return add_end(uses, "mdadm", "--stop", node);
	if (after_prefix(holder, "loop"))
		return add_end(uses, "losetup", "-d", node);
	if (after_prefix(holder, "drbd"))
		return add_end(uses, "drbdsetup", "detach", holder + strlen("drbd"));
	uses->unclear = true;
	return 0;
}

static int read_dm(const struct disk_tables *tables, const char *holder, const char *attr,
		   char **ret)
{
	auto_free char *path = fs_path("sys/class/block/%s/dm/%s", holder, attr);
	int err = fs_read_attr(tables->root, path, ret);

	return err && !fs_is_absent(err) ? err : 0;
}

/* The uses of the block device whose directory in sysfs is PATH, and of what is on top of it. */
static int put_block(const struct disk_tables *tables, const char *path, const char *node,
		     int depth, struct disk_uses *uses)
{
	auto_free char *dev_path = fs_path("%s/dev", path);
	auto_free char *numbers = NULL;
	const char *name = strrchr(path, '/') + 1;
	int err = fs_read_attr(tables->root, dev_path, &numbers);

	if (!err)
		err = put_mounts(tables, numbers, node, uses);
	if (fs_is_absent(err) || err == -ENODEV) /* it has gone meanwhile */
		err = 0;
	err = err ?: put_swap(tables, name, uses);
	err = err ?: put_kernel_users(tables, name, depth + 1, uses);
	return err ? err : put_holders(tables, path, depth + 1, uses);
}

/* Those of a holder and of its partitions, as md and loop devices may have them. All of them end
 * before the holder does. */
static int put_uses_of(const struct disk_tables *tables, const char *holder, const char *node,
		       int depth, struct disk_uses *uses)
{
	auto_free char *path = fs_path("sys/class/block/%s", holder);
	auto_names struct fs_names names = {0};
	int err = path ? put_block(tables, path, node, depth, uses) : -ENOMEM;

	if (!err)
		err = fs_list_dirs(tables->root, path, &names);
	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *part = NULL;

		if (!after_prefix(names.items[i], holder))
			continue;
		part = fs_path("%s/%s", path, names.items[i]);
		err = part ? put_block(tables, part, names.items[i], depth, uses) : -ENOMEM;
	}
	return err;
}

/* A holder of a disk, dm-0 or md0, with the name that people gave it, and the uses of it. */
static int put_holder(const struct disk_tables *tables, const char *holder, int depth,
		      struct disk_uses *uses)
{
	auto_free char *mapper = NULL, *uuid = NULL, *node = NULL, *shown = NULL;
	int err;

	if (depth > DEPTH_MAX) {
		uses->unclear = true;
		return 0;
	}
	err = read_dm(tables, holder, "name", &mapper);
	if (!err)
		err = read_dm(tables, holder, "uuid", &uuid);
	if (err)
		return err;
	node = mapper ? fs_path("mapper/%s", mapper) : strdup(holder);
	shown = mapper ? fs_path("%s (%s)", holder, mapper) : strdup(holder);
	if (!node || !shown)
		return -ENOMEM;
	if (depth <= DEPTH_NAMED)
		strbuf_add_item(&uses->what, _("part of %s"), shown);
	err = put_uses_of(tables, holder, node, depth, uses);
	return err ? err : end_holder(tables, holder, mapper, uuid, uses);
}

static int put_holders(const struct disk_tables *tables, const char *path, int depth,
		       struct disk_uses *uses)
{
	auto_free char *holders_path = fs_path("%s/holders", path);
	auto_names struct fs_names holders = {0};
	int err = fs_list(tables->root, holders_path, &holders);

	for (size_t i = 0; !err && i < holders.n; i++)
		err = put_holder(tables, holders.items[i], depth, uses);
	return err;
}

/* A SCSI target names a disk twice, by its udev_path and in its info. */
static bool is_same(const struct kernel_disk *a, const struct kernel_disk *b)
{
	return a->what && b->what && !strcmp(a->what, b->what) && !strcmp(a->node, b->node);
}

/* What the kernel itself uses it for. */
static int put_kernel_users(const struct disk_tables *tables, const char *name, int depth,
			    struct disk_uses *uses)
{
	int err = 0;

	for (size_t i = 0; !err && i < tables->users.n; i++) {
		const struct kernel_disk *user = &tables->users.items[i];

		if (strcmp(user->node, name) || (i && is_same(user - 1, user)))
			continue;
		if (user->loop) {
			err = put_holder(tables, user->loop, depth, uses);
		} else {
			strbuf_add_item(&uses->what, _("used by %s"), user->what);
			uses->unclear = true;
		}
	}
	return err;
}

int disk_uses_add_block(const struct disk_tables *tables, const char *path, const char *name,
			unsigned int major, unsigned int minor, struct disk_uses *uses)
{
	auto_free char *numbers = fs_path("%u:%u", major, minor);
	int err = numbers ? put_mounts(tables, numbers, name, uses) : -ENOMEM;

	err = err ?: put_swap(tables, name, uses);
	err = err ?: put_kernel_users(tables, name, 0, uses);
	return err ? err : put_holders(tables, path, 0, uses);
}

int disk_uses_add_controller(const struct disk_tables *tables, const char *name,
			     struct disk_uses *uses)
{
	return put_kernel_users(tables, name, 0, uses);
}

/* ---- ZFS ---- */

/* The value of a property of a device in udev's database, a new string, or NULL. (systemd:
 * src/libsystemd/sd-device/device-private.c, device_update_db()) */
static char *udev_value(const char *text, const char *key)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *value = after_prefix(line += *line == '\n', "E:");

		value = value ? after_prefix(value, key) : NULL;
		if (value && *value == '=')
			return strndup(value + 1, strcspn(value + 1, "\n"));
	}
	return NULL;
}

static int is_vital_dataset(const struct mount *mount, void *arg)
{
	const char *pool = arg, *rest = mount->source ? after_prefix(mount->source, pool) : NULL;

	return rest && (!*rest || *rest == '/') && disk_place_is_vital(mount->where);
}

int disk_uses_add_pool(const struct disk_tables *tables, unsigned int major, unsigned int minor,
		       struct disk_uses *uses)
{
	auto_free char *path = fs_path("run/udev/data/b%u:%u", major, minor);
	auto_free char *text = NULL, *type = NULL, *pool = NULL;
	int err = fs_read(tables->root, path, UDEV_MAX, &text, NULL);

	if (err) /* it only makes the message better */
		return err == -ENOMEM ? err : 0;
	type = udev_value(text, "ID_FS_TYPE");
	pool = udev_value(text, "ID_FS_LABEL");
	if (!type || strcmp(type, "zfs_member") || !pool || !*pool)
		return 0;
	err = mounts_each(tables->mounts, is_vital_dataset, pool);
	if (err < 0)
		return err;
	strbuf_add_item(&uses->what, _("part of the ZFS pool %s"), pool);
	uses->vital |= err;
	return err ? 0 : add_end(uses, "zpool", "export", pool);
}

void disk_uses_free(struct disk_uses *uses)
{
	strbuf_free(&uses->what);
	fs_names_free(&uses->unmounts);
	fs_names_free(&uses->ends);
	fs_names_free(&uses->places);
	*uses = (struct disk_uses){0};
}
