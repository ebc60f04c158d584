// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "host/setup/boot/diff.h"

#define HEAD "--- a/f\n+++ b/f\n"

static void assert_diff(const char *before, const char *after, const char *want)
{
	auto_free char *diff = NULL;

	assert_int_equal(diff_unified("f", before, after, &diff), 0);
	assert_string_equal(diff, want);
}

static void test_whole_files(void **state)
{
	(void)state;
	assert_diff(NULL, NULL, "");
	assert_diff("a\n", "a\n", "");
	assert_diff(NULL, "a\nb\n", "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
	assert_diff("a\n", NULL, "--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
	assert_diff("", "a\n", HEAD "@@ -0,0 +1 @@\n+a\n");
}

static void test_lines(void **state)
{
	(void)state;
	assert_diff("a\n", "b\n", HEAD "@@ -1 +1 @@\n-a\n+b\n");
	assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
		    HEAD "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
	assert_diff("1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n",
		    HEAD "@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n");
	assert_diff("1\n2\n", "2\n", HEAD "@@ -1,2 +1 @@\n-1\n 2\n");
}

/* Changes with up to six lines between them share a hunk. */
static void test_hunks(void **state)
{
	(void)state;
	assert_diff("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
		    HEAD "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
	assert_diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
		    HEAD "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
			 "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

static void test_no_final_newline(void **state)
{
	(void)state;
	assert_diff("a", "a b",
		    HEAD "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a b\n"
			 "\\ No newline at end of file\n");
	assert_diff("a", "a\n", HEAD "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_files),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_hunks),
		cmocka_unit_test(test_no_final_newline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
