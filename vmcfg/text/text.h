/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A piece of a text that this program did not write: bytes without a NUL at the end, where NUL is
 * an ordinary byte. The character classes are those of Proxmox VE's Perl on byte strings: ASCII
 * only, whatever the locale, and bytes from 0x80 on belong to no class. Pure.
 */
#ifndef VMCFG_TEXT_TEXT_H
#define VMCFG_TEXT_TEXT_H

#include "host/base/base.h"

/* What /etc/pve can hold at most (pmxcfs), and so the longest text accepted. */
#define VMCFG_TEXT_MAX ((size_t)1024 * 1024)

/* AT is NULL when there is no text, which differs from an empty one. */
struct text {
	const char *at;
	size_t len;
};

/* The text of the string STR, without its NUL. */
struct text text_of(const char *str);

/* T without its first N bytes; N must not be more than its length. */
struct text text_skip(struct text t, size_t n);

bool char_is_space(char c); /* space, tab, LF, CR, VT, FF */
bool char_is_digit(char c); /* 0-9 */
bool char_is_alpha(char c); /* a-z, A-Z */
bool char_is_alnum(char c);
bool char_is_hex(char c);	/* 0-9, a-f, A-F */
bool char_is_lower_hex(char c); /* 0-9, a-f */
bool char_is_word(char c);	/* not white space */

/* Whether T is exactly WORD; _nocase ignores the case of ASCII letters. */
bool text_is(struct text t, const char *word);
bool text_is_nocase(struct text t, const char *word);

/* Whether T begins or ends with WORD, exactly; if so, removes it. */
bool text_take(struct text *t, const char *word);
bool text_take_end(struct text *t, const char *word);

/* How many bytes at the beginning of T are of the class. */
size_t text_span(struct text t, bool (*is_of_class)(char c));

/* Removes one or more digits from the beginning of T; false when there are none. */
bool text_take_digits(struct text *t);

/* Whether T holds nothing but white space; true for an empty one. */
bool text_is_blank(struct text t);

/* T without the white space at its end, or at both ends. */
struct text text_trim_end(struct text t);
struct text text_trim(struct text t);

/*
 * Moves the piece up to the next SEP, or to the end, from the beginning of REST to *ret. False when
 * REST is used up (its AT is NULL then). An empty text has one empty piece.
 */
bool text_next(struct text *rest, char sep, struct text *ret);

/* Moves the next item of a list, between commas, semicolons, NULs and white space, from REST to
 * *ret. False when there is none (pve-common, PVE/Tools.pm, split_list). And whether a list has the
 * item. */
bool text_next_item(struct text *rest, struct text *ret);
bool text_list_has(struct text list, const char *word);

/* Whether T is one of CHOICES, which are joined with '|'. */
bool text_is_one_of(struct text t, const char *choices);

/*
 * Reads the number at the end of a key ("15") into *ret: one below COUNT, at most 999, without
 * leading zeros. False, and *ret left alone, when it is not one.
 */
bool text_parse_index(struct text digits, unsigned int count, unsigned int *ret);

/* Whether VALUE has that format (pve-common, PVE/JSONSchema.pm; PVE/Storage/Plugin.pm). */
bool text_is_dns_name(struct text value);
bool text_is_storage_id(struct text value);
bool text_is_volume(struct text value); /* STORAGE:NAME */
bool text_is_uuid(struct text value);

/* A new string with T's bytes and a NUL, or NULL without memory. */
char *text_dup(struct text t) must_check;

/* The same into *ret, which an AT of NULL leaves alone. Returns 0 or -ENOMEM. */
int text_copy(struct text t, char **ret) must_check;

/* Adds T in printable ASCII to OUT: a backslash as two, other bytes as \xNN. */
struct strbuf;
void text_escape(struct strbuf *out, struct text t);

/*
 * T for people: in single quotes, in printable ASCII, other bytes and the backslash escaped, cut
 * after 60 bytes. Returns a new string or NULL without memory.
 */
char *text_quote(struct text t) must_check;

/*
 * Says why a text is refused: a new string in *ret_why, unless RET_WHY is NULL. Returns -EINVAL, or
 * -ENOMEM with *ret_why left alone.
 */
int text_refuse(char **ret_why, const char *format, ...) printf_like(2, 3) must_check;

/* The same for "FORMAT's text, then T in quotes": the usual shape of such a message. */
int text_refuse_part(char **ret_why, struct text t, const char *format, ...)
	printf_like(3, 4) must_check;

#endif
