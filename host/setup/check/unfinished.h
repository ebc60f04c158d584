/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change of the boot that was begun and has not come to its end, for `host-setup check`. */
#ifndef HOST_SETUP_CHECK_UNFINISHED_H
#define HOST_SETUP_CHECK_UNFINISHED_H

#include "host/pci/check.h"

/* Adds a warning "unfinished", with the command that finishes it, when enable, disable or early was
 * interrupted: by a power cut, say. A state that cannot be read is reported elsewhere. Returns 0 or
 * -ENOMEM. */
int unfinished_check(const struct fs_root *root, struct checklist *list) must_check;

#endif
