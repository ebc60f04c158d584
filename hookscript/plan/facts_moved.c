// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices that are not where they were at the VM's last start. */
#include "hookscript/plan/facts_state.h"

#include "hookscript/plan/node_vms.h"
#include "host/process/kernel_log.h"

/* Of the kernel's log, about one device. */
#define LOG_LINES 3

/* ---- where it is instead ---- */

/* Whether a VM that had these devices, and names the address, means what is there now. */
static bool means(const struct identity_device *known, size_t n_known, const struct bdf *bdf,
		  const struct pci_identity *now)
{
	for (size_t i = 0; i < n_known; i++)
		if (!bdf_compare(&known[i].bdf, bdf))
			return pci_identity_alike(&known[i].identity, now);
	return true;
}

static bool names(const struct node_vms *vms, const struct node_vm *vm, const struct bdf *bdf)
{
	bool named = !vm->config;

	for (size_t e = 0; !named && e < HOSTPCI_MAX; e++)
		named = node_vms_name(vms, vm->config, e, bdf);
	return named;
}

/* Whether what is at the address is the own device of that VM; unknown is as good as that. */
static bool is_of(const struct fs_root *root, const struct node_vms *vms, const struct node_vm *vm,
		  const struct bdf *bdf, const struct pci_identity *now)
{
	auto_free struct identity_device *known = NULL;
	auto_free char *why = NULL;
	size_t n_known = 0;

	if (!names(vms, vm, bdf))
		return false;
	return identity_read(root, vm->vmid, &known, &n_known, &why) ||
	       means(known, n_known, bdf, now);
}

static bool is_taken(const struct fs_root *root, const struct facts *facts,
		     const struct node_vms *vms, const struct bdf *bdf,
		     const struct pci_identity *now)
{
	for (size_t i = 0; i < vms->n; i++)
		if (vms->items[i].vmid != facts->vmid && is_of(root, vms, &vms->items[i], bdf, now))
			return true;
	return false;
}

/* Leaves of those that are like the moved one only what is no VM's own. */
static int leave_free(const struct fs_root *root, const struct facts *facts,
		      const struct identity_device *known, size_t n_known,
		      struct moved_device *moved)
{
	auto_node_vms struct node_vms vms = {0};
	int err = moved->n_alike ? node_vms_read(root, &vms) : 0;

	moved->n_now = 0;
	for (size_t i = 0; !err && i < moved->n_alike; i++) {
		const struct bdf *bdf = &moved->now[i];

		if ((facts_name_by_address(facts, bdf) &&
		     means(known, n_known, bdf, &moved->was)) ||
		    is_taken(root, facts, &vms, bdf, &moved->was))
			continue;
		moved->now[moved->n_now++] = *bdf;
	}
	return err == -ENOMEM ? err : 0;
}

static int add_moved(const struct fs_root *root, struct facts *facts,
		     const struct identity_device *list, size_t n,
		     const struct identity_device *known, const struct identity_device *there)
{
	struct moved_device *moved;
	int err;

	if (!array_grow(facts->moved, facts->n_moved))
		return -ENOMEM;
	moved = &facts->moved[facts->n_moved++];
	*moved = (struct moved_device){.bdf = known->bdf, .was = known->identity, .absent = !there};
	if (there)
		moved->is = there->identity;
	err = identity_find(root, &known->identity, &moved->now, &moved->n_alike);
	return err ?: leave_free(root, facts, list, n, moved);
}

/* ---- what is known ---- */

static bool names_one(const struct hostpci_address *address, const struct identity_device *list,
		      size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (hostpci_address_names(address, &list[i].bdf))
			return true;
	return false;
}

/* Whether at each address of the VM with a device now, one is known. A function more in a known
 * slot is no other device. */
static bool all_known(const struct facts *facts, const struct identity_device *known,
		      size_t n_known, const struct identity_device *now, size_t n_now)
{
	for (size_t i = 0; i < facts->n_candidates; i++) {
		const struct candidate *candidate = &facts->candidates[i];

		for (size_t k = 0; !candidate->mapping && k < candidate->n_addresses; k++)
			if (names_one(&candidate->addresses[k], now, n_now) &&
			    !names_one(&candidate->addresses[k], known, n_known))
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

int facts_read_moved(const struct fs_root *root, struct facts *facts)
{
	auto_free struct identity_device *known = NULL, *now = NULL;
	size_t n_known = 0, n_now;
	int err = facts->vmid ? identity_read(root, facts->vmid, &known, &n_known,
					      &facts->identity_error)
			      : 0;

	facts->identity_err = err;
	if (err)
		return facts->identity_error ? 0 : -ENOMEM;
	if (!n_known)
		return 0;
	now = facts_list_known(facts, &n_now);
	if (!now)
		return -ENOMEM;
	facts->known_here = all_known(facts, known, n_known, now, n_now);
	for (size_t i = 0; !err && i < n_known; i++) {
		const struct identity_device *there = NULL;

		if (!facts_name_by_address(facts, &known[i].bdf) ||
		    identity_compare(&known[i], now, n_now, &there) == IDENTITY_SAME)
			continue;
		err = add_moved(root, facts, known, n_known, &known[i], there);
	}
	return err ?: read_logs(root, facts);
}
