/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that a verb shows, asks for, and runs. */
#ifndef HOOKSCRIPT_VERBS_COMMANDS_H
#define HOOKSCRIPT_VERBS_COMMANDS_H

#include "host/base/fs.h"

/* Whether commands may be run at all, and whether to ask before. */
struct command_rights {
	bool run; /* the root is the running system */
	bool yes; /* without a question */
};

/* Prints the command as a line that can be copied into a shell. */
void commands_print(char *const *command);

/* Asks a question that is answered by yes or no; an empty answer, and none, is DEFAULT_YES. */
bool commands_ask(const char *question, bool default_yes);

/* Whether commands can be run, after a question or without one. If not, says why. */
bool commands_can_run(const struct command_rights *rights);

/* Whether the commands that were shown may be run: asks. If not, says so. */
bool commands_may_run(const struct command_rights *rights);

/*
 * Says that the command is run, and runs it. LIMIT_MS: how long it may take; 0: for ever, with its
 * output where ours goes. Returns 0; or, with the reason reported, what program_act() returns.
 */
int commands_run(const struct fs_root *root, char *const *command, int limit_ms) must_check;

#endif
