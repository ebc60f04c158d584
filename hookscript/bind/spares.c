// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/spares.h"

#include "hookscript/bind/bind.h"
#include "hookscript/pve/exit.h"
#include "hookscript/pve/pve.h"
#include "host/base/clock.h"
#include "host/pci/driver.h"
#include "host/pci/iommu.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>

/* How long to wait for the claims lock. */
#define CLAIMS_MS 10000

static int compare(const void *a, const void *b)
{
	return bdf_compare(a, b);
}

/* Adds the device's group, as far as Proxmox VE would bind it, which leaves bridges alone, and the
 * plan does not. */
static int add_group(const struct fs_root *root, const struct plan *plan, const struct bdf *bdf,
		     struct bdf_set *set)
{
	auto_free struct bdf *members = NULL;
	int group = iommu_group_of(root, bdf);
	size_t n;
	int err;

	if (group < 0)
		return group == -ENOENT ? 0 : group;
	err = iommu_group_members(root, group, &members, &n);
	for (size_t i = 0; !err && i < n; i++) {
		int bridge = pci_probe_file(root, &members[i], "pci_bus");

		if (bridge < 0)
			return bridge;
		if (!bridge && !plan_takes(plan, &members[i]))
			err = bdf_set_add(set, &members[i]);
	}
	return err;
}

/* Whether an alternative that is not chosen names the device. */
static bool is_spare(const struct facts *facts, const struct bdf *bdf)
{
	for (size_t i = 0; i < facts->n_candidates; i++) {
		const struct candidate *item = &facts->candidates[i];

		for (size_t k = 0; item->state == CANDIDATE_SPARE && k < item->n_addresses; k++)
			if (hostpci_address_names(&item->addresses[k], bdf))
				return true;
	}
	return false;
}

/* The devices that Proxmox VE may take, and the plan does not, in order of address. */
static int list_spares(const struct fs_root *root, const struct plan *plan,
		       const struct facts *facts, struct bdf_set *ret)
{
	int err = 0;

	for (size_t i = 0; !err && i < facts->n_devices; i++)
		if (is_spare(facts, &facts->devices[i].bdf))
			err = add_group(root, plan, &facts->devices[i].bdf, ret);
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare);
	return err;
}

/* The spares, with all fields that an entry which may get one wants of it. */
static struct bind_vf *list_vfs(const struct facts *facts, const struct bdf_set *set)
{
	struct bind_vf *list = calloc(set->n + 1, sizeof(*list));

	for (size_t i = 0; list && i < set->n; i++) {
		list[i].bdf = set->items[i];
		for (size_t k = 0; k < facts->n_candidates; k++) {
			const struct candidate *item = &facts->candidates[k];
			unsigned int known = list[i].wanted.known;

			if (!hostpci_addresses_name(item->addresses, item->n_addresses,
						    &list[i].bdf))
				continue;
			facts_wanted_vf(facts, item->entry, &list[i].wanted);
			list[i].wanted.known |= known;
		}
	}
	return list;
}

/* Whether an entry that may get one of them wants something of a VF. */
static bool want_any(const struct facts *facts)
{
	for (size_t i = 0; i < facts->n_candidates; i++) {
		const struct candidate *item = &facts->candidates[i];
		struct vf_net wanted;

		facts_wanted_vf(facts, item->entry, &wanted);
		if (item->state == CANDIDATE_SPARE && wanted.known)
			return true;
	}
	return false;
}

int spares_keep(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
		const struct plan *plan, const struct facts *facts)
{
	auto_bdf_set struct bdf_set set = {0};
	auto_free struct bind_vf *vfs = NULL;
	int err;

	spares_forget(root, vmid);
	err = list_spares(root, plan, facts, &set);
	if (!err && set.n)
		vfs = list_vfs(facts, &set);
	if (!err && set.n)
		err = vfs ? bind_write_spares(root, vmid, vfs, set.n, settings->deadline) : -ENOMEM;
	if (!err)
		return 0;
	if (want_any(facts)) {
		log_error(_("VM %u: the other devices of its mappings could not be looked at: %s; "
			    "should Proxmox VE take one of them, its guest would be in the wrong "
			    "network"),
			  vmid, strerror(-err));
		return err;
	}
	log_warning(_("VM %u: the other devices of its mappings could not be looked at: should "
		      "Proxmox VE take one of them, it is not known where that belongs: %s"),
		    vmid, strerror(-err));
	return 0;
}

bool spares_are_kept(const struct fs_root *root, unsigned int vmid)
{
	auto_free struct bdf *list = NULL;
	size_t n = 0;

	return record_list_spares(root, vmid, &list, &n) || n;
}

void spares_forget(const struct fs_root *root, unsigned int vmid)
{
	auto_free struct bdf *list = NULL;
	size_t n;

	if (record_list_spares(root, vmid, &list, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		int err = record_remove_spare(root, vmid, &list[i]);

		if (err)
			log_warning(_("a spare record of VM %u in /%s cannot be removed: %s"), vmid,
				    RECORD_DIR, strerror(-err));
	}
}

/* ---- post-start ---- */

/* Whether Proxmox VE has reserved a device of the group that BDF is in: 1 or 0; -errno. */
static int group_is_reserved(const struct fs_root *root, const struct bdf_set *reserved,
			     const struct bdf *bdf)
{
	int group = iommu_group_of(root, bdf);

	if (bdf_set_has(reserved, bdf))
		return 1;
	if (group < 0)
		return group == -ENOENT ? 0 : group;
	for (size_t i = 0; i < reserved->n; i++)
		if (iommu_group_of(root, &reserved->items[i]) == group)
			return 1;
	return 0;
}

/* Records a device that Proxmox VE itself took, so that it is given back. */
static int record_taken(const struct fs_root *root, unsigned int vmid, const struct bdf *bdf)
{
	cleanup_with(record_freep) struct record *spare = NULL;
	cleanup_with(record_freep) struct record *known = NULL;
	auto_free char *why = NULL;
	char address[BDF_TEXT_SIZE];
	int err = record_read_spare(root, vmid, bdf, &spare, &why);

	if (!err && spare)
		err = record_read(root, bdf, &known, &why);
	if (err && !record_is_unusable(err))
		return err;
	/* A post-start that died has recorded it. */
	if (!err && known && known->vmid == vmid)
		return 0;
	if (err || !spare || known) {
		log_warning(_("%s: Proxmox VE has bound it for VM %u, but %s; it will stay on "
			      "vfio-pci"),
			    bdf_format(bdf, address), vmid,
			    why	    ? why
			    : known ? _("it is recorded as taken already")
				    : _("nothing is known of how it was before"));
		return 0;
	}
	spare->claim = record_new_claim();
	/* If it was not on vfio-pci before, Proxmox VE bound it by its id. */
	spare->new_id = !spare->driver || strcmp(spare->driver, DRIVER_VFIO_PCI);
	err = record_write(root, spare);
	if (!err)
		log_info(_("%s: Proxmox VE took it for VM %u, instead of the one that was "
			   "expected; will return to %s"),
			 bdf_format(bdf, address), vmid,
			 spare->driver ? spare->driver : _("no driver"));
	return err;
}

static int record_all_taken(const struct fs_root *root, unsigned int vmid,
			    const struct bdf_set *reserved, const struct bdf_set *spares)
{
	auto_close int lock = record_lock_claims(root, clock_now_ms() + CLAIMS_MS);
	int err = lock < 0 ? lock : 0;

	for (size_t i = 0; !err && i < spares->n; i++) {
		err = group_is_reserved(root, reserved, &spares->items[i]);
		if (err > 0)
			err = record_taken(root, vmid, &spares->items[i]);
	}
	return err;
}

/* Leaves those that were taken for a mapping of which Proxmox VE took another device. */
static int keep_needless(const struct fs_root *root, const struct bdf_set *reserved,
			 struct recorded *recorded)
{
	for (size_t i = recorded->n; i-- > 0;) {
		const struct record *record = recorded->items[i];
		int needed = record->choice ? group_is_reserved(root, reserved, &record->bdf) : 1;

		if (needed < 0)
			return needed;
		if (needed)
			recorded_drop(recorded, i);
	}
	return 0;
}

/* What Proxmox VE may have chosen, and what it did choose. Without any reservation that is not
 * known, and nothing is done. */
struct choice {
	struct bdf_set reserved, spares;
};

static void free_choice(struct choice *choice)
{
	bdf_set_free(&choice->reserved);
	bdf_set_free(&choice->spares);
}

static int read_choice(const struct fs_root *root, unsigned int vmid, struct choice *ret)
{
	int err = record_list_spares(root, vmid, &ret->spares.items, &ret->spares.n);

	if (!err && ret->spares.n)
		err = pve_reserved_for(root, vmid, &ret->reserved.items, &ret->reserved.n);
	return err;
}

static int say_unknown(unsigned int vmid, int err)
{
	if (!err)
		return EXIT_DONE;
	log_error(_("VM %u: which devices Proxmox VE took is not known: %s; what is taken: "
		    "pve-passthrough status"),
		  vmid, strerror(-err));
	return EXIT_FAILED;
}

int spares_record_choice(const struct fs_root *root, unsigned int vmid)
{
	cleanup_with(free_choice) struct choice choice = {0};
	int err = read_choice(root, vmid, &choice);

	if (!err && choice.reserved.n)
		err = record_all_taken(root, vmid, &choice.reserved, &choice.spares);
	return say_unknown(vmid, err);
}

static int return_needless(const struct fs_root *root, unsigned int vmid,
			   const struct bdf_set *reserved)
{
	auto_recorded struct recorded recorded = {0};
	int err = recorded_list(root, vmid, &recorded);

	err = err ?: bind_forget_ids(root, vmid, &recorded);
	err = err ?: keep_needless(root, reserved, &recorded);
	if (err || !recorded.n)
		return err;
	log_info(_("VM %u: given back at once, because Proxmox VE chose another device of the "
		   "mapping:"),
		 vmid);
	return bind_give_back(root, vmid, &recorded, 0, false) ? -EIO : 0;
}

int spares_return_needless(const struct fs_root *root, unsigned int vmid)
{
	cleanup_with(free_choice) struct choice choice = {0};
	int err = read_choice(root, vmid, &choice);

	if (!err && choice.reserved.n)
		err = return_needless(root, vmid, &choice.reserved);
	return say_unknown(vmid, err);
}
