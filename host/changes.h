/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Being told that something in a folder has changed, without looking again and again. */
#ifndef HOST_CHANGES_H
#define HOST_CHANGES_H

#include "host/fs.h"

/*
 * Begins to listen (inotify(7)) for files that are made, replaced or removed in FOLDER, which
 * exists. Returns a descriptor that can be read as soon as there was such a change, to be closed by
 * the caller; -errno.
 */
int changes_open(const struct fs_root *root, const char *folder) must_check;

/* Forgets the changes so far: what is looked at from now on is newer than them. */
void changes_forget(int fd);

/*
 * Sleeps until there is a change, OTHER (-1: none) can be read or has been closed at its other end,
 * or LIMIT_MS milliseconds (-1: without limit) are over. CHANGES may be -1, too. Returns whether it
 * was OTHER.
 */
bool changes_wait(int changes, int other, int limit_ms);

#endif
