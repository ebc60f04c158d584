/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot loaders' own tools say about this boot: `bootctl status` and `proxmox-boot-tool
 * status`. Both are asked only when what they read themselves (the EFI variables, and the list of
 * proxmox-boot-tool's ESPs) leaves the case unclear: bootctl repeats the variable LoaderInfo,
 * proxmox-boot-tool mounts each ESP to see what is on it, and neither may keep a clear case from
 * being decided by hanging or by being broken.
 */
#ifndef HOST_SETUP_BOOT_BOOTTOOLS_H
#define HOST_SETUP_BOOT_BOOTTOOLS_H

#include "host/base/base.h"

/* What one of them said. */
struct boottools_answer {
	bool grub, systemd_boot; /* which loader it speaks for; both: it does not decide */
	char *line;		 /* the line it said so in; NULL: it said nothing of it */
};

/* Reads "Product:" below "Current Boot Loader:" in the text of `bootctl status`. Pure. Returns 0 or
 * -ENOMEM. */
int boottools_parse_bootctl(const char *text, struct boottools_answer *ret) must_check;

/*
 * Reads the lines "UUID is configured with: uefi (...), grub (...)" of `proxmox-boot-tool status`:
 * "uefi" is systemd-boot. A host that was started by a legacy BIOS was started by GRUB, whatever
 * else is on its ESPs. Pure. Returns 0 or -ENOMEM.
 */
int boottools_parse_proxmox(const char *text, struct boottools_answer *ret) must_check;

/* Asks the running system's tools, where they are there, for a few seconds each at most. One that
 * cannot be asked says nothing. Returns 0 or -ENOMEM. */
int boottools_ask_bootctl(struct boottools_answer *ret) must_check;
int boottools_ask_proxmox(struct boottools_answer *ret) must_check;

void boottools_free(struct boottools_answer *answer);

#define auto_boottools cleanup_with(boottools_free)

#endif
