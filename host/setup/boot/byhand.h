/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the administrator has set by hand for passthrough: listing and removing it. */
#ifndef HOST_SETUP_BOOT_BYHAND_H
#define HOST_SETUP_BOOT_BYHAND_H

#include "host/setup/boot/bootcfg.h"

/* Whether a word of the kernel command line is there for passthrough. */
bool byhand_is_word(const char *word);

/* Whether a module that is loaded at boot is. */
bool byhand_is_module(const char *name);

/* Reports all of it that BOOTCFG has, and that it stays. */
void byhand_tell(const struct bootcfg *bootcfg);

/*
 * Adds edits that remove it all. What cannot be removed, because it is not written plainly where it
 * comes from, is reported and left. Returns 0 or -errno.
 */
int byhand_remove(struct edits *edits, const struct bootloader *bootloader,
		  const struct bootcfg *bootcfg) must_check;

#endif
