// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/text/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/text/strbuf.h"

/* How many bytes of a hostile text a message may repeat. */
#define QUOTE_MAX 60

struct text text_of(const char *str)
{
	return (struct text){str, strlen(str)};
}

struct text text_skip(struct text t, size_t n)
{
	return (struct text){t.at + n, t.len - n};
}

bool char_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool char_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool char_is_alnum(char c)
{
	return char_is_alpha(c) || char_is_digit(c);
}

bool char_is_hex(char c)
{
	return char_is_lower_hex(c) || (c >= 'A' && c <= 'F');
}

bool char_is_lower_hex(char c)
{
	return char_is_digit(c) || (c >= 'a' && c <= 'f');
}

bool char_is_word(char c)
{
	return !char_is_space(c);
}

/* Not tolower(): that one asks the locale. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_is(struct text t, const char *word)
{
	return t.len == strlen(word) && !memcmp(t.at, word, t.len);
}

bool text_is_nocase(struct text t, const char *word)
{
	if (t.len != strlen(word))
		return false;
	for (size_t i = 0; i < t.len; i++)
		if (lower(t.at[i]) != lower(word[i]))
			return false;
	return true;
}

bool text_take(struct text *t, const char *word)
{
	size_t len = strlen(word);

	if (t->len < len || memcmp(t->at, word, len))
		return false;
	*t = text_skip(*t, len);
	return true;
}

bool text_take_end(struct text *t, const char *word)
{
	size_t len = strlen(word);

	if (t->len < len || memcmp(t->at + t->len - len, word, len))
		return false;
	t->len -= len;
	return true;
}

size_t text_span(struct text t, bool (*is_of_class)(char c))
{
	size_t n = 0;

	while (n < t.len && is_of_class(t.at[n]))
		n++;
	return n;
}

bool text_take_digits(struct text *t)
{
	size_t n = text_span(*t, char_is_digit);

	*t = text_skip(*t, n);
	return n > 0;
}

bool text_is_blank(struct text t)
{
	return text_trim_end(t).len == 0;
}

struct text text_trim_end(struct text t)
{
	while (t.len && char_is_space(t.at[t.len - 1]))
		t.len--;
	return t;
}

struct text text_trim(struct text t)
{
	return text_trim_end(text_skip(t, text_span(t, char_is_space)));
}

bool text_next(struct text *rest, char sep, struct text *ret)
{
	const char *end;

	if (!rest->at)
		return false;
	end = rest->len ? memchr(rest->at, sep, rest->len) : NULL;
	if (!end) {
		*ret = *rest;
		*rest = (struct text){NULL, 0};
		return true;
	}
	*ret = (struct text){rest->at, (size_t)(end - rest->at)};
	*rest = text_skip(*rest, ret->len + 1);
	return true;
}

static bool is_separator(char c)
{
	return c == ',' || c == ';' || !c || char_is_space(c);
}

static bool is_item_char(char c)
{
	return !is_separator(c);
}

bool text_next_item(struct text *rest, struct text *ret)
{
	if (!rest->at)
		return false;
	*rest = text_skip(*rest, text_span(*rest, is_separator));
	*ret = (struct text){rest->at, text_span(*rest, is_item_char)};
	*rest = text_skip(*rest, ret->len);
	return ret->len > 0;
}

bool text_list_has(struct text list, const char *word)
{
	struct text item;

	while (text_next_item(&list, &item))
		if (text_is(item, word))
			return true;
	return false;
}

bool text_is_one_of(struct text t, const char *choices)
{
	struct text rest = text_of(choices), choice;

	while (text_next(&rest, '|', &choice)) {
		if (t.len == choice.len && !memcmp(t.at, choice.at, t.len))
			return true;
	}
	return false;
}

static bool all_of(struct text t, bool (*is_of_class)(char c))
{
	return text_span(t, is_of_class) == t.len;
}

bool text_parse_index(struct text digits, unsigned int count, unsigned int *ret)
{
	unsigned int index = 0;

	if (!digits.len || digits.len > 3 || (digits.len > 1 && digits.at[0] == '0') ||
	    !all_of(digits, char_is_digit))
		return false;
	for (size_t i = 0; i < digits.len; i++)
		index = index * 10 + (unsigned int)(digits.at[i] - '0');
	if (index >= count)
		return false;
	*ret = index;
	return true;
}

static bool is_label_char(char c)
{
	return char_is_alnum(c) || c == '-';
}

bool text_is_dns_name(struct text value)
{
	struct text rest = value, label;

	while (text_next(&rest, '.', &label)) {
		if (!label.len || !all_of(label, is_label_char) || label.at[0] == '-' ||
		    label.at[label.len - 1] == '-')
			return false;
	}
	return true;
}

static bool is_storage_char(char c)
{
	return char_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

bool text_is_storage_id(struct text value)
{
	return value.len >= 2 && all_of(value, is_storage_char) && char_is_alpha(value.at[0]) &&
	       char_is_alnum(value.at[value.len - 1]);
}

bool text_is_volume(struct text value)
{
	struct text name = value, storage;

	text_next(&name, ':', &storage);
	return name.at && name.len && text_is_storage_id(storage);
}

bool text_is_uuid(struct text value)
{
	static const size_t groups[] = {8, 4, 4, 4, 12};
	struct text rest = value, group;
	size_t n = 0;

	for (; text_next(&rest, '-', &group); n++) {
		if (n == ARRAY_SIZE(groups) || group.len != groups[n] ||
		    !all_of(group, char_is_hex))
			return false;
	}
	return n == ARRAY_SIZE(groups);
}

char *text_dup(struct text t)
{
	char *copy = malloc(t.len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, t.at, t.len);
	copy[t.len] = '\0';
	return copy;
}

int text_copy(struct text t, char **ret)
{
	char *copy = t.at ? text_dup(t) : NULL;

	if (t.at && !copy)
		return -ENOMEM;
	if (copy)
		*ret = copy;
	return 0;
}

void text_escape(struct strbuf *out, struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.at[i];

		if (c == '\\')
			strbuf_add_bytes(out, "\\\\", 2);
		else if (c >= ' ' && c <= '~')
			strbuf_add_bytes(out, t.at + i, 1);
		else
			strbuf_add(out, "\\x%02x", c);
	}
}

char *text_quote(struct text t)
{
	auto_strbuf struct strbuf quoted = {0};
	bool cut = t.len > QUOTE_MAX;

	t.len = cut ? QUOTE_MAX : t.len;
	strbuf_add(&quoted, "'");
	text_escape(&quoted, t);
	strbuf_add(&quoted, cut ? "...'" : "'");
	return strbuf_take(&quoted);
}

int text_refuse(char **ret_why, const char *format, ...)
{
	va_list args;
	char *why;

	if (!ret_why)
		return -EINVAL;
	va_start(args, format);
	why = vprintf_text(format, args);
	va_end(args);
	if (!why)
		return -ENOMEM;
	*ret_why = why;
	return -EINVAL;
}

int text_refuse_part(char **ret_why, struct text t, const char *format, ...)
{
	auto_free char *problem = NULL, *quoted = NULL;
	va_list args;

	if (!ret_why)
		return -EINVAL;
	va_start(args, format);
	problem = vprintf_text(format, args);
	va_end(args);
	quoted = problem ? text_quote(t) : NULL;
	return quoted ? text_refuse(ret_why, "%s %s", problem, quoted) : -ENOMEM;
}
