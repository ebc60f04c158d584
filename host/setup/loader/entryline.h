/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of boot entries: those of grub.cfg, and of systemd-boot's loader/entries. Pure. */
#ifndef HOST_SETUP_LOADER_ENTRYLINE_H
#define HOST_SETUP_LOADER_ENTRYLINE_H

#include "host/base/base.h"

/* What comes after KEY when that is the line's first word, else NULL. */
const char *entryline_after(const char *line, const char *key);

/* The same of the first line of TEXT that has KEY, with all after it; spaces before are left out.
 */
const char *entryline_of(const char *text, const char *key);

/* The path of the kernel's image, when LINE starts a Linux kernel, with the kernel's words after
 * it; else NULL. */
const char *entryline_image(const char *line);

#endif
