/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which boot loader starts this host, and what makes a change of its configuration take effect. It
 * is told by how the host booted: by the EFI variable LoaderInfo (Boot Loader Interface,
 * systemd.io/BOOT_LOADER_INTERFACE) and the kernel command line; where these say nothing or
 * contradict each other, also by Secure Boot and the loaders' own tools (boottools.h). What is
 * installed decides only for a root that is not running, and between systemd-boot and a loader that
 * writes the same command line where the EFI variables cannot be read. GRUB and systemd-boot are
 * edited, others are only recognised (otherloader.h).
 */
#ifndef HOST_SETUP_LOADER_BOOTLOADER_H
#define HOST_SETUP_LOADER_BOOTLOADER_H

#include "host/setup/loader/otherloader.h"

enum bootloader_kind {
	BOOTLOADER_GRUB,	 /* configured by etc/default/grub and etc/default/grub.d */
	BOOTLOADER_SYSTEMD_BOOT, /* configured by etc/kernel/cmdline */
	BOOTLOADER_OTHER,	 /* its configuration is not edited: otherloader.h */
};

struct bootloader {
	enum bootloader_kind kind;
	struct fs_names esps;	 /* the UUIDs of those that proxmox-boot-tool keeps */
	struct fs_names refresh; /* commands: words separated by single spaces, no quoting */
	char *evidence;		 /* what it was judged by, one finding a line */
	bool image; /* BOOTLOADER_SYSTEMD_BOOT: without it, by a unified kernel image */
	struct otherloader other; /* for BOOTLOADER_OTHER */
};

/*
 * Detects it. OVERRIDE is NULL, or "grub" or "systemd-boot", which decides. Returns 0 (free with
 * bootloader_free()); -EINVAL for another override; -ENOTUNIQ when the findings contradict each
 * other or say too little; -errno. With -EINVAL and -ENOTUNIQ *ret_why (freed by the caller) is a
 * new text for people: the findings, and the cure; otherwise it is untouched.
 */
int bootloader_detect(const struct fs_root *root, const char *override, struct bootloader *ret,
		      char **ret_why) must_check;

/* "GRUB", "systemd-boot", "another boot loader" */
const char *bootloader_name(enum bootloader_kind kind);

/* The same, of another boot loader its own name: "rEFInd 0.14.0". */
const char *bootloader_title(const struct bootloader *bootloader);

/* The file that its configured kernel command line is read from (a directory beside it may add);
 * NULL for BOOTLOADER_OTHER. */
const char *bootloader_config_file(enum bootloader_kind kind);

void bootloader_free(struct bootloader *bootloader);

#define auto_bootloader cleanup_with(bootloader_free)

#endif
