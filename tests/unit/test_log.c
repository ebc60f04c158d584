// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/log.h"

#include "scenario.h"

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
		auto_free char *safe = log_printable(rows[i].text);

		assert_string_equal(safe, rows[i].safe);
	}
}

/* A C1 control as a single byte is one to terminals that do not speak UTF-8. */
static void test_single_c1_bytes(void **state)
{
	auto_free char *safe = log_printable("\x9b"
					     "2J \x80 \xff");

	(void)state;
	assert_string_equal(safe, "\\x9b2J \\x80 \\xff");
}

static int say_things(const struct fs_root *root, unsigned int vmid)
{
	(void)root;
	log_open("name", false);
	log_info("one %u", vmid);
	log_warning("two\nthree");
	log_error("four \x1b[1m%s", "\x07");
	log_info("%s", "");
	return 7;
}

static void test_streams(void **state)
{
	auto_run struct run run = {0};

	run_hook(*state, say_things, 5, &run);
	run_assert_code(&run, 7);
	assert_string_equal(run.out, "name: one 5\nname: \n");
	assert_string_equal(run.err, "name: two\nname: three\nname: four \\x1b[1m\\x07\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_single_c1_bytes),
		cmocka_unit_test_setup_teardown(test_streams, fake_kernel_setup,
						fake_kernel_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
