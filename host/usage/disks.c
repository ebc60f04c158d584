// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/searches.h"

#include "host/base/clock.h"
#include "host/usage/disk_uses.h"
#include "host/process/worker.h"

#include <fcntl.h>
#include <string.h>

/* How long open(2) of a disk may take. During error handling it may take minutes. */
#define OPEN_MS 5000

/* Whether a disk is claimed, as open(2) says. */
enum claim { CLAIM_UNKNOWN, CLAIM_NONE, CLAIM_TAKEN };

struct disks {
	const struct fs_root *root;
	const struct survey *survey;
	enum claim *claims; /* one for each node of the survey */
	struct disk_tables tables;
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

/* ---- findings ---- */

static int put_uses(const struct disk_tables *tables, const struct survey_node *node,
		    struct disk_uses *uses)
{
	/* A character device, an NVMe controller, may have the numbers of a disk. */
	if (!node->block)
		return disk_uses_add_controller(tables, node->name, uses);
	return disk_uses_add_block(tables, node->path, node->name, node->major, node->minor, uses);
}

static bool is_followed(const struct survey *survey, size_t i)
{
	return i + 1 < survey->n_nodes && survey->nodes[i + 1].partition;
}

/* The uses of the node at FIRST and of its partitions, which follow it. */
static int describe(const struct disks *disks, size_t first, struct disk_uses *uses)
{
	const struct survey *survey = disks->survey;
	size_t last = first;
	int err;

	while (is_followed(survey, last))
		last++;
	err = put_uses(&disks->tables, &survey->nodes[first], uses);
	for (size_t i = first + 1; !err && i <= last; i++)
		err = put_uses(&disks->tables, &survey->nodes[i], uses);
	if (uses->what.len || disks->claims[first] != CLAIM_TAKEN)
		return err;
	/* ZFS says in /sys nothing of the disks that it has. */
	for (size_t i = first; !err && i <= last; i++)
		err = disk_uses_add_pool(&disks->tables, survey->nodes[i].major,
					 survey->nodes[i].minor, uses);
	return err;
}

static char *describe_disk(const struct survey_node *node, enum claim claim, const char *uses)
{
	const char *head = node->head ? _(" (NVMe multipath)") : "";

	if (*uses)
		return fs_path(_("its disk /dev/%s%s is in use: %s"), node->name, head, uses);
	if (claim == CLAIM_UNKNOWN)
		return fs_path(_("its disk /dev/%s%s does not answer, so it counts as in use"),
			       node->name, head);
	return fs_path(_("its disk /dev/%s%s is claimed by the host, by ZFS or another that does "
			 "not say so in /sys"),
		       node->name, head);
}

/* What ends all uses, in words and as a command. Both are new; NULL without memory. */
static char *find_cure(const struct survey_node *node, const struct disk_uses *uses,
		       char **ret_command)
{
	if (uses->vital) {
		*ret_command = strdup("host-setup groups");
		return strdup(_("this host runs from that disk: give the VM another device; "
				"those that there are"));
	}
	*ret_command = disk_uses_command(uses);
	if (*ret_command && !**ret_command) {
		free(*ret_command);
		*ret_command = fs_path("lsblk /dev/%s; zpool status; pvesm status", node->name);
		return strdup(_("end that use; to see what is on the disk"));
	}
	if (uses->unclear)
		return fs_path(_("end the other uses of the disk (lsblk /dev/%s), "
				 "then"),
			       node->name);
	return strdup(_("end that use, after the VMs and containers that have files there"));
}

/* WHAT is the uses in words. */
static int add_disk(const struct survey_node *node, enum claim claim, const char *what,
		    const struct disk_uses *uses, struct usage *usage)
{
	char *command = NULL, *cure = find_cure(node, uses, &command);
	int err = usage_add_command(
		usage, &node->device->bdf, USAGE_DISK, describe_disk(node, claim, what),
		_("the host would lose a disk that is in use: data that is not written yet is "
		  "lost, and programs that run from it crash"),
		cure, command);

	if (!err)
		usage_last(usage)->vital = uses->vital;
	return err;
}

/* Disks, and NVMe controllers that a target of the kernel uses as a whole. */
static int find_all(struct disks *disks, struct usage *usage)
{
	const struct survey *survey = disks->survey;

	for (size_t i = 0; i < survey->n_nodes; i++) {
		const struct survey_node *node = &survey->nodes[i];
		auto_disk_uses struct disk_uses uses = {0};
		auto_free char *what = NULL;
		int err;

		if (node->partition)
			continue;
		err = describe(disks, i, &uses);
		what = strbuf_take(&uses.what);
		if (!err && !what)
			err = -ENOMEM;
		if (!err && (*what || (node->block && disks->claims[i] != CLAIM_NONE)))
			err = add_disk(node, disks->claims[i], what, &uses, usage);
		if (err)
			return err;
	}
	return 0;
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
	err = disks.claims ? disk_tables_read(root, &disks.tables) : -ENOMEM;
	if (!err && has_disks(survey))
		err = read_claims(&disks);
	if (!err)
		err = find_all(&disks, usage);
	disk_tables_free(&disks.tables);
	free(disks.claims);
	return err;
}
