/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel, libkmod or a program says of a host, which is in none of its files: whoever
 * reads it notes it, for a capture that is being made, and takes it from there when the root is a
 * capture.
 */
#ifndef HOST_BASE_FACTS_H
#define HOST_BASE_FACTS_H

#include "host/base/fs.h"

/* From now on what is noted goes to files in the directory DIR (not copied); NULL, as at the
 * beginning: nowhere. */
void facts_note_in(const char *dir);

/* Whether it goes anywhere. */
bool facts_are_noted(void);

/* Notes TEXT, printf(3), under KEY, in place of what was noted under it; any characters, and as
 * many as a file name may have. Best effort: a fact that is missing is unknown when the capture is
 * read. */
void facts_note(const char *key, const char *format, ...) printf_like(2, 3);

/* What a capture has under KEY: 0 and a new string; -ENODATA when it has nothing, or ROOT is no
 * capture (fs_root_is_capture()); -errno. */
int facts_get(const struct fs_root *root, const char *key, char **ret) must_check;

/* The name of this host without its domain, which is that of a node, or of the host that ROOT is a
 * capture of. Returns 0 and a new string; -ENODATA when a capture has none; -errno. */
int facts_host_name(const struct fs_root *root, char **ret) must_check;

/* facts_note() and facts_get() of a number. */
void facts_note_number(const char *key, long long number);
int facts_get_number(const struct fs_root *root, const char *key, long long *ret) must_check;

#endif
