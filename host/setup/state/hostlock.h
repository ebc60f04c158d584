/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one lock of what changes how this host boots: two at once would each write what the other has
 * not read. It is a lock (flock(2)) on the directory /run/pve-passthrough, which only root may
 * open; of a tree that is not running on its /etc, so that nothing is left behind there.
 */
#ifndef HOST_SETUP_STATE_HOSTLOCK_H
#define HOST_SETUP_STATE_HOSTLOCK_H

#include "host/base/fs.h"

/*
 * Takes the lock, without waiting. Returns a descriptor, which releases it when closed; or, having
 * said who has it or what is wrong, -EWOULDBLOCK or -errno.
 */
int hostlock_take(const struct fs_root *root) must_check;

/* The directory that is locked, below the root. */
const char *hostlock_dir(const struct fs_root *root);

/* The same as hostlock_take() without a word. */
int hostlock_try(const struct fs_root *root) must_check;

#endif
