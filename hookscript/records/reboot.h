/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to do with a VM's devices when it has stopped. `qm reboot` stops a VM and starts it again:
 * its devices stay taken in between. Proxmox VE removes its own note of the reboot before it starts
 * the VM, so this program keeps one, too.
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

/* Returns which, by SETTINGS or, with NULL, by those of the VM; notes a reboot that has just begun.
 * *RET_LEFT_MS: how long its start may still take. */
enum after_stop reboot_after_stop(const struct fs_root *root, unsigned int vmid,
				  const struct settings *settings, int *ret_left_ms);

/* Removes the note, as the start has come. No note is success. Returns 0 or -errno. */
int reboot_forget(const struct fs_root *root, unsigned int vmid) must_check;

/* How many milliseconds are left to wait for the start: 0 when it is overdue, -1 when there is no
 * note. */
int reboot_left_ms(const struct fs_root *root, unsigned int vmid);

#endif
