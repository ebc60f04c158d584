// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/library.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "host/libkmod.h"
#include "host/libpci.h"
#include "vmcfg/libjson.h"

static void test_load(void **state)
{
	size_t (*length)(const char *) = NULL;
	int (*order)(const char *, const char *) = NULL;
	const struct library_function functions[] = {{"strlen", &length}, {"strcmp", &order}};

	(void)state;
	assert_true(library_load("libc.so.6", functions, ARRAY_SIZE(functions)));
	assert_int_equal(length("four"), 4);
	assert_int_equal(order("same", "same"), 0);
}

static void test_not_there(void **state)
{
	void (*pointer)(void) = NULL;
	const struct library_function functions[] = {{"strlen", &pointer}};

	(void)state;
	assert_false(library_load("libpve-passthrough-none.so.1", functions, 1));
	assert_null(pointer);
}

static void test_too_old(void **state)
{
	void (*first)(void) = NULL, (*second)(void) = NULL;
	const struct library_function functions[] = {{"strlen", &first},
						     {"pve_passthrough_none", &second}};

	(void)state;
	assert_false(library_load("libc.so.6", functions, ARRAY_SIZE(functions)));
	assert_null(second);
}

/* Those that the programs load have, where this is built, what is wanted of them. */
static void test_ours(void **state)
{
	(void)state;
	assert_non_null(libkmod_load());
	assert_ptr_equal(libkmod_load(), libkmod_load());
	assert_non_null(libpci_load());
	assert_ptr_equal(libpci_load(), libpci_load());
	assert_non_null(libjson_load());
	assert_ptr_equal(libjson_load(), libjson_load());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_too_old),
		cmocka_unit_test(test_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
