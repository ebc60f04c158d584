/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The menu that grub.cfg makes. Pure. */
#ifndef HOST_SETUP_LOADER_GRUBMENU_H
#define HOST_SETUP_LOADER_GRUBMENU_H

#include "host/base/fs.h"

/*
 * Finds the first entry for this system in the text of a grub.cfg whose kernel gets none of WORDS.
 * *RET is its place in the menu, a new string: "Advanced options for Debian > Debian, with Linux
 * 6.8 (recovery mode)"; NULL: there is none. Entries that were not made from GRUB's settings do not
 * count, because they may start another system. Returns 0 or -ENOMEM.
 * (GRUB: util/grub.d/10_linux.in)
 */
int grubmenu_without(const char *text, const struct fs_names *words, char **ret) must_check;

#endif
