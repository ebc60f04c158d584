/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of a mapping with several devices Proxmox VE takes the first that it can reserve, and it decides
 * after pre-start. What it may take instead is looked at before it can have touched it; once the VM
 * runs, what it did take is recorded, and what was taken for nothing goes back.
 */
#ifndef HOOKSCRIPT_SPARES_H
#define HOOKSCRIPT_SPARES_H

#include "hookscript/plan.h"

/*
 * At pre-start, after the plan's devices are claimed: writes spare records of the other
 * alternatives and of all that is in their groups. Says what failed; the start goes on then.
 */
void spares_keep(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
		 const struct plan *plan, const struct selection *selection);

/* At post-start: compares with Proxmox VE's reservations, and makes that good. Returns the
 * program's exit code. */
int spares_settle(const struct fs_root *root, unsigned int vmid);

/* The start has failed, or the VM has ended: nothing of them is needed any more. */
void spares_forget(const struct fs_root *root, unsigned int vmid);

#endif
