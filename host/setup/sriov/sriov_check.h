/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the PFs that are set up have their VFs, for `host-setup check`. */
#ifndef HOST_SETUP_SRIOV_SRIOV_CHECK_H
#define HOST_SETUP_SRIOV_SRIOV_CHECK_H

#include "host/pci/check.h"

/*
 * Adds an item for each PF that is set up: ok, or a warning with its cure when it has not its VFs,
 * as after a boot at which they could not be made, or something else sets their number, too; and a
 * warning when the service that makes them is disabled. BOOTLOADER is as in setters_find(). Returns
 * 0 or -errno.
 */
int sriov_check(const struct fs_root *root, const char *bootloader,
		struct checklist *list) must_check;

#endif
