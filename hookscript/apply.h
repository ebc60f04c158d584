/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan -> machine, records -> machine: by one worker for each slot, slots in parallel. */
#ifndef HOOKSCRIPT_APPLY_H
#define HOOKSCRIPT_APPLY_H

#include "hookscript/claim.h"
#include "hookscript/plan.h"

/*
 * Takes every device of the plan, whose records are claimed for the VM, until DEADLINE
 * (host/clock.h). CLAIMS are used up: what they have need not be read again. Says what was done and
 * what failed. Returns 0 when all are on vfio-pci; -ETIMEDOUT when the kernel still holds a worker
 * then; -EIO for another failure; -errno. What was taken by then stays taken: give it back.
 */
int apply_take(const struct fs_root *root, unsigned int vmid, int64_t deadline,
	       const struct plan *plan, struct claims *claims) must_check;

/* How apply_give_back() is to be done; 0 for each: as at a stop. */
struct give_back {
	int *lock;    /* a lock that is closed, and made -1, before anything slow; NULL: none */
	int limit_ms; /* how long it may last; 0: what the records say */
};

/*
 * Makes the devices, in order of address, what their records say, if those are the VM's; goes on
 * past a failure. What is given back is settled by the claims that the records have now: what a
 * start claims later is not touched. Says what was done and what failed. Returns how many devices
 * could not be given back (their records stay), or -errno.
 */
int apply_give_back(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		    size_t n_devices, const struct give_back *how) must_check;

/* Writes spare records of the devices, in order of address, within SECONDS. Returns 0, or the
 * -errno of a device of which there is none then, having said so. */
int apply_see(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
	      size_t n_devices, int seconds) must_check;

/* Has vfio-pci forget the ids of the devices (hookscript/job.h, job_forget_ids()). Returns as
 * above. */
int apply_forget_ids(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		     size_t n_devices) must_check;

/*
 * The addresses recorded for the VM, in order; what cannot be understood as apply_leave_others().
 * Returns 0 and a new array in *ret (the caller frees it), or -errno.
 */
int apply_list_recorded(const struct fs_root *root, unsigned int vmid, struct bdf **ret,
			size_t *ret_n) must_check;

/*
 * Leaves out of the N devices, which have records, those recorded for other VMs: the rest is at the
 * front afterwards, in order. A record that cannot be understood is set aside as BDF.broken, aloud.
 * Returns how many are left.
 */
size_t apply_leave_others(const struct fs_root *root, unsigned int vmid, struct bdf *devices,
			  size_t n);

/*
 * Leaves out of the N devices those on which a worker works, or in whose driver it hangs: the rest
 * is at the front afterwards, in order. Returns how many that are.
 */
size_t apply_leave_busy(const struct fs_root *root, struct bdf *devices, size_t n);

#endif
