// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices that are not where they were at the VM's last start. */
#include "hookscript/plan/facts_state.h"

#include "host/process/kernel_log.h"

/* Of the kernel's log, about one device. */
#define LOG_LINES 3

static int add_moved(const struct fs_root *root, struct facts *facts,
		     const struct identity_device *known, const struct identity_device *there)
{
	struct moved_device *moved;

	if (!array_grow(facts->moved, facts->n_moved))
		return -ENOMEM;
	moved = &facts->moved[facts->n_moved++];
	*moved = (struct moved_device){.bdf = known->bdf, .was = known->identity, .absent = !there};
	if (there)
		moved->is = there->identity;
	return identity_find(root, &known->identity, &moved->now, &moved->n_now);
}

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

/* What the kernel's log says of those that are nowhere. */
static int read_logs(const struct fs_root *root, struct facts *facts)
{
	int err = 0;

	for (size_t i = 0; !err && i < facts->n_moved; i++) {
		struct moved_device *moved = &facts->moved[i];

		if (moved->absent && !moved->n_now)
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
		err = add_moved(root, facts, &known[i], there);
	}
	return err ?: read_logs(root, facts);
}
