/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing what is held early. */
#ifndef HOST_SETUP_EARLY_EARLY_PRINT_H
#define HOST_SETUP_EARLY_EARLY_PRINT_H

#include "host/pci/early/early.h"

/* Both return 0 or -errno. */
int early_print(const struct fs_root *root, const struct early *early) must_check;
int early_print_json(const struct fs_root *root, const struct early *early) must_check;

/* What mends it when an item is not as it should be: a new string; NULL: nothing to mend, or no
 * memory. */
char *early_cure(const struct early_item *item) must_check;

#endif
