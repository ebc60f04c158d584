/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs that change nothing: `status`, `config`, `settings` and `log`. */
#ifndef HOOKSCRIPT_VERBS_SHOW_H
#define HOOKSCRIPT_VERBS_SHOW_H

#include "host/base/fs.h"

/* Each returns the program's exit code (hookscript/pve/exit.h) and prints its answer on standard
 * output. */

/* `status`: which devices are taken, for which VM, from which driver, and which they have now; and
 * whether the VMs run. */
int show_status(const struct fs_root *root);

/* `config VMID`: what was understood of the VM's config; dropped lines on standard error. RAW: for
 * programs (vmcfg_describe_raw()). */
int show_config(const struct fs_root *root, unsigned int vmid, bool raw);

/*
 * `settings VMID`: what the settings files come to for that VM, which need not exist, and where
 * each value comes from. The text is itself good as a node's settings file.
 */
int show_settings(const struct fs_root *root, unsigned int vmid);

/*
 * `log`: executes journalctl(1), which shows all messages about the VM, newest last. Without a
 * journal it reports where else to look.
 */
int show_log(const struct fs_root *root, unsigned int vmid);

#endif
