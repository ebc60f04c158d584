/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plan -> machine, records -> machine. Workers do the writes, one for each slot, slots in parallel,
 * the functions of a slot in order; what they did, or failed to do, is said here.
 */
#ifndef HOOKSCRIPT_APPLY_H
#define HOOKSCRIPT_APPLY_H

#include "hookscript/plan.h"
#include "hookscript/settings.h"

/*
 * Binds the plan's devices, claimed before, to vfio-pci, within the settings' deadline. Says what
 * was done and what failed. Returns 0, or -EIO when any device failed; giving back is the caller's.
 */
int apply_take(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
	       const struct plan *plan) must_check;

/*
 * Gives devices that are recorded for the VM back to what their records say, and removes the
 * records of those that are so again. A device that fails keeps its record, and the others go on.
 * DEVICES are in order of address. Says what was done and what failed. Returns how many failed, or
 * -errno when it could not begin.
 */
int apply_give_back(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		    size_t n_devices) must_check;

/*
 * Gives back every device that is recorded for the VM. LOCK is closed (-1: there is none) as soon
 * as it is settled which claims are meant, before the first write: what a start claims afterwards
 * is not touched. Returns as above; none recorded is 0.
 */
int apply_give_back_all(const struct fs_root *root, unsigned int vmid, int lock) must_check;

/*
 * The addresses recorded for the VM, in order. Records that cannot be read are said and counted in
 * *ret_unreadable (may be NULL). Returns 0 with a new array (the caller frees it), or -errno.
 */
int apply_list_recorded(const struct fs_root *root, unsigned int vmid, struct bdf **ret,
			size_t *ret_n, size_t *ret_unreadable) must_check;

#endif
