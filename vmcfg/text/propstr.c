// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/text/propstr.h"

#include <stdio.h>
#include <string.h>

/* More characters than any number that is meant. */
#define NUMBER_MAX 63

int propstr_bool(struct text value)
{
	static const char *const yes[] = {"1", "on", "yes", "true"};
	static const char *const no[] = {"0", "off", "no", "false"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (text_is_nocase(value, yes[i]))
			return 1;
		if (text_is_nocase(value, no[i]))
			return 0;
	}
	return -1;
}

/* Called after read_pair() has made "1" or "0" of the words. */
bool propstr_is_bool(const struct propstr_key *key, struct text value)
{
	(void)key;
	return text_is(value, "1") || text_is(value, "0");
}

bool propstr_is_choice(const struct propstr_key *key, struct text value)
{
	return text_is_one_of(value, key->expected);
}

static bool is_number_char(char c)
{
	return char_is_digit(c) || (c && strchr("+-.eE", c));
}

/* Decimal numbers only; LC_NUMERIC is always "C" (host/base/language.h). */
bool propstr_is_number(const struct propstr_key *key, struct text value)
{
	char text[NUMBER_MAX + 1] = "", *end;
	double number;

	if (!value.len || value.len > NUMBER_MAX || text_span(value, is_number_char) < value.len)
		return false;
	memcpy(text, value.at, value.len);
	number = strtod(text, &end);
	return !*end && number >= key->min && number <= key->max;
}

bool propstr_is_integer(const struct propstr_key *key, struct text value)
{
	struct text digits = value;

	if (!text_take(&digits, "-"))
		text_take(&digits, "+");
	return text_take_digits(&digits) && !digits.len && propstr_is_number(key, value);
}

static bool is_id_char(char c)
{
	return char_is_alnum(c) || c == '_' || c == '-';
}

bool propstr_is_configid(const struct propstr_key *key, struct text value)
{
	(void)key;
	return value.len >= 2 && char_is_alpha(value.at[0]) &&
	       text_span(value, is_id_char) == value.len;
}

static int read_default(const struct propstr_format *format, struct text part, bool *had_default,
			struct text *values, char **ret_why)
{
	size_t at = 0;

	while (at < format->n_keys && !format->keys[at].is_default)
		at++;
	if (at == format->n_keys)
		return text_refuse_part(ret_why, part, _("there is no '=' in"));
	/* The usual mistake is an option without its value. */
	if (*had_default || (values[at].at && !text_is(values[at], "0")))
		return text_refuse_part(ret_why, part,
					_("'%s' is given already, and there is no '=' in"),
					format->keys[at].name);
	*had_default = true;
	values[at] = part;
	return 0;
}

static int read_pair(const struct propstr_format *format, struct text name, struct text value,
		     struct text *values, char **ret_why)
{
	size_t at = 0;
	int truth;

	while (at < format->n_keys && !text_is(name, format->keys[at].name))
		at++;
	if (at == format->n_keys)
		return text_refuse_part(ret_why, name, _("unknown option"));
	if (values[at].at)
		return text_refuse(ret_why, _("'%s' is given twice"), format->keys[at].name);
	truth = format->keys[at].check == propstr_is_bool ? propstr_bool(value) : -1;
	values[at] = truth < 0 ? value : text_of(truth ? "1" : "0");
	return 0;
}

static int read_part(const struct propstr_format *format, struct text part, bool *had_default,
		     struct text *values, char **ret_why)
{
	struct text value = part, name;

	if (text_is_blank(part))
		return 0;
	text_next(&value, '=', &name);
	if (!value.at)
		return read_default(format, part, had_default, values, ret_why);
	if (!name.len || !value.len)
		return text_refuse_part(ret_why, part, _("nothing before or after the '=' in"));
	return read_pair(format, name, value, values, ret_why);
}

static int check_value(const struct propstr_key *key, struct text value, char **ret_why)
{
	if (key->check && !key->check(key, value))
		return text_refuse_part(ret_why, value, _("'%s' must be %s, not"), key->name,
					_(key->expected));
	if (key->len_max && value.len > key->len_max)
		return text_refuse(ret_why, _("'%s' is longer than %zu characters"), key->name,
				   key->len_max);
	return 0;
}

static int check_values(const struct propstr_format *format, const struct text *values,
			char **ret_why)
{
	int r;

	for (size_t i = 0; i < format->n_keys; i++) {
		const struct propstr_key *key = &format->keys[i];

		if (!values[i].at) {
			if (key->required)
				return text_refuse(ret_why, _("'%s' is missing"), key->name);
			continue;
		}
		r = check_value(key, values[i], ret_why);
		if (r < 0)
			return r;
	}
	return 0;
}

int propstr_parse(const struct propstr_format *format, struct text text, struct text *values,
		  char **ret_why)
{
	struct text rest = text, part;
	bool had_default = false;
	int r;

	for (size_t i = 0; i < format->n_keys; i++)
		values[i] = (struct text){NULL, 0};
	while (text_next(&rest, ',', &part)) {
		r = read_part(format, part, &had_default, values, ret_why);
		if (r < 0)
			return r;
	}
	return check_values(format, values, ret_why);
}
