// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/utf8.h"

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

		assert_int_equal(utf8_letter(letters[i].text, &number), letters[i].length);
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

		if (utf8_letter(texts[i], &number))
			fail_msg("text %zu was taken for a letter", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_no_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
