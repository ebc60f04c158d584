// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/unfinished.h"

#include "host/setup/state/hoststate.h"

#include <string.h>

/* What an earlier version has not written down: an enable, as a rule. */
static const char enable[] = "host-setup enable";

/* A new string; NULL without memory. */
static char *cure(const char *command)
{
	if (!command || !strncmp(command, enable, strlen(enable)))
		return fs_path(_("to finish it, with the options that it had: %s; to undo it: "
				 "host-setup disable"),
			       command ? command : enable);
	return fs_path(_("to finish it, with the options that it had: %s"), command);
}

int unfinished_check(const struct fs_root *root, struct checklist *list)
{
	auto_hoststate struct hoststate state = {0};
	int err = hoststate_read(root, &state);

	if (err == -ENOMEM)
		return err;
	if (err || !state.pending)
		return 0;
	return check_add(
		list, "unfinished", CHECK_WARNING,
		fs_path(_("%s has not come to its end, or its commands have yet to be run: the next boot "
			  "may have its change, or not"),
			state.command ? state.command : enable),
		strdup("/" HOSTSTATE_PATH), cure(state.command));
}
