// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/text/propstr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { HOST, ON, WORD, COUNT, RATE, SHORT, KEYS };

static const struct propstr_key keys[KEYS] = {
	[HOST] = {.name = "host", .is_default = true},
	[ON] = {.name = "on", .check = propstr_is_bool, .expected = PROPSTR_EXPECT_BOOL},
	[WORD] = {.name = "word", .check = propstr_is_choice, .expected = "one|two"},
	[COUNT] = {.name = "count",
		   .check = propstr_is_integer,
		   .expected = "from -2 to 10",
		   .min = -2,
		   .max = 10},
	[RATE] = {.name = "rate",
		  .check = propstr_is_number,
		  .expected = "from 0.5 to 64",
		  .min = 0.5,
		  .max = 64},
	[SHORT] = {.name = "short", .len_max = 3},
};
static const struct propstr_format format = {PROPSTR_FORMAT(keys)};

/* A format without a default key, whose only key must be given. */
static const struct propstr_key strict_keys[] = {
	{.name = "size",
	 .check = propstr_is_integer,
	 .expected = "an integer",
	 .min = -PROPSTR_ANY,
	 .max = PROPSTR_ANY,
	 .required = true},
};
static const struct propstr_format strict = {PROPSTR_FORMAT(strict_keys)};

/* A format whose default key is a boolean. */
static const struct propstr_key bool_keys[] = {
	{.name = "enabled",
	 .check = propstr_is_bool,
	 .expected = PROPSTR_EXPECT_BOOL,
	 .is_default = true},
};
static const struct propstr_format bool_format = {PROPSTR_FORMAT(bool_keys)};

/* "key=value ..." of what was understood, in the order of the keys, or "!REASON". */
static char *understand(const struct propstr_format *fmt, const char *text)
{
	struct text values[KEYS];
	char *why = NULL, *out = NULL;
	size_t size;
	FILE *to;
	int r;

	r = propstr_parse(fmt, text_of(text), values, &why);
	assert_true(r == 0 || r == -EINVAL);
	to = open_memstream(&out, &size);
	assert_non_null(to);
	for (size_t i = 0; r == 0 && i < fmt->n_keys; i++) {
		if (values[i].at)
			fprintf(to, "%s=%.*s ", fmt->keys[i].name, (int)values[i].len,
				values[i].at);
	}
	if (r < 0) {
		assert_non_null(why);
		fprintf(to, "!%s", why);
	}
	free(why);
	assert_int_equal(fclose(to), 0);
	return out;
}

struct row {
	const char *text, *understood;
};

static void run_rows(const struct propstr_format *fmt, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *understood = understand(fmt, rows[i].text);

		if (strcmp(understood, rows[i].understood))
			print_error("text: %s\n", rows[i].text);
		assert_string_equal(understood, rows[i].understood);
	}
}

static void test_parts(void **state)
{
	static const struct row rows[] = {
		{"", ""},
		{",, ,\t,", ""},
		{"a", "host=a "},
		{" a ", "host= a  "},
		{"host=a=b=", "host=a=b= "},
		{"word=one,a", "host=a word=one "},
		{"=a", "!nothing before or after the '=' in '=a'"},
		{"host=", "!nothing before or after the '=' in 'host='"},
		{"=", "!nothing before or after the '=' in '='"},
		{"Host=a", "!unknown option 'Host'"},
		{" host=a", "!unknown option ' host'"},
		{"none=a", "!unknown option 'none'"},
	};

	(void)state;
	run_rows(&format, rows, ARRAY_SIZE(rows));
}

static void test_repeated(void **state)
{
	static const struct row rows[] = {
		{"a,b", "!'host' is given already, and there is no '=' in 'b'"},
		{"host=a,b", "!'host' is given already, and there is no '=' in 'b'"},
		{"a,host=b", "!'host' is given twice"},
		{"word=one,word=one", "!'word' is given twice"},
		/* "0" counts as unset, for the default key only. */
		{"host=0,a", "host=a "},
		{"host=0,host=a", "!'host' is given twice"},
		{"0,a", "!'host' is given already, and there is no '=' in 'a'"},
		{"0", "host=0 "},
		{"host=00,a", "!'host' is given already, and there is no '=' in 'a'"},
		{"word=0,word=one", "!'word' is given twice"},
	};

	(void)state;
	run_rows(&format, rows, ARRAY_SIZE(rows));
}

static void test_values(void **state)
{
	static const struct row rows[] = {
		{"on=1", "on=1 "},
		{"on=YES", "on=1 "},
		{"on=tRuE", "on=1 "},
		{"on=On", "on=1 "},
		{"on=0", "on=0 "},
		{"on=no", "on=0 "},
		{"on=FALSE", "on=0 "},
		{"on=off", "on=0 "},
		{"on=y", "!'on' must be " PROPSTR_EXPECT_BOOL ", not 'y'"},
		{"on=01", "!'on' must be " PROPSTR_EXPECT_BOOL ", not '01'"},
		{"on= 1", "!'on' must be " PROPSTR_EXPECT_BOOL ", not ' 1'"},
		{"word=two", "word=two "},
		{"word=Two", "!'word' must be one|two, not 'Two'"},
		{"word=one|two", "!'word' must be one|two, not 'one|two'"},
		{"short=abc", "short=abc "},
		{"short=abcd", "!'short' is longer than 3 characters"},
		{"word=\\\x01\xff", "!'word' must be one|two, not '\\\\\\x01\\xff'"},
	};

	(void)state;
	run_rows(&format, rows, ARRAY_SIZE(rows));
}

static void test_numbers(void **state)
{
	static const struct row rows[] = {
		{"count=10", "count=10 "},
		{"count=+010", "count=+010 "},
		{"count=-2", "count=-2 "},
		{"count=-3", "!'count' must be from -2 to 10, not '-3'"},
		{"count=11", "!'count' must be from -2 to 10, not '11'"},
		{"count=1.0", "!'count' must be from -2 to 10, not '1.0'"},
		{"count=1e0", "!'count' must be from -2 to 10, not '1e0'"},
		{"count=-", "!'count' must be from -2 to 10, not '-'"},
		{"count=+-1", "!'count' must be from -2 to 10, not '+-1'"},
		{"count=0x1", "!'count' must be from -2 to 10, not '0x1'"},
		{"count=1 ", "!'count' must be from -2 to 10, not '1 '"},
		{"rate=0.5", "rate=0.5 "},
		{"rate=.5", "rate=.5 "},
		{"rate=64.", "rate=64. "},
		{"rate=640e-1", "rate=640e-1 "},
		{"rate=6.4E+1", "rate=6.4E+1 "},
		{"rate=0.4", "!'rate' must be from 0.5 to 64, not '0.4'"},
		{"rate=64.1", "!'rate' must be from 0.5 to 64, not '64.1'"},
		/* A decimal comma only begins another part, in any locale. */
		{"rate=6,5", "host=5 rate=6 "},
		{"rate=.", "!'rate' must be from 0.5 to 64, not '.'"},
		{"rate=1e", "!'rate' must be from 0.5 to 64, not '1e'"},
		{"rate=1e+", "!'rate' must be from 0.5 to 64, not '1e+'"},
		{"rate=1e1x", "!'rate' must be from 0.5 to 64, not '1e1x'"},
		{"rate=e1", "!'rate' must be from 0.5 to 64, not 'e1'"},
		{"rate=inf", "!'rate' must be from 0.5 to 64, not 'inf'"},
		{"rate=nan", "!'rate' must be from 0.5 to 64, not 'nan'"},
		{"rate=1e99999999999999999999", "!'rate' must be from 0.5 to 64, not "
						"'1e99999999999999999999'"},
		{"rate=1e-99999999999999999999", "!'rate' must be from 0.5 to 64, not "
						 "'1e-99999999999999999999'"},
	};

	(void)state;
	run_rows(&format, rows, ARRAY_SIZE(rows));
}

static void test_other_formats(void **state)
{
	static const struct row strict_rows[] = {
		{"", "!'size' is missing"},
		{"size=1", "size=1 "},
		{"1", "!there is no '=' in '1'"},
		{"size=-99999999999999999999999999", "size=-99999999999999999999999999 "},
	};
	/* Words are for those who write the key. */
	static const struct row bool_rows[] = {
		{"1", "enabled=1 "},
		{"0", "enabled=0 "},
		{"on", "!'enabled' must be " PROPSTR_EXPECT_BOOL ", not 'on'"},
		{"enabled=on", "enabled=1 "},
		{"enabled=off,1", "enabled=1 "},
		{"enabled=on,1", "!'enabled' is given already, and there is no '=' in '1'"},
	};

	(void)state;
	run_rows(&strict, strict_rows, ARRAY_SIZE(strict_rows));
	run_rows(&bool_format, bool_rows, ARRAY_SIZE(bool_rows));
}

static void test_nul_is_a_byte(void **state)
{
	static const char with_nul[] = "a\0b,short=\0";
	struct text values[KEYS];

	(void)state;
	assert_int_equal(
		propstr_parse(&format, (struct text){with_nul, sizeof(with_nul) - 1}, values, NULL),
		0);
	assert_int_equal(values[HOST].len, 3);
	assert_memory_equal(values[HOST].at, "a\0b", 3);
	assert_int_equal(values[SHORT].len, 1);
	/* A NUL is not white space: the part counts. */
	assert_int_equal(propstr_parse(&strict, (struct text){"size=1,\0", 8}, values, NULL),
			 -EINVAL);
}

static void test_long_texts_are_cut_in_messages(void **state)
{
	char text[300] = "word=";
	struct text values[KEYS];
	char *why = NULL;

	(void)state;
	memset(text + 5, '\xfe', sizeof(text) - 6);
	assert_int_equal(propstr_parse(&format, text_of(text), values, &why), -EINVAL);
	assert_non_null(strstr(why, "\\xfe...'"));
	assert_true(strlen(why) < 300);
	free(why);
}

static void test_bool_and_configid(void **state)
{
	(void)state;
	assert_int_equal(propstr_bool(text_of("yes")), 1);
	assert_int_equal(propstr_bool(text_of("Off")), 0);
	assert_int_equal(propstr_bool(text_of("")), -1);
	assert_int_equal(propstr_bool(text_of("10")), -1);
	assert_int_equal(propstr_bool((struct text){"1\0", 2}), -1);

	assert_true(propstr_is_configid(NULL, text_of("a1")));
	assert_true(propstr_is_configid(NULL, text_of("Z_-9")));
	assert_false(propstr_is_configid(NULL, text_of("a")));
	assert_false(propstr_is_configid(NULL, text_of("1a")));
	assert_false(propstr_is_configid(NULL, text_of("a.b")));
	assert_false(propstr_is_configid(NULL, text_of("a\xc3\xa9")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_other_formats),
		cmocka_unit_test(test_nul_is_a_byte),
		cmocka_unit_test(test_long_texts_are_cut_in_messages),
		cmocka_unit_test(test_bool_and_configid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
