/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with the files of the boot configuration: those that are read, and those that are
 * not. */
#ifndef HOST_SETUP_BOOT_PROBLEMS_FILES_H
#define HOST_SETUP_BOOT_PROBLEMS_FILES_H

#include "host/setup/boot/bootcfg.h"
#include "host/setup/boot/problemlist.h"
#include "host/setup/options.h"

/*
 * Adds what is wrong with the file that the boot loader's tools read, and which file holds words
 * for passthrough that nobody reads. VENDOR: of the host's IOMMU. Returns 0 or -errno.
 */
int problems_find_in_files(const struct fs_root *root, const struct bootloader *bootloader,
			   const struct bootcfg *bootcfg, enum processor_vendor vendor,
			   struct problems *problems) must_check;

/*
 * Why words cannot be added to TEXT, that of etc/kernel/cmdline (NULL: it does not exist), whose
 * words are WORDS, in words; NULL when they can. FIRST_LINE: only that is read. Pure.
 */
const char *problems_cmdline_trouble(const char *text, const struct conf_items *words,
				     bool first_line);

/* Adds that WORDS have to be added by hand, to the configuration of another boot loader. Returns 0
 * or -errno. */
int problems_add_by_hand(const struct bootloader *bootloader, const struct conf_items *words,
			 struct problems *problems) must_check;

#endif
