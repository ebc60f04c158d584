/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How what a process uses is set free, by whom the process belongs to. */
#ifndef HOST_USAGE_OWNER_CURE_H
#define HOST_USAGE_OWNER_CURE_H

#include "host/usage/owner.h"

/* Whose process it is, for a message: " of x.service", " in CT 105"; "" for nobody's. A new string,
 * or NULL without memory. */
char *owner_describe(const struct owner *owner) must_check;

/*
 * What ends the use by process PID, in words, and in *ret_command the command for that. Of a
 * service that the host needs, and of a process of nobody's, that command only shows it. Both are
 * new strings; NULL without memory.
 */
char *owner_cure(const struct fs_root *root, pid_t pid, const struct owner *owner,
		 char **ret_command) must_check;

#endif
