/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a change of the host's configuration real: the files, the commands that make them take
 * effect, and a look at the result; or takes all of it back. The order is such that a power cut at
 * any point leaves a host that boots with the old or the new configuration, and a state that says
 * what to do.
 */
#ifndef HOST_SETUP_COMMIT_H
#define HOST_SETUP_COMMIT_H

#include "host/setup/bootloader.h"
#include "host/setup/edit.h"
#include "host/setup/hoststate.h"

struct commit {
	const struct fs_root *root;
	const struct bootloader *bootloader;
	const struct edits *edits;
	const struct hoststate *before; /* as it is, to be put back */
	const struct hoststate *during; /* written before the first file; pending */
	const struct hoststate *after;	/* written when all is done; NULL: it is forgotten */
	const struct cmdline *words; /* what the boot loader's entries must have; NULL: anything */
};

/*
 * Looks whether the commands are there and the disks have room. Returns 0, or ENABLE_FAILED having
 * said why.
 */
int commit_check(const struct commit *commit) must_check;

/* Prints what would be changed and run. Returns 0 or -ENOMEM. */
int commit_show(const struct commit *commit) must_check;

/*
 * Asks on the terminal, after commit_show(). True without a terminal on standard input.
 */
bool commit_is_wanted(void);

/*
 * Does it. On a root that does not run, the commands are printed and AFTER is DURING: they are
 * still to be run. Returns ENABLE_DONE or ENABLE_FAILED, having said what went wrong and what was
 * put back.
 */
int commit_run(const struct commit *commit) must_check;

/* Ends what needs no change and no command: only the state is brought up to AFTER. Returns as
 * above. */
int commit_finish(const struct commit *commit) must_check;

#endif
