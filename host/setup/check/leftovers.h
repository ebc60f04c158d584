/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guides and other tools leave behind on a host: found, explained, and never an error. */
#ifndef HOST_SETUP_CHECK_LEFTOVERS_H
#define HOST_SETUP_CHECK_LEFTOVERS_H

#include "host/pci/check.h"

/*
 * Adds a note for each line of the host's configuration that such a guide has put there: its file
 * and line, its effect today, and how to remove it. Looks at modprobe.d, the lists of modules
 * loaded at boot, the kernel command line's sources, and the initramfs's list. Returns 0 or -errno.
 */
int leftovers_check(const struct fs_root *root, struct checklist *list) must_check;

#endif
