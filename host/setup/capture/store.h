/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes entries below a directory, as ordinary files that anyone can unpack and read, and makes a
 * file of them with tar(1). */
#ifndef HOST_SETUP_CAPTURE_STORE_H
#define HOST_SETUP_CAPTURE_STORE_H

#include "host/setup/capture/entries.h"
#include "host/setup/capture/standin.h"

/*
 * Puts stand-ins into the paths and into what links name, sorts the entries, and adds the index
 * (host/base/replay.h), with RUNNING as it says there. Returns 0 or -ENOMEM.
 */
int store_prepare(struct entries *entries, struct standins *standins, bool running) must_check;

/* Writes them into the empty directory DIR. Returns 0 or -errno. */
int store_write(const struct entries *entries, const char *dir) must_check;

/* Makes FILE, which must not exist, of the directory DIR. Returns 0; -errno with a reason in
 * *RET_WHY (the caller frees it), or NULL. */
int store_pack(const char *dir, const char *file, char **ret_why) must_check;

/* Makes a directory that only this user can read, below TMPDIR or /tmp; NULL: errno says why. And
 * removes it with all in it. */
char *store_make_dir(void) must_check;
void store_remove(const char *dir);

#endif
