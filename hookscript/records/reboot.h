/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a VM's devices when it has stopped. `qm reboot` stops a VM and starts it again:
 * its devices stay taken in between. Proxmox VE removes its own note of that before it starts the
 * VM, so one of ours says that a start is to come.
 */
#ifndef HOOKSCRIPT_RECORDS_REBOOT_H
#define HOOKSCRIPT_RECORDS_REBOOT_H

#include "hookscript/settings/settings.h"
#include "host/base/fs.h"

enum after_stop {
	AFTER_STOP_RETURN, /* the devices go back to the host */
	AFTER_STOP_START,  /* `qm reboot`: the next start needs them, if it comes in time */
	AFTER_STOP_KEEP,   /* the host shuts down, and no driver is to be disturbed on the way */
};

/* Tells which, by SETTINGS or, with NULL, by those of the VM; notes a reboot that has just begun.
 * *RET_LEFT_MS: how long its start may still take. */
enum after_stop reboot_after_stop(const struct fs_root *root, unsigned int vmid,
				  const struct settings *settings, int *ret_left_ms);

/* Removes the note: the start has come, whatever came of it. None is success. Returns 0 or -errno.
 */
int reboot_forget(const struct fs_root *root, unsigned int vmid) must_check;

/* For how many milliseconds the start may still be waited for: 0 when it has not come in time, -1
 * when there is no note. */
int reboot_left_ms(const struct fs_root *root, unsigned int vmid);

#endif
