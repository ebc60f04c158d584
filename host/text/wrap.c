// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/wrap.h"

#include "host/text/utf8.h"

#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

/* The width of a terminal that does not report it. */
#define DEFAULT_COLUMNS 80

/* Enough for a word and its indentation; a smaller width is ignored. */
#define LEAST_COLUMNS 20

/* A byte of no character (U+FFFD REPLACEMENT CHARACTER). */
#define NO_CHARACTER 0xfffd

/* No line begins with one of these, and none ends in one of those. */
static const wchar_t closing[] = L"，。：；！？、）】》〉」』〕］｝”’…—～％·";
static const wchar_t opening[] = L"（【《〈「『〔［｛“‘";

struct character {
	wchar_t code; /* Unicode's number of it, as in all of libc's locales */
	size_t len;   /* in bytes */
};

/* The character at the beginning of TEXT, which is not empty. */
static struct character character_at(const char *text)
{
	uint32_t number;
	size_t len = utf8_character(text, &number);

	return len ? (struct character){(wchar_t)number, len} : (struct character){NO_CHARACTER, 1};
}

static size_t character_width(wchar_t code)
{
	int n = wcwidth(code);

	return n < 0 ? 1 : (size_t)n;
}

/* The columns of the LEN bytes at TEXT. */
static size_t width(const char *text, size_t len)
{
	struct character c;
	size_t n = 0;

	for (size_t i = 0; i < len; i += c.len) {
		c = character_at(text + i);
		n += character_width(c.code);
	}
	return n;
}

static bool is_in(const wchar_t *set, wchar_t code)
{
	return code && wcschr(set, code);
}

/* Whether it is of a script without spaces, whose quotes are narrow, too. */
static bool is_wide(wchar_t code)
{
	return character_width(code) == 2 || is_in(closing, code) || is_in(opening, code);
}

/* Whether a line may end between two characters without a space. */
static bool may_part(wchar_t before, wchar_t after)
{
	if (is_in(opening, before) || is_in(closing, after))
		return false;
	if (is_wide(before) && is_wide(after))
		return true;
	/* A word of another script after a comma, which is as wide as a comma and a space. */
	return character_width(before) == 2 && is_in(closing, before);
}

/* How many bytes at TEXT stay on one line. */
static size_t piece_length(const char *text)
{
	wchar_t before = 0;
	size_t len = 0;

	while (text[len] && text[len] != ' ') {
		struct character c = character_at(text + len);

		if (len && may_part(before, c.code))
			break;
		before = c.code;
		len += c.len;
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

size_t wrap_columns(FILE *to)
{
	const char *wanted = getenv("COLUMNS");
	struct winsize size;
	unsigned long n;

	if (!isatty(fileno(to)))
		return 0;
	n = wanted ? strtoul(wanted, NULL, 10) : 0;
	if (!n && !ioctl(fileno(to), TIOCGWINSZ, &size))
		n = size.ws_col;
	return n >= LEAST_COLUMNS ? n : DEFAULT_COLUMNS;
}

/* One line of the text, which is printable. */
static void print_line(FILE *to, size_t columns, const char *text, size_t column, size_t indent)
{
	size_t space = 0; /* columns between the last piece and the next */

	for (const char *at = text; *at;) {
		size_t len = piece_length(at);
		size_t wide = width(at, len);

		if (columns && column + space + wide > columns && column > indent) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
		} else {
			fprintf(to, "%*s", (int)space, "");
			column += space;
		}
		fprintf(to, "%.*s", (int)len, at);
		column += wide;
		at += len;
		space = strspn(at, " ");
		at += space;
	}
	fputc('\n', to);
}

void wrap_print_columns(FILE *to, size_t columns, const char *text, size_t column, size_t indent)
{
	auto_free char *copy = strdup(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		auto_free char *safe = utf8_printable(line);

		if (line != copy)
			fprintf(to, "%*s", (int)indent, "");
		print_line(to, columns, safe ? safe : "", line == copy ? column : indent, indent);
	}
}

void wrap_print(FILE *to, const char *text, size_t column, size_t indent)
{
	wrap_print_columns(to, wrap_columns(to), text, column, indent);
}
