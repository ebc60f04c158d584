/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other programs in the foreground: found on PATH and run without a shell, in the sight of people.
 */
#ifndef HOST_SPAWN_H
#define HOST_SPAWN_H

#include <sys/types.h>

#include "host/base.h"

/*
 * Starts WORDS (NULL at the end) with nothing on standard input, and the signals that we may ignore
 * as they are by default. OUTPUT: where its standard output goes, with its errors dropped and in a
 * process group of its own, for one that is to be killed; -1: both go where ours do. Returns 0 with
 * the process in *RET, or -errno.
 */
int spawn_start(char *const *words, int output, pid_t *ret) must_check;

/*
 * Starts WORDS so that its output goes where ours goes, and waits for its end. Ctrl-C ends it and
 * not us: it is still to be said what became of it, and what it left half done to be put right.
 * Returns its exit code, 128 + N when signal N ended it, or -errno when it could not be started.
 */
int spawn_run(char *const *words) must_check;

#endif
