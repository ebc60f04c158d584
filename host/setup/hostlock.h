/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one lock of what changes how this host boots: two at once would each write what the other has
 * not read. It is a lock on the directory /etc, so that nothing is left behind (flock(2)).
 */
#ifndef HOST_SETUP_HOSTLOCK_H
#define HOST_SETUP_HOSTLOCK_H

#include "host/base/fs.h"

/*
 * Takes the lock, without waiting. Returns a descriptor, which releases it when closed; or, having
 * said who has it or what is wrong, -EWOULDBLOCK or -errno.
 */
int hostlock_take(const struct fs_root *root) must_check;

/* The same without a word. */
int hostlock_try(const struct fs_root *root) must_check;

#endif
