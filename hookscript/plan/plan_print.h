/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan for people: what a start says of it, and the answer of `plan VMID`. */
#ifndef HOOKSCRIPT_PLAN_PLAN_PRINT_H
#define HOOKSCRIPT_PLAN_PLAN_PRINT_H

#include "hookscript/plan/plan.h"

/*
 * Print a part of the plan, the lines of a device with its address for the journal. REPORT: as an
 * answer, all on standard output; else as messages of their own importance (host/base/log.h).
 */

/* The warnings, without those that BEFORE, an earlier plan, has too (NULL: all). */
void plan_print_warnings(const struct plan *plan, const struct plan *before,
			 const struct facts *facts, bool report);

/* The refusals, each with its cures, and the closing line. */
void plan_print_refusals(const struct plan *plan, const struct facts *facts, bool report);

/*
 * Prints what a start of the VM would take, one device after the other with its name, where it
 * returns to and what the settings have done with it. The plan has no refusals. Returns 0 or
 * -errno.
 */
int plan_print(const struct fs_root *root, const struct facts *facts,
	       const struct plan *plan) must_check;

/* Prints the notes of the plan, for people: ALL, or those that `vm` says. */
void plan_print_notes(const struct plan *plan, bool all);

#endif
