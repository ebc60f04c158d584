/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel command line: text to words and back. Words are kept as they are written, quotes
 * included. Pure. (Source of the rules: Linux lib/cmdline.c next_arg(), kernel/params.c
 * parse_args(): spaces separate words, double quotes protect spaces, '-' and '_' are the same in a
 * name, and the words after "--" are not the kernel's but init's.)
 */
#ifndef HOST_SETUP_CONF_CMDLINE_H
#define HOST_SETUP_CONF_CMDLINE_H

#include "host/base/base.h"

/* A word of the kernel command line, or a line of another configuration file. */
struct conf_item {
	char *text;
	char *file;	   /* where it is written, without a leading '/'; NULL: unknown */
	unsigned int line; /* counted from 1; 0: unknown */
};

struct conf_items {
	struct conf_item *items;
	size_t n;
};

/* Adds one item; TEXT and FILE (may be NULL) are copied. Returns 0, or -ENOMEM (also for a TEXT of
 * NULL). */
int conf_items_add(struct conf_items *list, const char *text, const char *file,
		   unsigned int line) must_check;

void conf_items_free(struct conf_items *list);

#define auto_conf_items cleanup_with(conf_items_free)

/* Where the next word of TEXT begins, and its length; NULL when there is none. */
const char *cmdline_next(const char *text, size_t *ret_len);

/* Adds the words of TEXT, the content of FILE (copied; may be NULL), each with the line that it
 * begins on. Returns 0 or -ENOMEM. */
int cmdline_split(struct conf_items *cmdline, const char *text, const char *file) must_check;

/* How many bytes of it Linux keeps: COMMAND_LINE_SIZE less the zero byte
 * (arch/x86/include/asm/setup.h, arch/arm64/include/uapi/asm/setup.h). GRUB leaves out the words
 * that end behind that, the kernel cuts. */
#define CMDLINE_KEPT ((size_t)2047)

/* How many of the words end within CMDLINE_KEPT bytes, when BEFORE bytes come before them.
 * *RET_LENGTH is the length of the whole line in bytes. */
size_t cmdline_kept(const struct conf_items *cmdline, size_t before, size_t *ret_length);

/* Whether it is a word that a boot loader adds by itself, or that names the root. */
bool cmdline_is_loaders(const char *word);

/* The words with one space between them. A new string, or NULL without memory. */
char *cmdline_join(const struct conf_items *cmdline) must_check;

/*
 * WORD's value when WORD sets the parameter NAME: what comes after '=' (without an opening quote,
 * so a closing one may be left), "" when there is no '=', and NULL when it is another word.
 */
const char *cmdline_value(const char *word, const char *name);

/* Whether ITEM is one of the comma-separated parts of a value. */
bool cmdline_value_has(const char *value, const char *item);

/* The last word that sets NAME, before any "--". NULL when there is none. */
const struct conf_item *cmdline_last(const struct conf_items *cmdline, const char *name);

/* The word that equals WORD ('-' and '_' are the same in its name), before any "--"; or NULL. */
const struct conf_item *cmdline_find(const struct conf_items *cmdline, const char *word);

/*
 * Whether what WORD sets is in the command line. For parameters whose values are lists that add up
 * (cmdline_adds_up()) each part of WORD's value must be found in some word
 * of that name; for all others it is cmdline_find(). *RET, when not NULL, is the word that has (the
 * last part of) it.
 */
bool cmdline_covers(const struct conf_items *cmdline, const char *word,
		    const struct conf_item **ret);

/* Whether NAME is a parameter whose value is a list to which each word of it adds. */
bool cmdline_adds_up(const char *name);

/* Adds to RET those words of ONE that OTHER lacks (cmdline_find()). Returns 0 or -ENOMEM. */
int cmdline_subtract(const struct conf_items *one, const struct conf_items *other,
		     struct conf_items *ret) must_check;

/*
 * TEXT (a file of one line) with WORDS after its last word: every other byte stays, including the
 * spaces and the newline after it. Returns a new string, or NULL without memory.
 */
char *cmdline_append(const char *text, const char *const *words, size_t n) must_check;

/*
 * TEXT without WORDS, the inverse of cmdline_append(): where all of them are side by side, they are
 * removed there (the last such place); else each is removed once (the last of several equal ones),
 * with the space before it, or after it when it is the first. One that is not there is ignored.
 * Returns a new string, or NULL without memory.
 */
char *cmdline_remove(const char *text, const char *const *words, size_t n) must_check;

#endif
