/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text in the columns of a terminal. Texts are UTF-8 in every locale. LC_CTYPE
 * (host/base/language.h) decides how wide a character is; in "C", and for an invalid byte, it is
 * one column. A line may end at a space, and where Chinese or Japanese, which have none, may be
 * broken: between two wide characters, but neither before a closing mark nor after an opening one.
 */
#ifndef HOST_TEXT_WRAP_H
#define HOST_TEXT_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* How many columns TEXT takes. */
size_t wrap_width(const char *text);

/* How many spaces bring TEXT to COLUMNS; 0 when it is wider. An int, as printf()'s '*' takes it. */
int wrap_gap(const char *text, size_t columns);

/*
 * How many columns the lines on TO may have: COLUMNS of the environment, else what the terminal
 * says, else 80. 0: TO is no terminal, and its lines are not wrapped.
 */
size_t wrap_columns(FILE *to);

/*
 * Prints TEXT, which may hold anything (utf8_printable()), on TO in lines of up to COLUMNS (0: of
 * any length) after INDENT spaces, with a newline at the end; the cursor is at COLUMN. '\n' begins
 * another line. What may not be broken, such as a path, makes its line longer.
 */
void wrap_print_columns(FILE *to, size_t columns, const char *text, size_t column, size_t indent);

/* The same, with wrap_columns(TO). */
void wrap_print(FILE *to, const char *text, size_t column, size_t indent);

#endif
