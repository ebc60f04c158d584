/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking devices: read, plan, claim, bind, or refuse and touch nothing. For the start of a VM
 * (hookscript/phases/start.c), and for a test without one (hookscript/verbs/rehearse.h).
 */
#ifndef HOOKSCRIPT_PHASES_TAKE_H
#define HOOKSCRIPT_PHASES_TAKE_H

#include "hookscript/plan/plan.h"

/* What is taken for whom, with what was read and decided. */
struct take {
	const struct fs_root *root;
	unsigned int vmid; /* or RECORD_TEST */
	const struct settings *settings;
	/* With RECORD_TEST: the device, and the reset_method that it gets (NULL: as the settings
	 * say). Else NULL. */
	const struct bdf *tested;
	const char *reset_method;
	struct facts *facts;
	struct plan *plan;
	struct plan *said; /* the one before, whose warnings were printed */
	int64_t deadline;  /* until when the devices must have been taken; 0: it has not begun */
};

void take_free(struct take *take);

#define auto_take cleanup_with(take_free)

/* The functions below report what was done or is wrong, and return the program's exit code
 * (hookscript/pve/exit.h). */

/* Reads the facts, for SCOPE (enum facts_scope). The plan is gone then. */
int take_read_facts(struct take *take, unsigned int scope);

/* Reads those of the next start, for a plan that is only printed, with what is held early; the
 * process has no deadline from then on. */
int take_read_next_start(struct take *take);

/* Makes the plan. */
int take_make_plan(struct take *take);

/* Prints the warnings of the plan, but for those that SAID has, and its refusals: EXIT_REFUSED. */
int take_say_plan(const struct take *take, const struct plan *said);

/* From now on the devices have as long as the settings say to be taken. */
void take_begin_deadline(struct take *take);

/* Plans, and takes what was planned, with a watcher for it. With another code than EXIT_DONE all is
 * given back, as far as that could be done. */
int take_devices(struct take *take);

/* Gives back all that is taken, but what hangs, which is the watcher's. Returns EXIT_FAILED. */
int take_give_back_all(const struct take *take);

#endif
