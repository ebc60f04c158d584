/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan for people: the answer of `plan VMID`. */
#ifndef HOOKSCRIPT_PLAN_PRINT_H
#define HOOKSCRIPT_PLAN_PRINT_H

#include "hookscript/plan.h"

/*
 * Prints what a start of the VM would take, one device after the other with its name, where it
 * returns to and what the settings have done with it. The plan has no refusals. Returns 0 or
 * -errno.
 */
int plan_print(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
	       const struct plan *plan) must_check;

#endif
