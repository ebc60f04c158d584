// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/commands.h"

#include "host/text/argv.h"
#include "host/base/log.h"
#include "host/process/program.h"
#include "host/process/progress.h"
#include "host/process/supervise.h"

#include <stdio.h>
#include <string.h>

/* How long a command took that it is said of, in seconds. */
#define LONG_S 2

void commands_print(char *const *command)
{
	auto_free char *text = argv_text(command);

	log_command("    %s", text ? text : _("out of memory"));
}

bool commands_ask(const char *question, bool default_yes)
{
	char answer[8];
	bool answered;

	printf("%s %s ", question, default_yes ? "[Y/n]" : "[y/N]");
	fflush(stdout);
	supervise_allow(SUPERVISE_FOREVER);
	answered = fgets(answer, sizeof(answer), stdin) && *answer != '\n';
	supervise_allow(supervise_read_ms);
	return answered ? *answer == 'y' || *answer == 'Y' : default_yes;
}

bool commands_can_run(const struct command_rights *rights)
{
	if (!rights->run)
		log_info(_("nothing was run: --root is not the running system; run the commands "
			   "there"));
	else if (!rights->yes && !isatty(STDIN_FILENO))
		log_info(_("nothing was run: there is no terminal to ask at; run the commands, or "
			   "add --yes"));
	else
		return true;
	return false;
}

bool commands_may_run(const struct command_rights *rights)
{
	if (!commands_can_run(rights))
		return false;
	if (rights->yes || commands_ask(_("Run this?"), false))
		return true;
	log_info(_("nothing was run"));
	return false;
}

int commands_run(const struct fs_root *root, char *const *command, int limit_ms)
{
	const struct program program = {.args = (const char *const *)command, .limit_ms = limit_ms};
	auto_program_end struct program_end end = {0};
	auto_free char *text = argv_text(command), *why = NULL;
	int err, took;

	if (!text) {
		log_error("%s", _("out of memory"));
		return -ENOMEM;
	}
	log_info(_("running: %s"), text);
	supervise_allow(limit_ms ? limit_ms : SUPERVISE_FOREVER);
	progress_begin(_("running: %s"), text);
	err = program_act(root, &program, &end);
	took = progress_end();
	supervise_allow(supervise_read_ms);
	if (!err && took >= LONG_S)
		log_info(_("done: %s (%d s)"), text, took);
	if (!err)
		return 0;
	why = program_explain(root, &program, err, &end);
	log_error(_("`%s` failed: %s; nothing more was run"), text, why ? why : strerror(-err));
	return err;
}
