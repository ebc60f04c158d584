/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watcher: gives a VM's devices back when Proxmox VE does not call post-stop, as when a start
 * fails after pre-start, when the VM's cleanup does not get the config lock, or when qmeventd does
 * not run.
 */
#ifndef HOOKSCRIPT_WATCH_H
#define HOOKSCRIPT_WATCH_H

#include "host/base/fs.h"

/*
 * Starts a watcher for the VM, before the first record is written: a process of its own session
 * that has nothing of the caller's. Where the unit pve-passthrough-watch@VMID.service is installed,
 * that process has systemd start it, and ends. A failure is reported. On a root that is not the
 * running system: nothing.
 */
void watch_start(const struct fs_root *root, unsigned int vmid);

/*
 * `watch VMID`: sleeps until the task that has the VM locked is done; then, while the VM runs,
 * until it ends; and then gives back what is still recorded for it. Ends when nothing is. Returns
 * the program's exit code.
 */
int watch_run(const struct fs_root *root, unsigned int vmid);

#endif
