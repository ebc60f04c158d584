/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text in the columns of a terminal. Texts are UTF-8 in every locale. How wide a letter is LC_CTYPE
 * says (host/language.h); in "C", and for a byte that is no letter, it is one column. A line may
 * end at blanks, and where Chinese or Japanese, which have none, may be broken: between two wide
 * letters, but neither before a mark that closes nor behind one that opens.
 */
#ifndef HOST_SETUP_WRAP_H
#define HOST_SETUP_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* How many columns TEXT takes. */
size_t wrap_width(const char *text);

/* How many blanks bring TEXT to COLUMNS; 0 when it is wider. An int, as printf()'s '*' takes it. */
int wrap_gap(const char *text, size_t columns);

/*
 * Prints TEXT, which may hold anything, on TO, as lines of up to 80 columns behind INDENT columns
 * of blanks, with a newline at the end; the cursor is at COLUMN. What may not be broken, such as a
 * path, makes its line longer when it has to.
 */
void wrap_print(FILE *to, const char *text, size_t column, size_t indent);

#endif
