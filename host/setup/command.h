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

#endif
