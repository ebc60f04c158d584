/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines in the host's configuration that come from guides and other tools: explained, and never an
 * error. */
#ifndef HOST_SETUP_CHECK_LEFTOVERS_H
#define HOST_SETUP_CHECK_LEFTOVERS_H

#include "host/pci/check.h"

/*
 * Adds a note for each such line: its file and line, its effect today, and how to remove it. Reads
 * modprobe.d, the lists of modules loaded at boot, the kernel command line's sources, and the
 * initramfs's list. Returns 0 or -errno.
 */
int leftovers_check(const struct fs_root *root, struct checklist *list) must_check;

#endif
