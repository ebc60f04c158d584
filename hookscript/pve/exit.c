// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/exit.h"

#include "host/base/log.h"

int exit_failed(const char *why)
{
	log_error("%s", why ? why : _("out of memory"));
	return EXIT_FAILED;
}
