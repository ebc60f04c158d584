/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands as lists of words: quoted for a shell, or run without one (program.h). */
#ifndef HOST_TEXT_ARGV_H
#define HOST_TEXT_ARGV_H

#include "host/base/base.h"

/* A copy of the words of a command, of which the last is NULL, to be freed with argv_free().
 * Returns NULL without memory. */
char **argv_copy(const char *const *words) must_check;

/* argv_copy() of the arguments. */
#define argv_new(...) argv_copy((const char *const[]){__VA_ARGS__, NULL})

/* 'WORD' in quotes for a shell; for bash, as $'WORD', when it holds what is not printable. Returns
 * a new string; NULL without memory, or for a WORD of NULL. */
char *argv_quote(const char *word) must_check;

/* The command in one line that can be copied into a shell: words are quoted where they need it.
 * Returns a new string, or NULL without memory. */
char *argv_text(char *const *argv) must_check;

/* NULL is fine. */
void argv_free(char **argv);
DEFINE_CLEANUP(char **, argv_free)

#define auto_argv cleanup_with(argv_freep)

#endif
