/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another hookscript of the VM: Proxmox VE runs only one, so this one runs it (next = … in the
 * settings). */
#ifndef HOOKSCRIPT_BIND_NEXT_H
#define HOOKSCRIPT_BIND_NEXT_H

#include "hookscript/settings/settings.h"

/*
 * Runs it, if SETTINGS name one, as Proxmox VE would: with the VM's number and the phase, without a
 * shell, its output where ours goes. Returns 0, also when there is none; or -errno, reported: -EIO
 * when it failed.
 */
int next_run(const struct fs_root *root, const struct settings *settings, unsigned int vmid,
	     const char *phase) must_check;

#endif
