// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/confirm.h"

#include "host/base/log.h"
#include "host/setup/outcome.h"

#include <stdio.h>

bool confirm_ask(const char *text)
{
	char answer[8];

	fputs(text, stdout);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

bool confirm(const struct setup_options *options)
{
	if (options->yes)
		return true;
	if (!json_can_ask(options->json)) {
		outcome_refuse(
			options, REASON_UNCONFIRMED, NULL,
			_("nothing was changed: there is no terminal to ask at; to make these "
			  "changes, add --yes"));
		return false;
	}
	if (confirm_ask(_("Do this? [y/N] ")))
		return true;
	log_info(_("nothing was changed"));
	outcome_note(options, REASON_UNCONFIRMED, NULL, _("nothing was changed"));
	return false;
}
