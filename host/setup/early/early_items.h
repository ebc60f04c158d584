/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether what is to be held early is, for `host-setup check`. */
#ifndef HOST_SETUP_EARLY_EARLY_ITEMS_H
#define HOST_SETUP_EARLY_EARLY_ITEMS_H

#include "host/pci/check.h"

/* Adds an item "early" for each device: ok, a note until the next boot, or a warning with its cure
 * when its entry no longer fits or another driver has it; and a warning when the script is not that
 * of the entries. Returns 0 or -errno. */
int early_check(const struct fs_root *root, struct checklist *list) must_check;

#endif
