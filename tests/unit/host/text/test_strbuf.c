// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_empty(void **state)
{
	struct strbuf buf = {0};
	auto_free char *text = strbuf_take(&buf);

	(void)state;
	assert_string_equal(text, "");
}

static void test_add(void **state)
{
	auto_strbuf struct strbuf buf = {0};
	auto_free char *text = NULL, *second = NULL;

	(void)state;
	strbuf_add(&buf, "%s=%d", "a", 1);
	strbuf_add_item(&buf, "b=%d", 2);
	strbuf_add_bytes(&buf, "\0!", 2);
	assert_int_equal(buf.len, 10);
	text = strbuf_take(&buf);
	assert_memory_equal(text, "a=1, b=2\0!", 11);

	strbuf_add_item(&buf, "first");
	strbuf_add_item(&buf, "second");
	second = strbuf_take(&buf);
	assert_string_equal(second, "first, second");
}

/* Longer than any first allocation, a piece at a time and in one. */
static void test_long(void **state)
{
	auto_strbuf struct strbuf buf = {0};
	auto_free char *text = NULL;
	char line[1000];

	(void)state;
	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 100; i++)
		strbuf_add(&buf, "%03d", i);
	strbuf_add_bytes(&buf, line, sizeof(line));
	text = strbuf_take(&buf);
	assert_int_equal(strlen(text), 1300);
	assert_memory_equal(text + 297, "099xxx", 6);
}

/* What failed once gives no text, whatever is added later; then the buffer is as new. */
static void test_failure(void **state)
{
	struct strbuf buf = {.failed = true};
	auto_free char *text = NULL;

	(void)state;
	strbuf_add(&buf, "lost");
	assert_null(strbuf_take(&buf));
	strbuf_add(&buf, "new");
	text = strbuf_take(&buf);
	assert_string_equal(text, "new");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
