/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds devices at boot: a script that initramfs-tools runs before udev's, and its hook, which
 * puts what the script needs into the initramfs. Both are complete in themselves, so that a host
 * boots in the same way when the package is gone. (initramfs-tools(7))
 */
#ifndef HOST_SETUP_EARLY_EARLY_SCRIPT_H
#define HOST_SETUP_EARLY_EARLY_SCRIPT_H

#include "host/pci/early/early_conf.h"

/* initramfs-tools sorts scripts that need no other by name: this one comes before "udev". */
#define EARLY_SCRIPT_NAME "00-pve-passthrough"
#define EARLY_SCRIPT_DIR  "etc/initramfs-tools/scripts/init-top"
#define EARLY_SCRIPT_PATH EARLY_SCRIPT_DIR "/" EARLY_SCRIPT_NAME
#define EARLY_HOOK_DIR	  "etc/initramfs-tools/hooks"
#define EARLY_HOOK_PATH	  EARLY_HOOK_DIR "/pve-passthrough"

/* The first line after "#!", by which our files are known. */
#define EARLY_MARK "# Written by `host-setup early`"

/* The script for the entries of LIST. Returns a new string, or NULL without memory. */
char *early_script_text(const struct early_list *list) must_check;

/* The hook; static text. */
const char *early_hook_text(void);

#endif
