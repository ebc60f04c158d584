/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes devices and gives them back: one worker for each slot, all slots at once. */
#ifndef HOOKSCRIPT_BIND_BIND_H
#define HOOKSCRIPT_BIND_BIND_H

#include "hookscript/plan/plan.h"
#include "hookscript/records/recorded.h"

/*
 * Takes every device of the plan, whose records are claimed for the VM, until DEADLINE
 * (host/base/clock.h). Reports what was done and what failed. Returns 0 when all are on vfio-pci;
 * -ETIMEDOUT when the kernel still holds a worker then; -EAGAIN, unreported, when a device has
 * another driver than it was planned with: plan again; -EIO or -errno for another failure. What
 * was taken by then stays taken: give it back.
 */
int bind_take(const struct fs_root *root, unsigned int vmid, int64_t deadline,
	      const struct plan *plan) must_check;

/*
 * Makes the devices what these records of the VM say; continues after a failure. A device that a
 * newer start has claimed since they were read is not touched. LIMIT_MS: how long it may last; 0:
 * what the records say. Reports what was done and what failed; starts again what was stopped for
 * the devices when no record of the VM is left. Returns how many devices could not be given back;
 * their records stay. RAN: the VM has run with them, so it is counted whether they came back
 * (hookscript/records/returns.h).
 */
size_t bind_give_back(const struct fs_root *root, unsigned int vmid,
		      const struct recorded *recorded, int limit_ms, bool ran) must_check;

/* A virtual function, and what is wanted of it. */
struct bind_vf {
	struct bdf bdf;
	struct bdf pf;
	struct vf_net wanted;	 /* in the fields that it knows */
	const struct bdf *vf_of; /* where MACs of guests are entered; NULL: nowhere */
	int err;		 /* what came of it */
};

/*
 * Writes spare records of the devices, in order of address, within SECONDS: with what is kept for a
 * VF in the fields that are wanted of it. Returns 0 or the -errno of a device without one, which is
 * reported.
 */
int bind_write_spares(const struct fs_root *root, unsigned int vmid, const struct bind_vf *devices,
		      size_t n_devices, int seconds) must_check;

/*
 * Sets what is wanted of VFs that the VM runs with, and whose records it has, within SECONDS; what
 * was before is recorded first. Sets their err, of which the first is returned. Reports what was
 * set or, with FAILURES, what was not.
 */
int bind_follow_vfs(const struct fs_root *root, unsigned int vmid, struct bind_vf *vfs, size_t n,
		    int seconds, bool failures) must_check;

/* Disables the link of a VF for which that failed, and reports it. */
void bind_disable_vf(const struct fs_root *root, unsigned int vmid, struct bind_vf *vf,
		     int seconds);

/* Removes the ids that the records say are in vfio-pci's new_id (bind_forget_id()). Returns as
 * above. */
int bind_forget_ids(const struct fs_root *root, unsigned int vmid,
		    const struct recorded *recorded) must_check;

#endif
