/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving back: the phase post-stop, and `restore`. */
#ifndef HOOKSCRIPT_PHASES_STOP_H
#define HOOKSCRIPT_PHASES_STOP_H

#include "hookscript/settings/settings.h"
#include "host/base/fs.h"

/* Each returns the program's exit code (hookscript/pve/exit.h) and reports what was done. */

/*
 * post-stop: gives back every device recorded for the VM, whatever its config says by now.
 * Settings that could not be read are a warning. Continues past a device that fails.
 */
int stop_post_stop(const struct fs_root *root, unsigned int vmid, const struct settings *settings);

/* `restore VMID`: the same, by hand; refused while the VM runs or is being started or stopped. */
int stop_restore(const struct fs_root *root, unsigned int vmid);

/* `restore --all`: the same for every VM that neither runs nor is being started or stopped. */
int stop_restore_all(const struct fs_root *root);

#endif
