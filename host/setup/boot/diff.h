/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unified diffs of files, by diff(1). */
#ifndef HOST_SETUP_BOOT_DIFF_H
#define HOST_SETUP_BOOT_DIFF_H

#include "host/base/base.h"

/*
 * The difference between two texts of the file PATH (without a leading '/'), as patch -p1 takes it;
 * a NULL text: there is no file. Runs `diff -u` on copies in memory, whatever the root is. Returns
 * 0 with a new string, empty when nothing differs, or -errno.
 */
int diff_unified(const char *path, const char *before, const char *after, char **ret) must_check;

#endif
