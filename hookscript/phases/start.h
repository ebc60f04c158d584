/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The phase pre-start: check all, then take the VM's devices, or refuse and touch nothing. */
#ifndef HOOKSCRIPT_PHASES_START_H
#define HOOKSCRIPT_PHASES_START_H

#include "hookscript/settings/settings.h"
#include "host/base/fs.h"

/* Each returns the program's exit code (hookscript/pve/exit.h) and reports what was done or is
 * wrong. */

/* pre-start. Taken devices stay taken when this returns EXIT_DONE; otherwise they have been given
 * back. */
int start_pre_start(const struct fs_root *root, unsigned int vmid, const struct settings *settings);

/* pre-start has succeeded, and the VM is not started all the same: gives back what it took. Returns
 * EXIT_FAILED. */
int start_undo(const struct fs_root *root, unsigned int vmid, const struct settings *settings);

/* `plan VMID`: the same checks for the VM's next start, and what it would take, on standard output.
 * Changes nothing. */
int start_plan(const struct fs_root *root, unsigned int vmid);

#endif
