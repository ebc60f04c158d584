/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which boot loader starts this host, and what makes a change of its configuration take effect.
 * The judge is how the host booted: what the loader left in the EFI variable LoaderInfo (Boot
 * Loader Interface, systemd.io/BOOT_LOADER_INTERFACE) and what it put on the kernel command line;
 * where these are silent or at odds, Secure Boot and the loaders' own tools (boottools.h) are asked
 * too. Not which loaders' files lie around: only a root that is not running is judged by what is
 * installed.
 */
#ifndef HOST_SETUP_BOOT_BOOTLOADER_H
#define HOST_SETUP_BOOT_BOOTLOADER_H

#include "host/base/fs.h"

enum bootloader_kind {
	BOOTLOADER_GRUB,	 /* configured by etc/default/grub and etc/default/grub.d */
	BOOTLOADER_SYSTEMD_BOOT, /* configured by etc/kernel/cmdline */
};

/* More commands than this are never needed: one for each installed kernel. */
#define BOOTLOADER_COMMANDS_MAX 32

struct bootloader {
	enum bootloader_kind kind;
	bool proxmox_boot_tool; /* it keeps the ESPs listed in etc/kernel/proxmox-boot-uuids */
	char *refresh[BOOTLOADER_COMMANDS_MAX]; /* words separated by single spaces, no quoting */
	size_t n_refresh;
	char *evidence; /* what it was judged by, one finding a line */
};

/*
 * Finds it out. OVERRIDE is NULL, or "grub" or "systemd-boot", which decides. Returns 0 (free with
 * bootloader_free()); -EINVAL for another override; -ENOTUNIQ when the findings contradict each
 * other or say too little; -errno. With -EINVAL and -ENOTUNIQ *ret_why (freed by the caller) is a
 * new text for people: what speaks for which, and the cure; otherwise it is untouched.
 */
int bootloader_detect(const struct fs_root *root, const char *override, struct bootloader *ret,
		      char **ret_why) must_check;

/* "GRUB", "systemd-boot" */
const char *bootloader_name(enum bootloader_kind kind);

/* The file that its configured kernel command line is read from (a directory beside it may add). */
const char *bootloader_config_file(enum bootloader_kind kind);

void bootloader_free(struct bootloader *bootloader);

#define auto_bootloader cleanup_with(bootloader_free)

#endif
