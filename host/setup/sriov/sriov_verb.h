/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `host-setup sriov`: the VFs that PFs have, and those that are made at every boot. */
#ifndef HOST_SETUP_SRIOV_SRIOV_VERB_H
#define HOST_SETUP_SRIOV_SRIOV_VERB_H

#include "host/setup/options.h"
#include "host/setup/sriov/pfs.h"

/*
 * Without an address in OPTIONS it lists the PFs; with one it has that many VFs made at every boot,
 * and now where the host would not miss the PF meanwhile. Shows the changes, asks, and undoes all
 * of it when a part fails. Returns one of the exit codes of options.h.
 */
int sriov_run(const struct fs_root *root, const struct setup_options *options,
	      const struct sriov_above *above) must_check;

#endif
