/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel command line that is longer than what the kernel keeps of it. */
#ifndef HOST_SETUP_BOOT_PROBLEMS_LENGTH_H
#define HOST_SETUP_BOOT_PROBLEMS_LENGTH_H

#include "host/setup/boot/bootcfg.h"
#include "host/setup/boot/problemlist.h"
#include "host/setup/loader/bootplace.h"

/* How many bytes the boot loader puts before WORDS, the spaces included: the words of its own that
 * the running kernel has, and that WORDS lack. Returns 0 or -errno. */
int length_before(const struct fs_root *root, const struct conf_items *words,
		  size_t *ret) must_check;

/*
 * Adds a problem when the kernel would not keep all of WORDS. WHERE is what they are read from, and
 * SETTERS the files that set them, and what to do then, where the words do not say it; both for
 * people: "/etc/default/grub". Returns 0 or -errno.
 */
int problems_find_in_length(const struct fs_root *root, const struct conf_items *words,
			    const char *where, const char *setters,
			    struct problems *problems) must_check;

/* The same of a configuration that is edited; one that is unclear has no words (struct bootcfg). */
int problems_find_in_configured_length(const struct fs_root *root,
				       const struct bootloader *bootloader,
				       const struct bootcfg *bootcfg,
				       struct problems *problems) must_check;

/* Whether the kernel keeps all words of every entry. Returns 0; -ENODATA with *ret_why (freed by
 * the caller) a new text for people; -errno. */
int length_check_entries(const struct fs_root *root, const struct bootplaces *places,
			 char **ret_why) must_check;

#endif
