// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/utf8.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define LAST		0x10ffff
#define FIRST_SURROGATE 0xd800
#define LAST_SURROGATE	0xdfff

/* Of libc itself, so it cannot be missing. */
static locale_t utf8_locale(void)
{
	static locale_t locale;

	if (!locale)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return locale;
}

size_t utf8_character(const char *text, uint32_t *ret)
{
	locale_t before = uselocale(utf8_locale());
	mbstate_t state = {0};
	wchar_t number = 0;
	size_t len = mbrtowc(&number, text, strnlen(text, 4), &state);

	uselocale(before);
	if (len > 4 || number > LAST || (number >= FIRST_SURROGATE && number <= LAST_SURROGATE))
		return 0;
	*ret = (uint32_t)number;
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

/* TEXT with every byte that begins no character by the rule LENGTH as \xNN. */
static char *escaped(const char *text, size_t (*length)(const char *text))
{
	char *safe = malloc(strlen(text) * 4 + 1);
	char *to = safe;

	if (!safe)
		return NULL;
	for (const char *at = text; *at;) {
		size_t n = length(at);

		if (!n)
			to += sprintf(to, "\\x%02x", (unsigned char)*at++);
		for (; n; n--)
			*to++ = *at++;
	}
	*to = '\0';
	return safe;
}

char *utf8_printable(const char *text)
{
	return escaped(text, printable_length);
}

static size_t valid_length(const char *text)
{
	uint32_t number;

	return utf8_character(text, &number);
}

char *utf8_valid(const char *text)
{
	return escaped(text, valid_length);
}
