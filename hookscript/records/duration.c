// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/duration.h"

#include "hookscript/records/record.h"
#include "host/base/conftext.h"
#include "host/base/fs_write.h"

#define NODES_DIR "etc/pve/nodes"

/* To be raised when an older program would misread a newer one's file. */
#define DURATION_FORMAT	  1
#define DURATION_TEXT_MAX ((size_t)4096)

static char *path_of(unsigned int vmid)
{
	return fs_path("%s/%u", DURATION_DIR, vmid);
}

int64_t duration_since_claim(const struct fs_root *root, unsigned int vmid)
{
	auto_free struct bdf *list = NULL;
	uint64_t claim = 0;
	size_t n = 0;
	int64_t ms;

	if (record_list(root, &list, &n))
		return 0;
	for (size_t i = 0; i < n; i++) {
		cleanup_with(record_freep) struct record *record = NULL;
		auto_free char *why = NULL;

		if (!record_read(root, &list[i], &record, &why) && record && record->vmid == vmid &&
		    record->claim > claim)
			claim = record->claim;
	}
	ms = claim ? record_claim_age_ms(claim) : 0;
	return ms > 0 && ms <= DURATION_MS_MAX ? ms : 0;
}

/* ---- the file ---- */

static bool get_number(const config_t *config, const char *name, long long max, long long *ret)
{
	return config_lookup_int64(config, name, ret) && *ret > 0 && *ret <= max;
}

static int get_duration(const config_t *config, void *arg)
{
	int err = conftext_check_format(config, DURATION_FORMAT);
	struct duration *duration = arg;
	long long ms, mib, kib;

	if (err)
		return err;
	if (!get_number(config, "ms", DURATION_MS_MAX, &ms) ||
	    !get_number(config, "memory_mib", INT64_MAX / 1024, &mib) ||
	    !get_number(config, "page_kib", INT32_MAX, &kib))
		return -EINVAL;
	if (kib != 4 && kib != 2048 && kib != 1048576)
		return -EINVAL;
	*duration = (struct duration){ms, (uint64_t)mib, (unsigned int)kib};
	return 0;
}

int duration_read(const struct fs_root *root, unsigned int vmid, struct duration *ret)
{
	auto_free char *path = path_of(vmid);
	auto_free char *text = NULL;
	struct duration found = {0};
	int err = statefile_read(root, path, DURATION_TEXT_MAX, &text);

	*ret = found;
	if (fs_is_absent(err))
		return 0;
	if (!err)
		err = conftext_parse(text, get_duration, &found);
	if (!err)
		*ret = found;
	return err;
}

/* ---- those of VMs that are gone ---- */

/* Whether a node has its config: 1, 0, or -errno. */
static int has_config(const struct fs_root *root, const struct fs_names *nodes, const char *vmid)
{
	int there = 0;

	for (size_t i = 0; i < nodes->n && !there; i++) {
		auto_free char *path = fs_path(NODES_DIR "/%s/qemu-server/%s.conf", nodes->items[i],
					       vmid);

		there = path ? fs_probe(root, path) : -ENOMEM;
	}
	return there;
}

/* Only when the cluster's files are there to tell. */
static int forget_gone(const struct fs_root *root)
{
	auto_names struct fs_names nodes = {0}, kept = {0};
	int err = fs_list(root, NODES_DIR, &nodes);

	if (!err && nodes.n)
		err = fs_list(root, DURATION_DIR, &kept);
	for (size_t i = 0; i < kept.n && !err; i++) {
		unsigned int vmid;
		int there;

		/* Another start may be writing one under a temporary name. */
		if (!number_parse(kept.items[i], &vmid))
			continue;
		there = has_config(root, &nodes, kept.items[i]);
		if (there < 0)
			return there;
		if (!there)
			err = fs_remove(root, DURATION_DIR, kept.items[i]);
	}
	return err;
}

int duration_write(const struct fs_root *root, unsigned int vmid, const struct duration *duration)
{
	auto_free char *path = path_of(vmid);
	auto_free char *text = fs_path("# How long the last start of VM %u took.\n"
				       "format = %d;\n"
				       "ms = %lldL;\n"
				       "memory_mib = %lluL;\n"
				       "page_kib = %u;\n",
				       vmid, DURATION_FORMAT, (long long)duration->ms,
				       (unsigned long long)duration->mib, duration->page_kib);
	int err = statefile_write(root, path, text, 0600, true);

	return err ? err : forget_gone(root);
}
