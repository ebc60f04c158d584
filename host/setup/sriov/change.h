/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Setting up how many VFs a PF has, from the next boot on and now, or undoing that. */
#ifndef HOST_SETUP_SRIOV_CHANGE_H
#define HOST_SETUP_SRIOV_CHANGE_H

#include "host/setup/options.h"
#include "host/setup/sriov/pfs.h"

/* sriov_run() with an address: VFS for the PF, 0 to undo it. Returns one of the exit codes of
 * options.h. */
int change_run(const struct fs_root *root, const struct setup_options *options,
	       const struct sriov_above *above, const struct bdf *pf, unsigned int vfs) must_check;

#endif
