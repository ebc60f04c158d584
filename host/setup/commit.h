/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a change of the host's configuration real: the files, the commands that make them take
 * effect, and a look at the result; or takes all of it back. The order is such that a power cut at
 * any point leaves a host that boots with the old or the new configuration, and a state that says
 * what to do.
 */
#ifndef HOST_SETUP_COMMIT_H
#define HOST_SETUP_COMMIT_H

#include "host/setup/boot/bootloader.h"
#include "host/setup/boot/edit.h"
#include "host/setup/hoststate.h"

/* What enable and disable both begin with. */
struct current {
	struct bootloader bootloader;
	struct hoststate state;
};

/*
 * Reads both; OVERRIDE is that of bootloader_detect(). Returns 0 (free with current_free()), or,
 * having said why, one of the exit codes of options.h.
 */
int current_read(const struct fs_root *root, const char *override, struct current *ret) must_check;

/* Says that something could not be read, so that nothing was changed. Returns ENABLE_FAILED. */
int current_say_failed(int err);

void current_free(struct current *current);

struct commit {
	const struct fs_root *root;
	const struct bootloader *bootloader;
	const struct edits *edits;
	const struct hoststate *before; /* as it is, to be put back */
	const struct hoststate *during; /* written before the first file; pending */
	const struct hoststate *after;	/* written when all is done; NULL: it is forgotten */
	/* what must be seen afterwards */
	const struct cmdline *words; /* in the boot loader's entries; NULL: anything */
	const struct cmdline *gone;  /* no longer in all of them */
	const char *const *modules;  /* on a list of what is loaded at boot */
	size_t n_modules;
	/* how it is done */
	bool dry_run; /* only shown */
	bool ask;     /* shown and asked; without a terminal to ask at, refused */
	bool show;    /* shown in any case */
};

/*
 * Looks whether the commands are there and the disks have room, shows and asks as wanted, and does
 * it. On a root that does not run, the commands are printed and AFTER is DURING: they are still to
 * be run. Returns ENABLE_DONE, ENABLE_REFUSED (answered no, or nobody could
 * be asked), or ENABLE_FAILED, having said what
 * went wrong and what was put back.
 */
int commit_carry_out(const struct commit *commit) must_check;

/* Ends what needs no change and no command: only the state is brought up to AFTER. Returns
 * ENABLE_DONE or ENABLE_FAILED. */
int commit_finish(const struct commit *commit) must_check;

#endif
