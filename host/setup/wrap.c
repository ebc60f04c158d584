// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/wrap.h"

#include "host/log.h"
#include "host/utf8.h"

#include <string.h>
#include <wchar.h>

#define COLUMNS 80

/* A byte that is no letter (U+FFFD REPLACEMENT CHARACTER). */
#define NO_LETTER 0xfffd

/* No line begins with one of these, and none ends in one of those. */
static const wchar_t closing[] = L"，。：；！？、）】》〉」』〕］｝”’…—～％·";
static const wchar_t opening[] = L"（【《〈「『〔［｛“‘";

struct letter {
	wchar_t code; /* Unicode's number of it, as in all of libc's locales */
	size_t len;   /* in bytes */
};

/* The letter at the beginning of TEXT, which is not empty. */
static struct letter letter_at(const char *text)
{
	uint32_t number;
	size_t len = utf8_letter(text, &number);

	return len ? (struct letter){(wchar_t)number, len} : (struct letter){NO_LETTER, 1};
}

static size_t letter_width(wchar_t code)
{
	int n = wcwidth(code);

	return n < 0 ? 1 : (size_t)n;
}

/* The columns of the LEN bytes at TEXT. */
static size_t width(const char *text, size_t len)
{
	struct letter letter;
	size_t n = 0;

	for (size_t i = 0; i < len; i += letter.len) {
		letter = letter_at(text + i);
		n += letter_width(letter.code);
	}
	return n;
}

static bool is_in(const wchar_t *set, wchar_t code)
{
	return code && wcschr(set, code);
}

/* Whether it is of a script without blanks; its quotes are as narrow as everybody's. */
static bool is_wide(wchar_t code)
{
	return letter_width(code) == 2 || is_in(closing, code) || is_in(opening, code);
}

/* Whether a line may end between two letters with no blank between them. */
static bool may_part(wchar_t before, wchar_t after)
{
	if (is_in(opening, before) || is_in(closing, after))
		return false;
	if (is_wide(before) && is_wide(after))
		return true;
	/* A word of another script behind a comma, which has its blank in itself. */
	return letter_width(before) == 2 && is_in(closing, before);
}

/* How many bytes at TEXT stay on one line. */
static size_t piece_length(const char *text)
{
	wchar_t before = 0;
	size_t len = 0;

	while (text[len] && text[len] != ' ') {
		struct letter letter = letter_at(text + len);

		if (len && may_part(before, letter.code))
			break;
		before = letter.code;
		len += letter.len;
	}
	return len;
}

size_t wrap_width(const char *text)
{
	return width(text, strlen(text));
}

int wrap_gap(const char *text, size_t columns)
{
	size_t n = wrap_width(text);

	return n < columns ? (int)(columns - n) : 0;
}

void wrap_print(FILE *to, const char *text, size_t column, size_t indent)
{
	auto_free char *safe = log_printable(text);
	size_t blank = 0; /* columns between the last piece and the next */

	for (const char *at = safe; at && *at;) {
		size_t len = piece_length(at);
		size_t columns = width(at, len);

		if (column + blank + columns > COLUMNS && column > indent) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
		} else {
			fprintf(to, "%*s", (int)blank, "");
			column += blank;
		}
		fprintf(to, "%.*s", (int)len, at);
		column += columns;
		at += len;
		blank = *at == ' ';
		at += strspn(at, " ");
	}
	fputc('\n', to);
}
