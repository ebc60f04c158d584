/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exit codes. Proxmox VE aborts a start when pre-start returns any but the first. */
#ifndef HOOKSCRIPT_PVE_EXIT_H
#define HOOKSCRIPT_PVE_EXIT_H

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_REFUSED = 2, /* nothing was changed */
	EXIT_PARTLY = 3,  /* vm --fix: commands were run, and something is still missing */
	EXIT_USAGE = 64,  /* EX_USAGE of <sysexits.h> */
};

/* Reports WHY; NULL: out of memory. Returns EXIT_FAILED. */
int exit_failed(const char *why);

#endif
