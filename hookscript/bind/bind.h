/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes devices and gives them back: one worker for each slot, all slots at once. */
#ifndef HOOKSCRIPT_BIND_BIND_H
#define HOOKSCRIPT_BIND_BIND_H

#include "hookscript/plan/plan.h"

/*
 * Takes every device of the plan, whose records are claimed for the VM, until DEADLINE
 * (host/base/clock.h). Reports what was done and what failed. Returns 0 when all are on vfio-pci;
 * -ETIMEDOUT when the kernel still holds a worker then; -EIO or -errno for another failure. What
 * was taken by then stays taken: give it back.
 */
int bind_take(const struct fs_root *root, unsigned int vmid, int64_t deadline,
	      const struct plan *plan) must_check;

/* How bind_give_back() is to be done; 0 for each: as at a stop. */
struct bind_how {
	int *lock;    /* a lock that is closed, and made -1, before anything slow; NULL: none */
	int limit_ms; /* how long it may last; 0: what the records say */
};

/*
 * Makes the devices, in order of address, what their records say, if those are the VM's; continues
 * after a failure. The claims that the records have now decide: what a start claims later is not
 * touched. Reports what was done and what failed. Returns how many devices could not be given back;
 * their records stay.
 */
size_t bind_give_back(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		      size_t n_devices, const struct bind_how *how) must_check;

/* Writes spare records of the devices, in order of address, within SECONDS. Returns 0 or the -errno
 * of a device without one, which is reported. */
int bind_write_spares(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		      size_t n_devices, int seconds) must_check;

/* Removes the ids of the devices from vfio-pci's new_id (bind_forget_id()). Returns as above. */
int bind_forget_ids(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		    size_t n_devices) must_check;

#endif
