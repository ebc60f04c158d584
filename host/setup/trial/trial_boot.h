/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pve-passthrough-confirm.service runs. */
#ifndef HOST_SETUP_TRIAL_TRIAL_BOOT_H
#define HOST_SETUP_TRIAL_TRIAL_BOOT_H

#include "host/setup/options.h"

/* How often it is looked whether the change has been confirmed, in milliseconds; and how many a
 * minute has. Constant but for tests. */
extern int trial_look_ms, trial_minute_ms;

/*
 * In the first boot of a trial it starts the clock and waits until the change is confirmed; when it
 * is not, or in a later boot at once, it disarms the trial on disk, undoes the change by UNDO
 * (which is `host-setup disable`) under host-setup's lock, and, only if that returns 0, reboots. In
 * any other boot it does nothing. Says so in the journal and at logins. Returns an exit code of
 * options.h.
 */
int trial_boot(const struct fs_root *root,
	       int (*undo)(const struct fs_root *root,
			   const struct setup_options *options)) must_check;

#endif
