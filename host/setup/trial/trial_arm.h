/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting a change of the boot on trial, by `host-setup enable`; and ending that, by `disable`. */
#ifndef HOST_SETUP_TRIAL_TRIAL_ARM_H
#define HOST_SETUP_TRIAL_TRIAL_ARM_H

#include "host/setup/loader/bootloader.h"
#include "host/setup/options.h"
#include "host/setup/trial/trial_state.h"

/*
 * Works out what becomes of a trial when enable changes boot files and adds WORDS: it is armed as
 * OPTIONS want it; one that is armed already stays so, for the new words. Returns 0 (free with
 * trial_change_free()), or, having said why, an exit code of options.h.
 */
int trial_plan(const struct fs_root *root, const struct setup_options *options,
	       const struct conf_items *words, struct trial_change *ret) must_check;

/* Says, when enable finds nothing to change, that nothing is armed, or what was armed before. */
void trial_tell_unchanged(const struct fs_root *root, const struct setup_options *options);

/* Says, before the question, what happens when TRIAL is not confirmed. EARLIER: enable has added
 * something in an earlier run, too. */
void trial_tell_plan(const struct trial *trial, bool earlier);

/* Says, when it is armed, how to confirm it, and how to start a host that does not come up. */
void trial_tell_armed(const struct fs_root *root, const struct bootloader *bootloader,
		      const struct trial *trial);

/* Ends a trial, because what was on trial is gone. None is success. Returns an exit code. */
int trial_drop(const struct fs_root *root) must_check;

/* After enable has ended well: how an earlier trial ended is of no interest any more, and is not
 * told at the next boot. One that is armed stays so. Returns an exit code. */
int trial_settle(const struct fs_root *root) must_check;

#endif
