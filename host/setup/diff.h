/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unified diffs of small files, as diff -u writes them and patch -p1 takes them. Pure. */
#ifndef HOST_SETUP_DIFF_H
#define HOST_SETUP_DIFF_H

#include "host/base.h"

/*
 * The difference between two texts of the file PATH (without a leading '/'); a NULL text: there is
 * no file. It is right but not the smallest possible: between the first and the last change of a
 * hunk lines may be taken out and put in again. Returns a new string, empty when nothing differs,
 * or NULL without memory.
 */
char *diff_unified(const char *path, const char *before, const char *after) must_check;

#endif
