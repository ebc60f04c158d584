/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `accept VMID`: what is at the VM's addresses now are the right devices
 * (hookscript/records/identity.h).
 */
#ifndef HOOKSCRIPT_VERBS_ACCEPT_H
#define HOOKSCRIPT_VERBS_ACCEPT_H

#include "host/base/fs.h"

/*
 * Keeps the devices that are now where the VM's host= and args say, in place of those known so far,
 * and says what changed. Nothing but that file is written. Returns the program's exit code
 * (hookscript/pve/exit.h).
 */
int accept_devices(const struct fs_root *root, unsigned int vmid);

#endif
