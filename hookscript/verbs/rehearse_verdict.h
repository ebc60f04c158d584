/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dress rehearsal (hookscript/verbs/rehearse.h) comes to, and no more than was seen. Pure.
 */
#ifndef HOOKSCRIPT_VERBS_REHEARSE_VERDICT_H
#define HOOKSCRIPT_VERBS_REHEARSE_VERDICT_H

#include "hookscript/verbs/rehearse_parts.h"
#include "host/text/strbuf.h"
#include "host/vfio/trial.h"

enum rehearsed {
	REHEARSED_CAME_BACK,
	REHEARSED_NO_RESET,
	REHEARSED_NOT_TAKEN_BACK, /* by its driver */
	REHEARSED_SILENT,
	REHEARSED_UNKNOWN, /* it could not be tried to the end */
	REHEARSED_REFUSED, /* nothing was touched */
};

/* What was seen. */
struct rehearsal {
	bool taken;		     /* the devices were */
	bool tried;		     /* there is a trial */
	struct trial trial;	     /* of the device itself */
	size_t n_kept;		     /* devices that could not be given back */
	bool silent;		     /* one of those taken does not answer in the end */
	struct rehearse_parts parts; /* which of them are there again */
	const char *reason; /* for programs: what the plan does not refuse; NULL: nothing */
};

enum rehearsed rehearsed_verdict(const struct rehearsal *seen);

/* The verdict in a sentence, as static text; its name for programs; the exit code. */
const char *rehearsed_sentence(enum rehearsed verdict);
const char *rehearsed_name(enum rehearsed verdict);
int rehearsed_exit(enum rehearsed verdict);

/* What went wrong with the trial, "…: %s", about the device; NULL: nothing did. A new string; NULL
 * without memory, too. */
char *rehearsed_trouble(const struct trial *trial) must_check;

/* Which settings may help, a line each, of a device whose reset_method is METHODS (NULL: none);
 * nothing for a verdict that needs none. */
void rehearsed_hints(enum rehearsed verdict, const struct bdf *bdf, const char *methods,
		     struct strbuf *lines);

#endif
