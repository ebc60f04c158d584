// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_letters(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		uint32_t number;
	} letters[] = {
		{"\x01", 1, 1},
		{"A\xc3", 1, 'A'},
		{"\x7f", 1, 0x7f},
		{"\xc2\x80", 2, 0x80},
		{"\xc3\xa9\xa9", 2, 0xe9},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xed\x9f\xbf", 3, 0xd7ff},
		{"\xee\x80\x80", 3, 0xe000},
		{"\xe4\xb8\xad", 3, 0x4e2d},
		{"\xef\xbf\xbf", 3, 0xffff},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
		uint32_t number = 0;

		assert_int_equal(utf8_character(letters[i].text, &number), letters[i].length);
		assert_int_equal(number, letters[i].number);
	}
}

static void test_no_letters(void **state)
{
	static const char *const texts[] = {
		"\x80",
		"\xbf", /* not the first byte of any */
		"\xc2",
		"\xc2 ",
		"\xe2\x82",
		"\xe2\x82\xe2",
		"\xf0\x9f",
		"\xf0\x9f\x98",
		"\xf0\x9f\x98\x7f", /* cut off */
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x80\x9b",
		"\xe0\x9f\xbf",
		"\xf0\x8f\xbf\xbf", /* in more bytes than they need */
		"\xed\xa0\x80",
		"\xed\xbf\xbf", /* surrogates */
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf7\xbf\xbf\xbf", /* beyond the last */
		"\xf8\x88\x80\x80\x80",
		"\xfe",
		"\xff",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		uint32_t number;

		if (utf8_character(texts[i], &number))
			fail_msg("text %zu was taken for a letter", i);
	}
}

static void test_printable(void **state)
{
	static const struct {
		const char *text, *safe;
	} rows[] = {
		{"", ""},
		{"plain text, 100 %", "plain text, 100 %"},
		{"\x1b[2J", "\\x1b[2J"},
		{"a\tb\nc\r", "a\\x09b\\x0ac\\x0d"},
		{"\x01\x1f\x7f", "\\x01\\x1f\\x7f"},
		/* C1 controls, as UTF-8: CSI is U+009B. */
		{"\xc2\x9b"
		 "2J",
		 "\\xc2\\x9b2J"},
		{"\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f"},
		/* Letters stay. */
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xc2\xa0", "\xc2\xa0"},
		/* A letter whose second byte is like a C1 control. */
		{"\xc4\x80\xd0\x9b", "\xc4\x80\xd0\x9b"},
		{"\xc2", "\\xc2"},
		{"\xe2\x82", "\\xe2\\x82"},
		{"\xe0\x80\x9b", "\\xe0\\x80\\x9b"},
		{"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *safe = utf8_printable(rows[i].text);

		assert_string_equal(safe, rows[i].safe);
	}
}

/* A C1 control as a single byte is one to terminals that do not speak UTF-8. */
static void test_single_c1_bytes(void **state)
{
	auto_free char *safe = utf8_printable("\x9b"
					      "2J \x80 \xff");

	(void)state;
	assert_string_equal(safe, "\\x9b2J \\x80 \\xff");
}

/* What JSON needs: control characters stay, only what is no letter is changed. */
static void test_valid(void **state)
{
	auto_free char *valid = utf8_valid("a\n\x1b\xc2\x9b \xc3\xa9\xff\xc3");

	(void)state;
	assert_string_equal(valid, "a\n\x1b\xc2\x9b \xc3\xa9\\xff\\xc3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_letters),	  cmocka_unit_test(test_no_letters),
		cmocka_unit_test(test_printable), cmocka_unit_test(test_single_c1_bytes),
		cmocka_unit_test(test_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
