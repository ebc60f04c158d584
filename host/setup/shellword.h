/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of /bin/sh as settings files use them: quotes, backslashes, continued lines and references
 * to variables; for grubcfg. Nothing is run: a value that depends on what only a shell could find
 * out is marked unknown. Pure. (Source of the rules: POSIX.1-2017 XCU 2.2 and 2.6.)
 */
#ifndef HOST_SETUP_SHELLWORD_H
#define HOST_SETUP_SHELLWORD_H

#include "host/setup/grubcfg.h"

/* Where a letter is written. */
struct place {
	size_t source;
	unsigned int line;
};

/* A variable's value; each letter knows where it is written, through any number of references. */
struct value {
	char *text; /* not terminated */
	struct place *places;
	size_t n;
	char *unknown; /* why the value cannot be told; NULL: it can */
	struct place unknown_at;
};

struct variable {
	char *name;
	struct value value;
};

struct shell {
	const struct grubcfg_source *sources;
	struct variable *variables;
	size_t n_variables;
	struct grubcfg *result;
	/* the reader */
	size_t source;
	const char *at;
	unsigned int line;
};

void value_free(struct value *value);

#define auto_value cleanup_with(value_free)

/* Frees the variables. */
void shell_free(struct shell *shell);

/* Reports a problem. Returns -EBADMSG, which ends the reading of this source, or -ENOMEM. */
int shell_problem(struct shell *shell, struct place place, const char *format, ...)
	printf_like(3, 4) must_check;

/* Where the reader stands. */
struct place shell_place(const struct shell *shell);

/* The length of the name at the beginning of TEXT, 0 when none is there. */
size_t shell_name_length(const char *text);

/* The variable with that name; NULL when it was never set. */
struct variable *shell_find(const struct shell *shell, const char *name, size_t len);

/* Sets a variable, taking the value over (leaving it empty). Returns 0 or -ENOMEM. */
int shell_set(struct shell *shell, const char *name, size_t len, struct value *value) must_check;

/* Reads up to the end of the word, adding it to VALUE. Returns 0, -EBADMSG (reported) or -ENOMEM.
 */
int shell_take_word(struct shell *shell, struct value *value) must_check;

#endif
