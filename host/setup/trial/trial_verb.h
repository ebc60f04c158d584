/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `host-setup confirm`: the boot that is on trial is good. */
#ifndef HOST_SETUP_TRIAL_TRIAL_VERB_H
#define HOST_SETUP_TRIAL_TRIAL_VERB_H

#include "host/pci/check.h"

/*
 * Ends the trial of this boot, so that nothing is undone. Refuses in a boot that is not the one on
 * trial. Takes host-setup's lock. Returns one of the exit codes of options.h; none to be confirmed
 * is ENABLE_DONE.
 */
int trial_confirm(const struct fs_root *root) must_check;

/* Adds a warning to `host-setup check` while something is to be confirmed, or to be undone still.
 * Returns 0 or -ENOMEM. */
int trial_check(const struct fs_root *root, struct checklist *list) must_check;

#endif
