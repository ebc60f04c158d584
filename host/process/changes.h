/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for changes in a directory, without polling. */
#ifndef HOST_PROCESS_CHANGES_H
#define HOST_PROCESS_CHANGES_H

#include "host/base/fs.h"

/*
 * Begins to listen (inotify(7)) for files that are made, replaced or removed in DIR, which
 * exists. Returns a descriptor that can be read as soon as there was such a change, to be closed by
 * the caller; -errno.
 */
int changes_open(const struct fs_root *root, const char *dir) must_check;

/* Forgets the changes so far: what is looked at from now on is newer than them. */
void changes_forget(int fd);

/*
 * Sleeps until there is a change, OTHER (-1: none) can be read or has been closed at its other end,
 * or LIMIT_MS milliseconds (-1: without limit) are over. CHANGES may be -1, too. Returns whether it
 * was OTHER.
 */
bool changes_wait(int changes, int other, int limit_ms);

#endif
