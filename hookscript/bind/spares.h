/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of a mapping with several devices Proxmox VE takes the first that it can reserve, and it decides
 * after pre-start. The before-image of what it may take instead is saved at pre-start; once the VM
 * runs, what it took is recorded, and what was taken for nothing is given back.
 */
#ifndef HOOKSCRIPT_BIND_SPARES_H
#define HOOKSCRIPT_BIND_SPARES_H

#include "hookscript/plan/plan.h"

/*
 * At pre-start, after the plan's devices are claimed: writes spare records of the other
 * alternatives and of all that is in their groups. A failure is reported. Returns 0, also when the
 * start goes on after a failure; or -errno: the settings want something of one of them.
 */
int spares_keep(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
		const struct plan *plan, const struct facts *facts) must_check;

/*
 * At post-start, by Proxmox VE's reservations: records what it took; and then gives back what was
 * taken for nothing. Each may be called again, and returns the program's exit code.
 */
int spares_record_choice(const struct fs_root *root, unsigned int vmid);
int spares_return_needless(const struct fs_root *root, unsigned int vmid);

/* Whether there are some, or that cannot be read. */
bool spares_are_kept(const struct fs_root *root, unsigned int vmid);

/* Removes the VM's spare records: post-start is done, its start has failed, or it has ended. */
void spares_forget(const struct fs_root *root, unsigned int vmid);

#endif
