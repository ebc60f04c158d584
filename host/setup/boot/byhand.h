/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an administrator has set by hand for passthrough: naming it, and taking it out when asked
 * to. */
#ifndef HOST_SETUP_BOOT_BYHAND_H
#define HOST_SETUP_BOOT_BYHAND_H

#include "host/setup/boot/bootcfg.h"
#include "host/setup/boot/edit.h"

/* Whether a word of the kernel command line is there for passthrough. */
bool byhand_is_word(const char *word);

/* Whether a module that is loaded at boot is. */
bool byhand_is_module(const char *name);

/*
 * TEXT without WORD on its line LINE (counted from 1), and without the space that parted it from
 * the other words. Returns 0 with a new string; -ENOENT when the word does not stand there
 * literally; -ENOMEM.
 */
int byhand_remove_word(const char *text, unsigned int line, const char *word,
		       char **ret) must_check;

/* TEXT without its line LINE (counted from 1). A new string, or NULL without memory. */
char *byhand_remove_line(const char *text, unsigned int line) must_check;

/* Names all that BOOTCFG has of it, as what stays. */
void byhand_tell(const struct bootcfg *bootcfg);

/*
 * Adds edits that take it all out. What cannot be taken out, because it is not written plainly
 * where it comes from, is said and left. Returns 0 or -errno.
 */
int byhand_remove(struct edits *edits, const struct fs_root *root,
		  const struct bootloader *bootloader, const struct bootcfg *bootcfg) must_check;

#endif
