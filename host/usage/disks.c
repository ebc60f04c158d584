// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/searches.h"

#include "host/base/clock.h"
#include "host/base/strbuf.h"
#include "host/usage/kernel_disks.h"
#include "host/process/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* How long open(2) of a disk may take. During error handling it may take minutes. */
#define OPEN_MS 5000

#define TABLE_MAX ((size_t)16 * 1024 * 1024)

/* Whether a disk is claimed, as open(2) says. */
enum claim { CLAIM_UNKNOWN, CLAIM_NONE, CLAIM_TAKEN };

struct disks {
	const struct fs_root *root;
	const struct survey *survey;
	enum claim *claims; /* one for each node of the survey */
	struct kernel_disks users;
	char *mounts; /* the mountinfo of the host */
	char *swaps;
};

/*
 * Opens each whole disk for itself alone, which the kernel refuses while a file system, swap, LVM,
 * md, ZFS … has claimed it or a partition of it.
 */
static int try_claims(const struct worker *self, void *arg)
{
	const struct disks *disks = arg;

	for (size_t i = 0; i < disks->survey->n_nodes; i++) {
		const struct survey_node *node = &disks->survey->nodes[i];
		auto_free char *path = fs_path("dev/%s", node->name);
		auto_close int fd = -1;

		if (!node->block || node->partition)
			continue;
		fd = fs_open(disks->root, path, O_RDONLY | O_NONBLOCK | O_EXCL, 0);
		worker_report(self, i, 0, fd < 0 ? fd : 0);
	}
	return 0;
}

/* No medium, or no such disk any more, is no claim; errors of this process are not the disk's. */
static enum claim claim_of(int err)
{
	switch (err) {
	case -EBUSY: return CLAIM_TAKEN;
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
	case -EACCES:
	case -EPERM: return CLAIM_UNKNOWN;
	default: return CLAIM_NONE;
	}
}

static int read_claims(struct disks *disks)
{
	size_t n = disks->survey->n_nodes;
	struct worker worker;
	int err = worker_start(&worker, try_claims, disks, n, &disks->root->fd, 1);

	if (err)
		return err;
	worker_wait_all(&worker, 1, clock_now_ms() + OPEN_MS, NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		uint32_t step;
		int error;

		if (worker_progress(&worker, i, &step, &error))
			disks->claims[i] = claim_of(error);
	}
	worker_release(&worker);
	return 0;
}

/* ---- names of uses ---- */

/* Replaces the \040 of /proc in place by the characters that they stand for. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (*from == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* The field at *REST, which ends at a space or tab, cut off; NULL at the end. */
static char *next_field(char **rest)
{
	char *field;

	do
		field = strsep(rest, " \t");
	while (field && !*field);
	return field;
}

/*
 * One line of mountinfo (Linux: Documentation/filesystems/proc.rst): the device and the source,
 * which differ for btrfs, and the mount point.
 */
static bool mount_is_of(char *line, const char *numbers, const char *node, char **ret_where)
{
	char *field, *rest = line, *where = NULL, *source = NULL;
	bool same = false;

	for (int i = 0; (field = next_field(&rest)); i++) {
		if (i == 2)
			same = !strcmp(field, numbers);
		else if (i == 4)
			where = field;
		else if (i > 5 && !strcmp(field, "-"))
			break;
	}
	if (next_field(&rest)) /* the type */
		source = next_field(&rest);
	if (!where || (!same && !(source && !strcmp(source, node))))
		return false;
	unescape(where);
	*ret_where = where;
	return true;
}

static int put_mounts(const struct disks *disks, const char *numbers, const char *name,
		      struct strbuf *parts)
{
	auto_free char *table = strdup(disks->mounts);
	auto_free char *node = fs_path("/dev/%s", name);
	char *rest = table, *line, *where;

	if (!table || !node)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n")))
		if (mount_is_of(line, numbers, node, &where))
			strbuf_add_item(parts, _("mounted at %s"), where);
	return 0;
}

static int put_swap(const struct disks *disks, const char *name, struct strbuf *parts)
{
	auto_free char *node = fs_path("\n/dev/%s", name);
	const char *at;

	if (!node)
		return -ENOMEM;
	at = strstr(disks->swaps, node);
	if (at && strchr(" \t", at[strlen(node)]))
		strbuf_add_item(parts, _("swap on %s"), node + 1);
	return 0;
}

/* A holder of a disk, dm-0 or md0, with the name that people gave it, and the uses of it. */
static int put_holder(const struct disks *disks, const char *holder, struct strbuf *parts)
{
	auto_free char *mapper_path = fs_path("sys/class/block/%s/dm/name", holder);
	auto_free char *dev_path = fs_path("sys/class/block/%s/dev", holder);
	auto_free char *mapper = NULL, *numbers = NULL, *node = NULL, *shown = NULL;
	int err;

	err = fs_read_attr(disks->root, mapper_path, &mapper);
	if (err && !fs_is_absent(err))
		return err;
	node = mapper ? fs_path("mapper/%s", mapper) : strdup(holder);
	shown = mapper ? fs_path("%s (%s)", holder, mapper) : strdup(holder);
	if (!node || !shown)
		return -ENOMEM;
	strbuf_add_item(parts, _("part of %s"), shown);
	if (fs_read_attr(disks->root, dev_path, &numbers))
		return 0;
	err = put_mounts(disks, numbers, node, parts);
	return err ? err : put_swap(disks, holder, parts);
}

/* A SCSI target names a disk twice, by its udev_path and in its info. */
static bool is_same(const struct kernel_disk *a, const struct kernel_disk *b)
{
	return a->what && b->what && !strcmp(a->what, b->what) && !strcmp(a->node, b->node);
}

/* What the kernel itself uses it for. */
static int put_kernel_users(const struct disks *disks, const char *name, struct strbuf *parts)
{
	int err = 0;

	for (size_t i = 0; !err && i < disks->users.n; i++) {
		const struct kernel_disk *user = &disks->users.items[i];

		if (strcmp(user->node, name) || (i && is_same(user - 1, user)))
			continue;
		if (user->loop)
			err = put_holder(disks, user->loop, parts);
		else
			strbuf_add_item(parts, _("used by %s"), user->what);
	}
	return err;
}

static int put_uses(const struct disks *disks, const struct survey_node *node, struct strbuf *parts)
{
	auto_free char *numbers = fs_path("%u:%u", node->major, node->minor);
	auto_free char *holders_path = fs_path("%s/holders", node->path);
	auto_names struct fs_names holders = {0};
	int err;

	if (!numbers)
		return -ENOMEM;
	/* A character device, an NVMe controller, may have the numbers of a disk. */
	err = node->block ? put_mounts(disks, numbers, node->name, parts) : 0;
	if (!err && node->block)
		err = put_swap(disks, node->name, parts);
	if (!err)
		err = put_kernel_users(disks, node->name, parts);
	if (!err)
		err = fs_list(disks->root, holders_path, &holders);
	for (size_t i = 0; !err && i < holders.n; i++)
		err = put_holder(disks, holders.items[i], parts);
	return err;
}

/* The uses of the node at FIRST and of its partitions, which follow it. *ret is a new text, "" for
 * none. */
static int describe(const struct disks *disks, size_t first, char **ret)
{
	const struct survey *survey = disks->survey;
	auto_strbuf struct strbuf parts = {0};
	size_t i = first;
	int err;

	do
		err = put_uses(disks, &survey->nodes[i++], &parts);
	while (!err && i < survey->n_nodes && survey->nodes[i].partition);
	if (err)
		return err;
	*ret = strbuf_take(&parts);
	return *ret ? 0 : -ENOMEM;
}

/* ---- findings ---- */

static int add_disk(const struct survey_node *node, enum claim claim, const char *uses,
		    struct usage *usage)
{
	const char *head = node->head ? _(" (NVMe multipath)") : "";
	char *what;

	if (*uses)
		what = fs_path(_("its disk /dev/%s%s is in use: %s"), node->name, head, uses);
	else if (claim == CLAIM_UNKNOWN)
		what = fs_path(_("its disk /dev/%s%s does not answer, so it counts as in use"),
			       node->name, head);
	else
		what = fs_path(_("its disk /dev/%s%s is claimed by the host, by ZFS or another "
				 "that does not say so in /sys"),
			       node->name, head);
	return usage_add(
		usage, &node->device->bdf, USAGE_DISK, what,
		_("the host would lose the disk under what uses it: files that are not "
		  "written yet are lost, and what runs from it dies"),
		fs_path(_("end that use; what is on the disk: lsblk /dev/%s; zpool status; "
			  "pvesm status"),
			node->name));
}

/* Disks, and NVMe controllers that a target of the kernel uses as a whole. */
static int find_all(struct disks *disks, struct usage *usage)
{
	const struct survey *survey = disks->survey;

	for (size_t i = 0; i < survey->n_nodes; i++) {
		const struct survey_node *node = &survey->nodes[i];
		auto_free char *uses = NULL;
		int err;

		if (node->partition)
			continue;
		err = describe(disks, i, &uses);
		if (!err && (*uses || (node->block && disks->claims[i] != CLAIM_NONE)))
			err = add_disk(node, disks->claims[i], uses, usage);
		if (err)
			return err;
	}
	return 0;
}

static int read_table(const struct fs_root *root, const char *path, char **ret)
{
	int err = fs_read(root, path, TABLE_MAX, ret, NULL);

	if (err != -ENOENT)
		return err;
	*ret = strdup("");
	return *ret ? 0 : -ENOMEM;
}

static bool has_disks(const struct survey *survey)
{
	for (size_t i = 0; i < survey->n_nodes; i++)
		if (survey->nodes[i].block)
			return true;
	return false;
}

int usage_find_disks(const struct fs_root *root, const struct survey *survey, struct usage *usage)
{
	struct disks disks = {.root = root, .survey = survey};
	int err;

	if (!survey->n_nodes)
		return 0;
	disks.claims = calloc(survey->n_nodes, sizeof(*disks.claims));
	err = disks.claims ? 0 : -ENOMEM;
	/* Those of the first process: the host's own, whatever namespace this one was put in. */
	if (!err)
		err = read_table(root, "proc/1/mountinfo", &disks.mounts);
	if (!err)
		err = read_table(root, "proc/swaps", &disks.swaps);
	if (!err)
		err = kernel_disks_read(root, &disks.users);
	if (!err && has_disks(survey))
		err = read_claims(&disks);
	if (!err)
		err = find_all(&disks, usage);
	kernel_disks_free(&disks.users);
	free(disks.claims);
	free(disks.mounts);
	free(disks.swaps);
	return err;
}
