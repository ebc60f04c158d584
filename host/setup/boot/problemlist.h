/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with the boot configuration, as a list (problems.h finds it). */
#ifndef HOST_SETUP_BOOT_PROBLEMLIST_H
#define HOST_SETUP_BOOT_PROBLEMLIST_H

#include "host/base/base.h"

/* Which commands a problem stops. */
enum problem_severity {
	PROBLEM_NOTE,	 /* none */
	PROBLEM_WARNING, /* none, but it costs something, and can be cured */
	PROBLEM_ENABLE,	 /* enable: passthrough would not work, or a file cannot be edited */
	PROBLEM_BOOT,	 /* disable, too: with updated entries the host would not boot */
};

/* The name of a problem whose cure is complete: the words for another boot loader. */
#define PROBLEM_BY_HAND "other-boot-loader"

/* Another one: what makes the initramfs. */
#define PROBLEM_DRACUT "dracut"

struct problem {
	const char *name; /* stable, for programs: "contradiction" */
	enum problem_severity severity;
	char *what; /* a sentence, with the file and line */
	char *cure; /* what to do before the command is run again; NULL: nothing */
};

struct problems {
	struct problem *items;
	size_t n;
};

/* Adds a problem and takes its texts over. Returns 0, or -ENOMEM (or a NULL WHAT), texts freed. */
int problems_add(struct problems *problems, const char *name, enum problem_severity severity,
		 char *what, char *cure) must_check;

/* Reports those of severity STOPS and above as errors, and to enable its notes and warnings as
 * warnings. Returns whether there was an error. */
bool problems_stop(const struct problems *problems, enum problem_severity stops);

/* What to do about a problem with a cure, and the command THEN after it. A new string; NULL without
 * memory. */
char *problems_cure(const struct problem *problem, const char *then) must_check;

/* Makes notes of the problems with NAME, which the administrator has accepted. */
void problems_accept(struct problems *problems, const char *name);

void problems_free(struct problems *problems);

#define auto_problems cleanup_with(problems_free)

#endif
