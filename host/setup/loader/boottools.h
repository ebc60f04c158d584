/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot loaders' own tools report of this boot: `bootctl status` and `proxmox-boot-tool
 * status`. They are only asked when what they read themselves (the EFI variables, and the list of
 * proxmox-boot-tool's ESPs) leaves the case unclear, so that a clear case does not depend on them.
 */
#ifndef HOST_SETUP_LOADER_BOOTTOOLS_H
#define HOST_SETUP_LOADER_BOOTTOOLS_H

#include "host/base/fs.h"

/* What one of them reports. */
struct boottools_answer {
	bool grub, systemd_boot; /* which loader; both: it does not decide */
	char *line;		 /* the line with that; NULL: there is none */
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

/* Asks both, of a capture what they said there, for a few seconds each at most. One that is not
 * there or fails reports nothing. Returns 0 or -ENOMEM. */
int boottools_ask(const struct fs_root *root, struct boottools_answer *bootctl,
		  struct boottools_answer *proxmox) must_check;

void boottools_free(struct boottools_answer *answer);

#define auto_boottools cleanup_with(boottools_free)

#endif
