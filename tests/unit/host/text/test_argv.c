// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/argv.h"

#include <stdio.h>
#include <string.h>

#include "tree.h"

/* Words, and what a shell is to be given for them. */
static void test_text(void **state)
{
	static const struct {
		const char *word, *text;
	} rows[] = {
		{"01:00.0,pcie=1", "a 01:00.0,pcie=1"},
		{"01:00;02:00", "a '01:00;02:00'"},
		{"", "a ''"},
		{"it's", "a 'it'\\''s'"},
		{"a b", "a 'a b'"},
		{"$(reboot)", "a '$(reboot)'"},
		{"~root", "a '~root'"},
		{"gr\xc3\xb6n", "a 'gr\xc3\xb6n'"},
		{"a\nb", "a $'a\\x0ab'"},
		{"\xc3\x83\xc2\x9f'\\", "a $'\xc3\x83\\xc2\\x9f\\'\\\\'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_argv char **argv = argv_new("a", rows[i].word);
		auto_free char *text = argv_text(argv);

		assert_string_equal(text, rows[i].text);
	}
}

/* A shell reads what is shown as the words that are run. */
static void test_shell_agrees(void **state)
{
	static const char *const words[] = {"'", "''a", "\\", "\"$HOME\"", "`x`;|&<>*?[]{}!#", " "};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		auto_argv char **argv = argv_new("printf", "%s|", words[i], "end");
		auto_free char *text = argv_text(argv);
		auto_free char *expected = fs_path("%s|end|", words[i]);
		char line[128] = "";
		FILE *from = popen(text, "r"); /* NOLINT(cert-env33-c): that is what is tested */

		assert_non_null(from);
		assert_non_null(fgets(line, sizeof(line), from));
		assert_int_equal(pclose(from), 0);
		assert_string_equal(line, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_shell_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
