/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `qm reboot` stops a VM and starts it again: its devices stay taken in between. Proxmox VE takes
 * its own note of that away before it starts the VM, so one of ours says that a start is to come.
 */
#ifndef HOOKSCRIPT_REBOOT_H
#define HOOKSCRIPT_REBOOT_H

#include "host/fs.h"

/* Notes, at its stop, that VM VMID is to start again; a note that is there stays. Returns 0 or
 * -errno. */
int reboot_note(const struct fs_root *root, unsigned int vmid) must_check;

/* Removes the note: the start has come, whatever came of it. None is success. Returns 0 or -errno.
 */
int reboot_forget(const struct fs_root *root, unsigned int vmid) must_check;

/* For how many milliseconds the start may still be waited for: 0 when it has not come in time, -1
 * when there is no note. */
int reboot_left_ms(const struct fs_root *root, unsigned int vmid);

#endif
