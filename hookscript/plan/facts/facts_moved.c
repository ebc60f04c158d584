// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices that are not where they were at the VM's last start. */
#include "hookscript/plan/facts/facts_state.h"

#include "hookscript/plan/facts/node_vms.h"
#include "host/process/kernel_log.h"

/* Of the kernel's log, about one device. */
#define LOG_LINES 3

struct identity_device *facts_list_known(const struct facts *facts, size_t *ret_n)
{
	struct identity_device *list = calloc(facts->n_devices + 1, sizeof(*list));

	*ret_n = 0;
	for (size_t i = 0; list && i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];

		if (!facts_name_by_address(facts, &device->bdf))
			continue;
		list[*ret_n].bdf = device->bdf;
		list[*ret_n].identity = device->identity;
		list[(*ret_n)++].serial = device->serial;
	}
	return list;
}

/* ---- where it is instead ---- */

/* What is known of one VM. */
struct known {
	struct identity_device *list;
	size_t n;
};

static void free_known(struct known *known)
{
	free(known->list);
}

/* Whether a VM that names the address of the device, or not, had it; EXCEPT is not looked at. */
static bool had(const struct known *known, const struct identity_device *except,
		const struct identity_device *device, bool named)
{
	bool other = false;

	for (size_t i = 0; i < known->n; i++) {
		if (&known->list[i] != except && identity_prove(&known->list[i], device))
			return true;
		if (!bdf_compare(&known->list[i].bdf, &device->bdf))
			other = identity_differ(&known->list[i], device);
	}
	return named && !other;
}

static bool names(const struct node_vms *vms, const struct node_vm *vm, const struct bdf *bdf)
{
	bool named = !vm->config;

	for (size_t e = 0; !named && e < HOSTPCI_MAX; e++)
		named = node_vms_name(vms, vm->config, e, bdf);
	return named;
}

/* What devices of one VM are looked for with. */
struct search {
	const struct fs_root *root;
	struct facts *facts;
	const struct known *known; /* of this VM */
	struct node_vms vms;
	/* Of each of these, none where it cannot be read. They are read when they are first needed;
	 * before, it is NULL. */
	struct known *theirs;
};

static void free_search(struct search *search)
{
	for (size_t i = 0; search->theirs && i < search->vms.n; i++)
		free_known(&search->theirs[i]);
	free(search->theirs);
	node_vms_free(&search->vms);
}

static int read_others(struct search *search)
{
	int err = search->theirs ? 0 : node_vms_read(search->root, &search->vms);

	if (err || search->theirs)
		return err;
	search->theirs = calloc(search->vms.n + 1, sizeof(*search->theirs));
	for (size_t i = 0; search->theirs && i < search->vms.n; i++) {
		struct known *known = &search->theirs[i];
		auto_free char *why = NULL;

		(void)!identity_read(search->root, search->vms.items[i].vmid, &known->list,
				     &known->n, &why);
	}
	return search->theirs ? 0 : -ENOMEM;
}

/* Another VM that had the device, wherever it was; with OR_NAMED, or that names its address and is
 * not known to have had another there. 0: none. */
static unsigned int owner_of(const struct search *search, const struct identity_device *device,
			     bool or_named)
{
	for (size_t i = 0; i < search->vms.n; i++) {
		const struct node_vm *vm = &search->vms.items[i];

		if (vm->vmid != search->facts->vmid &&
		    had(&search->theirs[i], NULL, device,
			or_named && names(&search->vms, vm, &device->bdf)))
			return vm->vmid;
	}
	return 0;
}

/* Fills in is_of, and now: those of its model that may be it, no other VM's, and none that this VM
 * has at another of its addresses. */
static int list_free(struct search *search, const struct identity_device *device,
		     const struct identity_device *alike, struct moved_device *moved)
{
	int err = read_others(search);

	if (!err && !moved->absent)
		moved->is_of = owner_of(search, &moved->is, false);
	for (size_t i = 0; !err && i < moved->n_alike; i++) {
		const struct bdf *bdf = &alike[i].bdf;

		if ((device->serial && alike[i].serial && device->serial != alike[i].serial) ||
		    had(search->known, device, &alike[i],
			facts_name_by_address(search->facts, bdf)) ||
		    owner_of(search, &alike[i], true))
			continue;
		moved->now[moved->n_now++] = *bdf;
	}
	return err == -ENOMEM ? err : 0;
}

/* DEVICE is not at its address, where THERE is, or nothing. */
static int add_moved(struct search *search, const struct identity_device *device,
		     const struct identity_device *there)
{
	struct moved_device moved = {.bdf = device->bdf, .was = *device, .absent = !there};
	struct facts *facts = search->facts;
	auto_free struct identity_device *alike = NULL;
	const struct identity_device *found;
	int err = identity_find(search->root, &device->identity, &alike, &moved.n_alike);

	if (err)
		return err;
	found = identity_pick(device, alike, moved.n_alike);
	/* It is there, in another slot that has the same address. */
	if (found && !bdf_compare(&found->bdf, &device->bdf))
		return 0;
	moved.now = calloc(moved.n_alike + 1, sizeof(*moved.now));
	if (!moved.now)
		return -ENOMEM;
	if (there)
		moved.is = *there;
	moved.found = found;
	if (found)
		moved.now[moved.n_now++] = found->bdf;
	else
		err = list_free(search, device, alike, &moved);
	if (err || !array_grow(facts->moved, facts->n_moved)) {
		free(moved.now);
		return err ?: -ENOMEM;
	}
	facts->moved[facts->n_moved++] = moved;
	return 0;
}

/* ---- what is known ---- */

/* Whether there is nothing at the address that would be new to the VM: one is known there, or what
 * is there is one that has moved. A function more in a known slot is no other device. */
static bool is_known_at(const struct hostpci_address *address, const struct known *known,
			const struct known *now)
{
	bool nothing = true;

	for (size_t i = 0; i < known->n; i++)
		if (hostpci_address_names(address, &known->list[i].bdf))
			return true;
	for (size_t i = 0; i < now->n; i++) {
		if (!hostpci_address_names(address, &now->list[i].bdf))
			continue;
		nothing = false;
		for (size_t k = 0; k < known->n; k++)
			if (identity_prove(&known->list[k], &now->list[i]))
				return true;
	}
	return nothing;
}

static bool all_known(const struct facts *facts, const struct known *known, const struct known *now)
{
	for (size_t i = 0; i < facts->n_candidates; i++) {
		const struct candidate *candidate = &facts->candidates[i];

		for (size_t k = 0; !candidate->mapping && k < candidate->n_addresses; k++)
			if (!is_known_at(&candidate->addresses[k], known, now))
				return false;
	}
	return true;
}

/* What the kernel's log says of those where there is nothing now. */
static int read_logs(const struct fs_root *root, struct facts *facts)
{
	int err = 0;

	for (size_t i = 0; !err && i < facts->n_moved; i++) {
		struct moved_device *moved = &facts->moved[i];

		if (moved->absent)
			err = kernel_log_about(root, bdf_text(&moved->bdf), LOG_LINES,
					       &moved->kernel_log);
	}
	return err;
}

static int list_now(const struct fs_root *root, const struct facts *facts, struct known *ret)
{
	ret->list = facts_list_known(facts, &ret->n);
	return ret->list ? identity_add_paths(root, ret->list, ret->n) : -ENOMEM;
}

static int compare_all(const struct fs_root *root, struct facts *facts, const struct known *known,
		       const struct known *now)
{
	cleanup_with(free_search) struct search search = {root, facts, known, {0}, NULL};
	int err = 0;

	for (size_t i = 0; !err && i < known->n; i++) {
		const struct identity_device *there = NULL;

		if (!facts_name_by_address(facts, &known->list[i].bdf) ||
		    identity_compare(&known->list[i], now->list, now->n, &there) == IDENTITY_SAME)
			continue;
		err = add_moved(&search, &known->list[i], there);
	}
	return err;
}

int facts_read_moved(const struct fs_root *root, struct facts *facts)
{
	cleanup_with(free_known) struct known known = {0}, now = {0};
	int err = facts->vmid ? identity_read(root, facts->vmid, &known.list, &known.n,
					      &facts->identity_error)
			      : 0;

	facts->identity_err = err;
	if (err)
		return facts->identity_error ? 0 : -ENOMEM;
	if (!known.n)
		return 0;
	err = list_now(root, facts, &now);
	if (err)
		return err;
	facts->known_here = all_known(facts, &known, &now);
	err = compare_all(root, facts, &known, &now);
	return err ?: read_logs(root, facts);
}
