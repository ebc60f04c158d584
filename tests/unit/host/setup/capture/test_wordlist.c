// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/wordlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_next(void **state)
{
	const char *list = "ab||c", *word;
	size_t len;

	(void)state;
	assert_true(wordlist_next(&list, &word, &len));
	assert_int_equal(len, 2);
	assert_memory_equal(word, "ab", 2);
	assert_true(wordlist_next(&list, &word, &len));
	assert_int_equal(len, 0);
	assert_true(wordlist_next(&list, &word, &len));
	assert_memory_equal(word, "c", 1);
	assert_false(wordlist_next(&list, &word, &len));
	list = NULL;
	assert_false(wordlist_next(&list, &word, &len));
}

static void test_in_line(void **state)
{
	(void)state;
	assert_true(wordlist_in_line("sriov|Name=", "\tName=eth0"));
	assert_false(wordlist_in_line("sriov|Name=", "Name"));
	assert_false(wordlist_in_line("", "Name"));
	assert_false(wordlist_in_line(NULL, "Name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_in_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
