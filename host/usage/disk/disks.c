// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/searches.h"

#include "host/base/clock.h"
#include "host/base/facts.h"
#include "host/base/fs_write.h"
#include "host/usage/disk/disk_uses.h"
#include "host/process/worker.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

/* How long open(2) of a disk may take. During error handling it may take minutes. */
#define OPEN_MS 5000

/* How long a disk that another has opened for itself alone is tried again, and the pauses. */
#define AGAIN_MS 500
#define PAUSE_MS 20

#define LOCK_DIR "run/pve-passthrough"

/* Whether a disk is claimed, as open(2) says. */
enum claim { CLAIM_UNKNOWN, CLAIM_NONE, CLAIM_TAKEN };

struct disks {
	const struct fs_root *root;
	const struct survey *survey;
	struct disk_uses *uses; /* one for each node of the survey, of it and its partitions */
	enum claim *claims;	/* the same; CLAIM_NONE also where the uses say enough */
	struct disk_tables tables;
};

/* The lock of our own probes of a disk, so that none is refused because of another. It is of this
 * disk alone: the open(2) of a dead one may hang. Without it there may be a try more. */
static int lock_probes(const struct fs_root *root, const struct survey_node *node)
{
	auto_free char *path = fs_path(LOCK_DIR "/probe-%u:%u", node->major, node->minor);

	if (!fs_root_is_running_system(root) || fs_make_dir(root, LOCK_DIR, 0700))
		return -EACCES;
	return fs_lock(root, path, LOCK_EX);
}

/*
 * Opens a whole disk for itself alone, which the kernel refuses while a file system, swap, LVM, md,
 * ZFS … has claimed it or a partition of it. Others who do the same are refused for as long as this
 * is open, so it is closed at once.
 */
static int probe(const struct fs_root *root, const struct survey_node *node)
{
	auto_free char *path = fs_path("dev/%s", node->name);
	int lock = lock_probes(root, node);
	int fd = fs_open(root, path, O_RDONLY | O_NONBLOCK | O_EXCL, 0);

	if (fd >= 0)
		close(fd);
	if (lock >= 0)
		close(lock);
	return fd < 0 ? fd : 0;
}

/* In a worker. Opens only the disks whose claim nothing else has told. */
static int try_claims(const struct worker *self, void *arg)
{
	const struct disks *disks = arg;
	int64_t end = clock_now_ms() + AGAIN_MS;
	bool busy = true, again = false;

	while (busy && (!again || clock_left_ms(end))) {
		busy = false;
		for (size_t i = 0; i < disks->survey->n_nodes; i++) {
			uint32_t step;
			int error;

			if (disks->claims[i] != CLAIM_UNKNOWN)
				continue;
			if (worker_progress(self, i, &step, &error) && error != -EBUSY)
				continue;
			error = probe(disks->root, &disks->survey->nodes[i]);
			worker_report(self, i, 0, error);
			busy |= error == -EBUSY;
		}
		again = true;
		if (busy)
			clock_sleep_ms(PAUSE_MS);
	}
	return 0;
}

/* No medium, or no such disk any more, is no claim; any other error says nothing. */
static enum claim claim_of(int err)
{
	switch (err) {
	case 0:
	case -ENOENT:
	case -ENOTDIR:
	case -ENXIO:
	case -ENODEV:
	case -ENOMEDIUM: return CLAIM_NONE;
	case -EBUSY: return CLAIM_TAKEN;
	default: return CLAIM_UNKNOWN;
	}
}

/* As "claim-sda": what the kernel said of a disk that was opened. */
static char *claim_key(const struct survey_node *node)
{
	return fs_path("claim-%s", node->name);
}

static int take_noted(struct disks *disks)
{
	for (size_t i = 0; i < disks->survey->n_nodes; i++) {
		auto_free char *key = claim_key(&disks->survey->nodes[i]);
		long long error;

		if (!key)
			return -ENOMEM;
		if (disks->claims[i] == CLAIM_UNKNOWN &&
		    !facts_get_number(disks->root, key, &error))
			disks->claims[i] = claim_of((int)error);
	}
	return 0;
}

static void note(const struct survey_node *node, int error)
{
	auto_free char *key = facts_are_noted() ? claim_key(node) : NULL;

	if (key)
		facts_note_number(key, error);
}

static int read_claims(struct disks *disks)
{
	size_t n = disks->survey->n_nodes;
	struct worker worker;
	int err;

	if (fs_root_is_capture(disks->root))
		return take_noted(disks);
	err = worker_start(&worker, try_claims, disks, n, &disks->root->fd, 1);
	if (err)
		return err;
	worker_wait_all(&worker, 1, clock_now_ms() + OPEN_MS, NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		uint32_t step;
		int error;

		if (!worker_progress(&worker, i, &step, &error))
			continue;
		disks->claims[i] = claim_of(error);
		note(&disks->survey->nodes[i], error);
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
static int describe(struct disks *disks, size_t first)
{
	const struct survey *survey = disks->survey;
	struct disk_uses *uses = &disks->uses[first];
	size_t i = first;
	int err = put_uses(&disks->tables, &survey->nodes[first], uses);

	while (!err && is_followed(survey, i))
		err = put_uses(&disks->tables, &survey->nodes[++i], uses);
	return err || !uses->what.failed ? err : -ENOMEM;
}

/* ZFS says in /sys nothing of the disks that it has. */
static int describe_pool(struct disks *disks, size_t first)
{
	const struct survey *survey = disks->survey;
	int err = 0;

	for (size_t i = first; !err; i++) {
		err = disk_uses_add_pool(&disks->tables, survey->nodes[i].major,
					 survey->nodes[i].minor, &disks->uses[first]);
		if (!is_followed(survey, i))
			break;
	}
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
		    struct disk_uses *uses, struct usage *usage)
{
	char *command = NULL, *cure = find_cure(node, uses, &command);
	int err = usage_add_command(
		usage, &node->device->bdf, USAGE_DISK, describe_disk(node, claim, what),
		_("the host would lose a disk that is in use: data that is not written yet is "
		  "lost, and programs that run from it crash"),
		cure, command);

	if (err)
		return err;
	usage_last(usage)->vital = uses->vital;
	usage_last(usage)->mounts = uses->places;
	uses->places = (struct fs_names){0};
	return usage_name(usage, fs_path("/dev/%s", node->name));
}

/* Reads what /proc and /sys tell of all nodes, and opens the disks of which they tell nothing. */
static int read_all(struct disks *disks)
{
	const struct survey *survey = disks->survey;
	bool any = false;
	int err = 0;

	for (size_t i = 0; !err && i < survey->n_nodes; i++) {
		const struct survey_node *node = &survey->nodes[i];

		disks->claims[i] = CLAIM_NONE;
		if (node->partition)
			continue;
		err = describe(disks, i);
		if (!node->block || disks->uses[i].what.len)
			continue;
		disks->claims[i] = CLAIM_UNKNOWN;
		any = true;
	}
	return err || !any ? err : read_claims(disks);
}

/* Disks, and NVMe controllers that a target of the kernel uses as a whole. */
static int find_all(struct disks *disks, struct usage *usage)
{
	int err = read_all(disks);

	for (size_t i = 0; !err && i < disks->survey->n_nodes; i++) {
		struct disk_uses *uses = &disks->uses[i];
		auto_free char *what = NULL;

		if (disks->claims[i] == CLAIM_TAKEN)
			err = describe_pool(disks, i);
		what = strbuf_take(&uses->what);
		if (!err && !what)
			err = -ENOMEM;
		if (!err && (*what || disks->claims[i] != CLAIM_NONE))
			err = add_disk(&disks->survey->nodes[i], disks->claims[i], what, uses,
				       usage);
	}
	return err;
}

int usage_find_disks(const struct fs_root *root, const struct survey *survey, struct usage *usage)
{
	struct disks disks = {.root = root, .survey = survey};
	int err;

	if (!survey->n_nodes)
		return 0;
	disks.claims = calloc(survey->n_nodes, sizeof(*disks.claims));
	disks.uses = calloc(survey->n_nodes, sizeof(*disks.uses));
	err = disks.claims && disks.uses ? disk_tables_read(root, &survey->mounts, &disks.tables)
					 : -ENOMEM;
	if (!err)
		err = find_all(&disks, usage);
	for (size_t i = 0; disks.uses && i < survey->n_nodes; i++)
		disk_uses_free(&disks.uses[i]);
	disk_tables_free(&disks.tables);
	free(disks.uses);
	free(disks.claims);
	return err;
}
