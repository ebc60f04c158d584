/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system's own commands (update-grub and its like): found on PATH and run without a shell. */
#ifndef HOST_SETUP_COMMAND_H
#define HOST_SETUP_COMMAND_H

#include "host/base.h"

/* Whether the first word of COMMAND is found on PATH (or is the path of a program). */
bool command_is_there(const char *command);

/*
 * Runs COMMAND, words separated by single blanks, with nothing on standard input; its output goes
 * where ours goes. Ctrl-C stops the command and not us, so that what it left half done can be put
 * right. Returns its exit code, 128 + N when signal N ended it, or -errno when it could not be
 * started.
 */
int command_run(const char *command) must_check;

/*
 * What COMMAND, given in the same way, prints on standard output, at most MAX bytes (else -EFBIG);
 * what it says on standard error is lost, and its exit code is not looked at. After SECONDS it is
 * killed, with all that it started. Returns 0 with a new string; -ENOENT when there is no such
 * command; -ETIMEDOUT; -errno.
 */
int command_read(const char *command, unsigned int seconds, size_t max, char **ret) must_check;

#endif
