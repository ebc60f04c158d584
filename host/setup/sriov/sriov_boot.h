/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pve-passthrough-sriov.service runs. */
#ifndef HOST_SETUP_SRIOV_SRIOV_BOOT_H
#define HOST_SETUP_SRIOV_SRIOV_BOOT_H

#include "host/base/fs.h"

/*
 * Makes the VFs of every PF that is set up, as soon as it has its driver, all at once; a PF that
 * has some is left alone. Ends within 30 seconds, and reports each PF. Returns 0 when all have
 * theirs, 1 when not.
 */
int sriov_boot(const struct fs_root *root) must_check;

#endif
