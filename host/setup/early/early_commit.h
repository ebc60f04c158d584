/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making the change: host.conf, the script and its hook, and every initramfs; or undoing all of it.
 */
#ifndef HOST_SETUP_EARLY_EARLY_COMMIT_H
#define HOST_SETUP_EARLY_EARLY_COMMIT_H

#include "host/setup/early/early_state.h"

/*
 * Shows the change that CHANGE's conf is to what is there, asks, makes it, and looks into each
 * initramfs. HELD: the addresses that are held from now on, for what is said at the end; NULL:
 * something is held no longer. Returns an exit code of options.h.
 */
int early_commit(struct early_change *change, const struct bdf_set *held) must_check;

#endif
