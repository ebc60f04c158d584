/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `host-setup early`: devices that go to vfio-pci at boot, before any other driver sees them. */
#ifndef HOST_SETUP_EARLY_EARLY_VERB_H
#define HOST_SETUP_EARLY_EARLY_VERB_H

#include "host/setup/early/early_boot.h"
#include "host/setup/options.h"

/*
 * Without addresses in OPTIONS it lists the devices that are held early; with some it holds them
 * from the next boot on, or, with REMOVE, no longer. LOCK is for early_boot(). Returns one of the
 * exit codes of options.h.
 */
int early_run(const struct fs_root *root, const struct setup_options *options,
	      early_lock *lock) must_check;

#endif
