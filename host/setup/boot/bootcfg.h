/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host is configured to do at its next boot: the kernel command line, the modules loaded,
 * and what stands in the way of an IOMMU; each with the file and line it comes from. Only files are
 * read: whether the boot loader has been told (update-grub) is another question.
 */
#ifndef HOST_SETUP_BOOT_BOOTCFG_H
#define HOST_SETUP_BOOT_BOOTCFG_H

#include "host/setup/boot/bootloader.h"
#include "host/setup/boot/cmdline.h"
#include "host/setup/boot/grubcfg.h"
#include "host/setup/boot/modconf.h"

struct bootcfg {
	struct cmdline
		words; /* the kernel command line of a normal boot entry, as far as configured */
	struct bootcfg_lines modules; /* loaded at boot; '-' is spelled '_' */
	struct bootcfg_lines contradictions;
	struct bootcfg_lines options;	/* "options ..." lines of modprobe.d, about any module */
	struct grubcfg_unclear unclear; /* of GRUB's settings; then no words are known from them */
};

/*
 * Reads it all for the given boot loader. A file that is not there says nothing. Returns 0 (free
 * with bootcfg_free()) or -errno.
 */
int bootcfg_read(const struct fs_root *root, const struct bootloader *bootloader,
		 struct bootcfg *ret) must_check;

/* A file whose text is another than the one below the root; a NULL text: not there. */
struct bootcfg_file {
	const char *path;
	const char *text;
};

/* The same, as if FILES had those texts already. */
int bootcfg_read_with(const struct fs_root *root, const struct bootloader *bootloader,
		      const struct bootcfg_file *files, size_t n, struct bootcfg *ret) must_check;

/* What a word of the kernel command line does against passthrough, in words; NULL: nothing. */
const char *bootcfg_word_effect(const char *word);

/*
 * The files of GRUB's settings that mention the variables of the kernel command line: "/etc/a,
 * /etc/b". Returns 0 with a new string, or -errno.
 */
int bootcfg_grub_setters(const struct fs_root *root, char **ret) must_check;

/* The line that loads MODULE at boot ('-' and '_' are one); NULL when none does. */
const struct bootcfg_line *bootcfg_module(const struct bootcfg *bootcfg, const char *module);

/* The line of modprobe.d that sets MODULE's boolean OPTION last, when it sets it to true; else
 * NULL. */
const struct bootcfg_line *bootcfg_option(const struct bootcfg *bootcfg, const char *module,
					  const char *option);

void bootcfg_free(struct bootcfg *bootcfg);

#define auto_bootcfg cleanup_with(bootcfg_free)

#endif
