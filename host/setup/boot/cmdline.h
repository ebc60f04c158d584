/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's command line: text to words and back. Words are kept as they are written, quotes
 * included. Pure. (Source of the rules: Linux lib/cmdline.c next_arg(), kernel/params.c
 * parse_args(): spaces separate words, double quotes protect spaces, '-' and '_' are one in a
 * name, and what stands after a word "--" is not the kernel's but init's.)
 */
#ifndef HOST_SETUP_BOOT_CMDLINE_H
#define HOST_SETUP_BOOT_CMDLINE_H

#include "host/base/base.h"

struct cmdline_word {
	char *text;
	char *file;	   /* where it is written, without a leading '/'; NULL: unknown */
	unsigned int line; /* counts from 1; 0: unknown */
};

struct cmdline {
	struct cmdline_word *items;
	size_t n;
};

/* Where the next word of TEXT begins, and its length, quotes minded; NULL when there is none. */
const char *cmdline_next(const char *text, size_t *ret_len);

/* Adds the words of TEXT after those in CMDLINE, all from FILE (copied; may be NULL) and the line
 * of TEXT, counted from 1, that they begin on. Returns 0 or -ENOMEM. */
int cmdline_split(struct cmdline *cmdline, const char *text, const char *file) must_check;

/* Adds one word, LEN bytes of TEXT. Returns 0 or -ENOMEM. */
int cmdline_add(struct cmdline *cmdline, const char *text, size_t len, const char *file,
		unsigned int line) must_check;

void cmdline_free(struct cmdline *cmdline);

/* The words with one space between them. A new string, or NULL without memory. */
char *cmdline_join(const struct cmdline *cmdline) must_check;

/*
 * WORD's value when WORD gives the parameter NAME: what stands after '=' (an opening quote cut
 * off, so a closing one may be left), "" when there is no '=', and NULL when it is another word.
 */
const char *cmdline_value(const char *word, const char *name);

/* Whether ITEM is one of the comma-separated parts of a value. */
bool cmdline_value_has(const char *value, const char *item);

/* The last word that gives NAME, before any "--". NULL when there is none. */
const struct cmdline_word *cmdline_last(const struct cmdline *cmdline, const char *name);

/* The word that is WORD itself ('-' is '_' in its name), before any "--". NULL when none is. */
const struct cmdline_word *cmdline_find(const struct cmdline *cmdline, const char *word);

/*
 * Whether what WORD asks for is in the command line. For parameters whose values are lists that add
 * up (intel_iommu, iommu, pci, pcie_acs_override) each part of WORD's value must be found in some
 * word of that name; for all others it is cmdline_find(). *RET, when not NULL, is the word that
 * has (the last part of) it.
 */
bool cmdline_covers(const struct cmdline *cmdline, const char *word,
		    const struct cmdline_word **ret);

/* Adds to RET those words of ONE that OTHER has not (cmdline_find()). Returns 0 or -ENOMEM. */
int cmdline_subtract(const struct cmdline *one, const struct cmdline *other,
		     struct cmdline *ret) must_check;

/*
 * TEXT (a file of one line) with WORDS after its last word: every other byte, the spaces and the
 * newline after it included, stays. Returns a new string, or NULL without memory.
 */
char *cmdline_append(const char *text, const char *const *words, size_t n) must_check;

/*
 * TEXT without WORDS: each is taken out once, with the space before it (with the space after it
 * when it is the first), the last of several equal ones; when all of WORDS stand side by side,
 * that run is what goes. One that is not there is ignored. The inverse of cmdline_append(). Returns
 * a new string, or NULL without memory.
 */
char *cmdline_remove(const char *text, const char *const *words, size_t n) must_check;

#define auto_cmdline cleanup_with(cmdline_free)

#endif
