/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What GRUB's settings say, without running them: /etc/default/grub and
 * /etc/default/grub.d/<name>.cfg are read by /bin/sh when grub-mkconfig sources them; this
 * understands the part of that language which such files use: assignments (quotes of all kinds,
 * continuation lines, $NAME and ${NAME}, several on a line), `export`, `unset` and comments. What
 * it does not understand it reports and does not guess. Pure. (Source of the rules: POSIX.1-2017
 * XCU 2 "Shell Command Language"; grub-mkconfig.in and 10_linux.in of GRUB 2.06 and 2.12.)
 */
#ifndef HOST_SETUP_GRUBCFG_H
#define HOST_SETUP_GRUBCFG_H

#include "host/setup/cmdline.h"

struct grubcfg_source {
	const char *file; /* its name in messages */
	const char *text;
};

/* A construct that was not understood. Whatever follows from it is unknown. */
struct grubcfg_problem {
	char *file;
	unsigned int line;
	char *what; /* "`if` is not a plain assignment" */
};

struct grubcfg {
	struct cmdline always; /* GRUB_CMDLINE_LINUX: every entry */
	struct cmdline
		normal; /* GRUB_CMDLINE_LINUX_DEFAULT: every entry but recovery; behind the other */
	struct grubcfg_problem *problems;
	size_t n_problems;
};

/*
 * Evaluates the sources one after the other, in the order given. Each word is from the file and
 * line that its first letter stands on. A problem that cannot touch the two variables, such as a
 * command substitution in GRUB_DISTRIBUTOR, is none. Returns 0 (free with grubcfg_free()) or
 * -ENOMEM.
 */
int grubcfg_evaluate(const struct grubcfg_source *sources, size_t n,
		     struct grubcfg *ret) must_check;

void grubcfg_free(struct grubcfg *grubcfg);
void grubcfg_problems_free(struct grubcfg_problem *problems, size_t n);

#define auto_grubcfg cleanup_with(grubcfg_free)

#endif
