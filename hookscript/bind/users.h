/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services and containers of the host that use a VM's devices: what the settings name in stop_units
 * and stop_ct is stopped before the devices are taken, and started when they are back. What was
 * stopped is noted in /run/pve-passthrough/records/VMID.users until it runs again, so that a crash
 * in between does not lose it.
 */
#ifndef HOOKSCRIPT_BIND_USERS_H
#define HOOKSCRIPT_BIND_USERS_H

#include "hookscript/plan/plan.h"

/*
 * Notes which of them run, for every device of the plan, stops those, and reports it. Returns 0
 * with *RET_STOPPED true when something was stopped; -errno, reported, when one did not stop: then
 * start them again with users_return().
 */
int users_stop(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
	       const struct plan *plan, bool *ret_stopped) must_check;

/* Starts what was stopped for the VM and is noted, unless devices are still recorded for it. What
 * does not start is reported, and not retried. */
void users_return(const struct fs_root *root, unsigned int vmid);

/* Whether something is noted for the VM; also when that cannot be read. */
bool users_are_noted(const struct fs_root *root, unsigned int vmid);

#endif
