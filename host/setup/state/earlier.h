/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an earlier `host-setup enable` was asked for by its options, and another one keeps. */
#ifndef HOST_SETUP_STATE_EARLIER_H
#define HOST_SETUP_STATE_EARLIER_H

#include "host/setup/state/hoststate.h"
#include "host/setup/wanted.h"

/*
 * Adds to *WANTED the words and options of modprobe.d that host-setup has written on this host, as
 * its own files and STATE say; says which it keeps, unless QUIET. Returns 0 or -errno.
 */
int earlier_keep(const struct fs_root *root, const struct hoststate *state, bool quiet,
		 struct wanted *wanted) must_check;

#endif
