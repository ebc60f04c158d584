/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Setting up what is held early, from the next boot on, or undoing that. */
#ifndef HOST_SETUP_EARLY_EARLY_CHANGE_H
#define HOST_SETUP_EARLY_EARLY_CHANGE_H

#include "host/text/bdf.h"
#include "host/setup/options.h"

/*
 * Holds the devices ADDRESSES from the next boot on: asks for their groups' endpoints, looks for
 * reasons to refuse, shows the change, asks, makes it, and has every initramfs made anew. Returns
 * one of the exit codes of options.h.
 */
int early_change_hold(const struct fs_root *root, const struct setup_options *options,
		      const struct bdf_set *addresses) must_check;

/* The same, to hold those of OPTIONS no longer, which are addresses or slots, with those that were
 * added for their groups. */
int early_change_remove(const struct fs_root *root, const struct setup_options *options) must_check;

#endif
