// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/bdf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_good(void **state)
{
	static const struct {
		const char *text;
		struct bdf bdf;
	} rows[] = {
		{"0000:00:00.0", {0, 0, 0, 0}},
		{"0000:01:00.1", {0, 1, 0, 1}},
		{"0000:ff:1f.7", {0, 0xff, 0x1f, 7}},
		{"ffff:ab:0c.5", {0xffff, 0xab, 0x0c, 5}},
		{"10000:01:00.0", {0x10000, 1, 0, 0}},
		{"ffffffff:ff:1f.7", {0xffffffff, 0xff, 0x1f, 7}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[BDF_TEXT_SIZE];
		struct bdf bdf;

		assert_int_equal(bdf_parse(rows[i].text, &bdf), 0);
		assert_int_equal(bdf_compare(&bdf, &rows[i].bdf), 0);
		assert_string_equal(bdf_format(&bdf, text), rows[i].text);
	}
}

static void test_bad(void **state)
{
	static const char *const texts[] = {
		"",
		":",
		"0000",
		"0000:",
		"01:00.0",
		"000:01:00.0",
		"0000:01:00",
		"0000:01:00.",
		"0000:01:00.8",
		"0000:01:20.0",
		"0000:1:00.0",
		"0000:01:0.0",
		"0000:001:00.0",
		"0000:01:00.00",
		"0000:01:00.0 ",
		" 0000:01:00.0",
		"0000:01:00.0\n",
		"0000:AB:00.0",
		"0000:0g:00.0",
		"00001:01:00.0",
		"00010000:01:00.0",
		"100000000:01:00.0",
		"0000:01:00:0",
		"0000.01.00.0",
		"+000:01:00.0",
		"0x00:01:00.0",
		"0000:-1:00.0",
		"../0:01:00.0",
		"0000:01:00/0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct bdf bdf = {7, 7, 7, 7};

		if (bdf_parse(texts[i], &bdf) != -EINVAL)
			fail_msg("taken for an address: '%s'", texts[i]);
		assert_int_equal(bdf.domain, 7);
		assert_int_equal(bdf.func, 7);
	}
}

static void test_short(void **state)
{
	static const char *const bad[] = {
		"", "3:00.0", "03:00", "03:00.0 ", ":03:00.0", "03:00.0xxxxxxxxxxxxxxxx", "03:20.0",
	};
	struct bdf bdf;

	(void)state;
	assert_int_equal(bdf_parse_short("03:1f.7", &bdf), 0);
	assert_string_equal(bdf_text(&bdf), "0000:03:1f.7");
	assert_int_equal(bdf_parse_short("10000:03:00.1", &bdf), 0);
	assert_string_equal(bdf_text(&bdf), "10000:03:00.1");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (bdf_parse_short(bad[i], &bdf) != -EINVAL)
			fail_msg("taken for an address: '%s'", bad[i]);
	assert_string_equal(bdf_text(&bdf), "10000:03:00.1");
}

static void test_order(void **state)
{
	static const struct bdf sorted[] = {
		{0, 0, 0, 0},	    {0, 0, 0, 1}, {0, 0, 1, 0},	      {0, 1, 0, 0},
		{0, 0xff, 0x1f, 7}, {1, 0, 0, 0}, {0x10000, 0, 0, 0}, {0xffffffff, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t k = 0; k < ARRAY_SIZE(sorted); k++) {
			int order = bdf_compare(&sorted[i], &sorted[k]);

			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
		}
}

static void test_same_slot(void **state)
{
	const struct bdf a = {0, 1, 2, 3};
	const struct bdf same = {0, 1, 2, 0};
	const struct bdf others[] = {{1, 1, 2, 3}, {0, 2, 2, 3}, {0, 1, 3, 3}};

	(void)state;
	assert_true(bdf_same_slot(&a, &same));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(bdf_same_slot(&a, &others[i]));
}

static void test_set(void **state)
{
	const struct bdf a = {0, 3, 0, 0}, b = {1, 3, 0, 0};
	auto_bdf_set struct bdf_set set = {0};

	(void)state;
	assert_false(bdf_set_has(&set, &a));
	assert_int_equal(bdf_set_add(&set, &b), 0);
	assert_int_equal(bdf_set_add(&set, &a), 0);
	assert_int_equal(bdf_set_add(&set, &b), 0);
	assert_int_equal(set.n, 2);
	assert_int_equal(bdf_compare(&set.items[0], &b), 0);
	assert_true(bdf_set_has(&set, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),  cmocka_unit_test(test_bad),
		cmocka_unit_test(test_order), cmocka_unit_test(test_same_slot),
		cmocka_unit_test(test_set),   cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
