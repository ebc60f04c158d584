/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host is configured to do at its next boot: the kernel command line, the modules loaded,
 * and what keeps an IOMMU from being used; each with the file and line that it comes from. Only the
 * configuration is read, not the boot entries that update-grub and the like make of it
 * (bootplace.h).
 */
#ifndef HOST_SETUP_BOOT_BOOTCFG_H
#define HOST_SETUP_BOOT_BOOTCFG_H

#include "host/setup/loader/bootloader.h"
#include "host/setup/boot/edit.h"
#include "host/setup/conf/grubcfg.h"
#include "host/setup/conf/modconf.h"

struct bootcfg {
	struct conf_items words;	  /* of the kernel command line of a normal boot entry */
	struct conf_items modules;	  /* loaded at boot; with '_' for '-' */
	struct conf_items contradictions; /* what has an effect against passthrough, and keeps it */
	struct conf_items options;	  /* lines "options ..." of modprobe.d, of any module */
	struct grubcfg_unclear unclear;	  /* of GRUB's settings; then words is empty */
	bool missing;			  /* there is none of the files that have the words */
};

/*
 * Reads it all for the given boot loader, as the edits will leave it. A file that does not exist is
 * an empty one. The words are those that reach the kernel: proxmox-boot-tool takes the first line
 * of etc/kernel/cmdline, or else those of /proc/cmdline; kernel-install joins the lines of
 * etc/kernel/cmdline, or else of usr/lib/kernel/cmdline, or else takes those of /proc/cmdline
 * (proxmox-kernel-helper: zz-proxmox-boot; systemd: 90-loaderentry.install); another loader is
 * taken to do what it did at this boot. Returns 0 (free with bootcfg_free()) or -errno.
 */
int bootcfg_read(const struct edits *edits, const struct bootloader *bootloader,
		 struct bootcfg *ret) must_check;

/* What a word of the kernel command line by itself, or a line of modprobe.d, does against
 * passthrough, in words; NULL: nothing. */
const char *bootcfg_effect(const char *text);

/* The files that grub-mkconfig reads, in its order, there or not: etc/default/grub, and those of
 * etc/default/grub.d. Returns 0 or -errno. */
int bootcfg_grub_files(const struct edits *edits, struct fs_names *ret) must_check;

/*
 * The files of GRUB's settings that mention the variables of the kernel command line: "/etc/a,
 * /etc/b". Returns 0 with a new string, or -errno.
 */
int bootcfg_grub_setters(const struct fs_root *root, char **ret) must_check;

/*
 * The lines of GRUB's settings that are read after FILE ("etc/default/grub.d/...") and set
 * GRUB_CMDLINE_LINUX_DEFAULT without the value that it has. Read as text: a line that is not
 * reached counts, too. Adds to *RET; returns 0 or -errno.
 */
int bootcfg_grub_later(const struct edits *edits, const char *file,
		       struct conf_items *ret) must_check;

/* The line that loads MODULE at boot ('-' and '_' are the same); NULL when none does. */
const struct conf_item *bootcfg_module(const struct bootcfg *bootcfg, const char *module);

/* The line of modprobe.d that sets MODULE's boolean OPTION last, when it sets it to true; else
 * NULL. */
const struct conf_item *bootcfg_option(const struct bootcfg *bootcfg, const char *module,
				       const char *option);

/* Whether vfio may pass devices through without interrupt remapping: allow_unsafe_interrupts is set
 * in modprobe.d or on the kernel command line. */
bool bootcfg_allows_unsafe(const struct bootcfg *bootcfg);

void bootcfg_free(struct bootcfg *bootcfg);

#define auto_bootcfg cleanup_with(bootcfg_free)

#endif
