/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dress rehearsal (hookscript/verbs/rehearse.h) for people and for programs. */
#ifndef HOOKSCRIPT_VERBS_REHEARSE_PRINT_H
#define HOOKSCRIPT_VERBS_REHEARSE_PRINT_H

#include "hookscript/plan/plan.h"
#include "hookscript/verbs/rehearse_verdict.h"

/* What was asked for. */
struct rehearse_options {
	struct bdf bdf;
	const char *reset; /* the one method by which it is reset; NULL: as QEMU does */
	bool json; /* the answer for programs; what is said on the way goes to standard error */
	bool yes;  /* without a question */
	bool run;  /* the root is the running system */
};

/* Prints what the test will do, and what the host does not have meanwhile. Returns 0 or -errno. */
int rehearse_print_intent(const struct fs_root *root, const struct rehearse_options *options,
			  const struct plan *plan, const struct rehearse_parts *parts) must_check;

/* Prints what was seen of the device, whose reset_method is METHODS (NULL: none). */
void rehearse_print(const struct rehearse_options *options, const struct rehearsal *seen,
		    const char *methods);

/* The same as JSON, on standard output. PLAN: what was to be taken; NULL: nothing was
 * planned. Returns 0 or -ENOMEM. */
int rehearse_print_json(const struct rehearse_options *options, enum rehearsed verdict,
			const struct rehearsal *seen, const char *methods,
			const struct plan *plan) must_check;

#endif
