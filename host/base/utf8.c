// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/utf8.h"

#include <stdio.h>
#include <string.h>

/* The first character that needs so many bytes. */
static const uint32_t first_of[] = {0, 0, 0x80, 0x800, 0x10000};

#define LAST		0x10ffff
#define FIRST_SURROGATE 0xd800
#define LAST_SURROGATE	0xdfff

static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc0 || first > 0xf7)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t utf8_character(const char *text, uint32_t *ret)
{
	unsigned char first = (unsigned char)*text;
	size_t len = length_of(first);
	uint32_t number = len > 1 ? first & (0x7fU >> len) : first;

	for (size_t i = 1; i < len; i++) {
		unsigned char next = (unsigned char)text[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		number = number << 6 | (next & 0x3f);
	}
	if (number < first_of[len] || number > LAST ||
	    (number >= FIRST_SURROGATE && number <= LAST_SURROGATE))
		return 0;
	*ret = number;
	return len;
}

/*
 * How many bytes the printable character at TEXT has; 0 when there is none: a control character,
 * one of U+0080 to U+009F too (C1), or a byte of no character, which may be a C1 control elsewhere.
 */
static size_t printable_length(const char *text)
{
	uint32_t number;
	size_t n = utf8_character(text, &number);

	return n && (number < 0x20 || (number >= 0x7f && number < 0xa0)) ? 0 : n;
}

char *utf8_printable(const char *text)
{
	char *safe = malloc(strlen(text) * 4 + 1);
	char *to = safe;

	if (!safe)
		return NULL;
	for (const char *at = text; *at;) {
		size_t n = printable_length(at);

		if (!n)
			to += sprintf(to, "\\x%02x", (unsigned char)*at++);
		for (; n; n--)
			*to++ = *at++;
	}
	*to = '\0';
	return safe;
}
