// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts in the columns of a terminal, of scripts with and without blanks. */
#include <locale.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include "host/base/base.h"
#include "host/text/wrap.h"

#define TEN   "abcdefghij"
#define FIFTY TEN TEN TEN TEN TEN
/* Ten letters, twenty columns. */
#define WIDE "设备直通需要启用内存"

static int speak(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static int be_silent(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C") ? 0 : -1;
}

static void assert_wrapped_to(size_t columns, const char *text, size_t column, size_t indent,
			      const char *want)
{
	auto_free char *got = NULL;
	size_t size;
	FILE *to = open_memstream(&got, &size);

	assert_non_null(to);
	wrap_print_columns(to, columns, text, column, indent);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(got, want);
}

static void assert_wrapped(const char *text, size_t column, size_t indent, const char *want)
{
	assert_wrapped_to(80, text, column, indent, want);
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(wrap_width(""), 0);
	assert_int_equal(wrap_width("cure:"), 5);
	assert_int_equal(wrap_width("VM 100 正在运行，"), 17);
	assert_int_equal(wrap_width("\u00fc\u00e9"), 2);
	assert_int_equal(wrap_width("e\u0301"), 1); /* an accent on the letter before it */
	assert_int_equal(wrap_width("😀"), 2);
	assert_int_equal(wrap_gap("缺少", 8), 4);
	assert_int_equal(wrap_gap("missing", 8), 1);
	assert_int_equal(wrap_gap("missing!", 8), 0);
	assert_int_equal(wrap_gap("a long one", 8), 0);
}

static void test_no_letters(void **state)
{
	(void)state;
	assert_int_equal(wrap_width("\xff\x80"), 2);
	assert_int_equal(wrap_width("\xe4\xb8"), 2);
	assert_int_equal(wrap_width("\xc3("), 2);
	assert_int_equal(wrap_width("\xc0\xaf\xf5"), 3);
	assert_int_equal(wrap_width("\x01"), 1);
	assert_wrapped("a\xff"
		       "b\x1b[2J 中\xe4",
		       0, 0, "a\\xffb\\x1b[2J 中\\xe4\n");
}

/* All that a terminal shows of English is in LC_CTYPE "C" as in UTF-8. */
static void test_english(void **state)
{
	(void)state;
	assert_wrapped("", 0, 0, "\n");
	assert_wrapped("one  two ", 0, 0, "one  two\n");
	assert_wrapped(" one", 0, 0, " one\n");
	assert_wrapped(FIFTY " " TEN TEN " 12345678", 0, 0, FIFTY " " TEN TEN " 12345678\n");
	assert_wrapped(FIFTY " " TEN TEN " 123456789", 0, 4, FIFTY " " TEN TEN "\n    123456789\n");
	assert_wrapped("1234567 8", 72, 2, "1234567\n  8\n");
	assert_wrapped("12345678 9", 72, 2, "12345678\n  9\n");
	assert_wrapped("123456789 0", 72, 2, "\n  123456789 0\n");
	assert_wrapped("the card\u2019s \u201cname\u201d, \u2026", 66, 0,
		       "the card\u2019s\n\u201cname\u201d, \u2026\n");
	assert_wrapped("\u00fc\u00e9\u00fc\u00e9 \u00fc\u00e9\u00fc", 72, 0,
		       "\u00fc\u00e9\u00fc\u00e9 \u00fc\u00e9\u00fc\n");
}

static void test_columns(void **state)
{
	(void)state;
	assert_wrapped_to(20, TEN " 123456789 0", 0, 2, TEN " 123456789\n  0\n");
	assert_wrapped_to(0, FIFTY " " FIFTY " " FIFTY, 10, 10, FIFTY " " FIFTY " " FIFTY "\n");
}

/* Lines of a text stay lines, and are not "\\x0a". */
static void test_lines(void **state)
{
	(void)state;
	assert_wrapped("one\ntwo\x1b\n" FIFTY " " TEN TEN " 1234567", 6, 4,
		       "one\n    two\\x1b\n    " FIFTY " " TEN TEN "\n    1234567\n");
}

/* COLUMNS, else the terminal, else 80; and what is no terminal is not wrapped. */
static void test_terminal(void **state)
{
	struct winsize size = {.ws_row = 24, .ws_col = 132};
	int main_fd, fd;
	FILE *to;

	(void)state;
	assert_int_equal(openpty(&main_fd, &fd, NULL, NULL, &size), 0);
	to = fdopen(fd, "w");
	assert_non_null(to);
	unsetenv("COLUMNS");
	assert_int_equal(wrap_columns(to), 132);
	setenv("COLUMNS", "100", 1);
	assert_int_equal(wrap_columns(to), 100);
	setenv("COLUMNS", "x", 1);
	assert_int_equal(wrap_columns(to), 132);
	setenv("COLUMNS", "1", 1);
	assert_int_equal(wrap_columns(to), 80);
	unsetenv("COLUMNS");
	size.ws_col = 0;
	assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
	assert_int_equal(wrap_columns(to), 80);
	fclose(to);
	close(main_fd);

	to = tmpfile();
	assert_non_null(to);
	setenv("COLUMNS", "100", 1);
	assert_int_equal(wrap_columns(to), 0);
	unsetenv("COLUMNS");
	fclose(to);
}

/* A line that is wider than the terminal is better than a path that cannot be copied. */
static void test_long_words(void **state)
{
	(void)state;
	assert_wrapped("/" FIFTY "/" FIFTY, 10, 10, "/" FIFTY "/" FIFTY "\n");
	assert_wrapped("in /" FIFTY "/" FIFTY " it", 2, 2, "in\n  /" FIFTY "/" FIFTY "\n  it\n");
	assert_wrapped("位于 /" FIFTY "/" FIFTY "，这里", 2, 2,
		       "位于\n  /" FIFTY "/" FIFTY "，\n  这里\n");
}

static void test_chinese(void **state)
{
	(void)state;
	assert_wrapped(WIDE WIDE WIDE WIDE, 0, 0, WIDE WIDE WIDE WIDE "\n");
	assert_wrapped(WIDE WIDE WIDE WIDE "一二", 0, 4, WIDE WIDE WIDE WIDE "\n    一二\n");
	/* With one column left, a wide letter does not go there. */
	assert_wrapped("一二三", 75, 2, "一二\n  三\n");
	assert_wrapped(WIDE WIDE WIDE WIDE WIDE WIDE WIDE, 10, 10,
		       WIDE WIDE WIDE "设备直通需\n          要启用内存" WIDE WIDE
				      "设备直通需要启用内存\n");
}

static void test_marks(void **state)
{
	(void)state;
	/* The letter goes with what closes behind it, and with what opens before it. */
	assert_wrapped("一二，三", 76, 0, "一\n二，三\n");
	assert_wrapped("一二）。三", 74, 0, "一\n二）。三\n");
	assert_wrapped("一（二", 76, 0, "一\n（二\n");
	assert_wrapped("一（二", 75, 0, "一\n（二\n");
	assert_wrapped("一“二”三", 77, 0, "一\n“二”三\n");
	assert_wrapped("一“二”三", 74, 0, "一“二”\n三\n");
	assert_wrapped("一……二", 77, 0, "\n一……二\n");
}

static void test_mixed(void **state)
{
	(void)state;
	assert_wrapped("启用 iommu=pt 后", 70, 0, "启用\niommu=pt 后\n");
	assert_wrapped("后，iommu=pt", 70, 0, "后，\niommu=pt\n");
	assert_wrapped("后，“pt”", 76, 0, "后，\n“pt”\n");
	/* No blank, no comma: they belong together. */
	assert_wrapped("用iommu=pt后", 76, 0, "\n用iommu=pt后\n");
	assert_wrapped("固件（BIOS/UEFI）设置", 62, 0, "固件（BIOS/UEFI）\n设置\n");
	assert_wrapped("运行：qm start 100", 70, 0, "运行：qm\nstart 100\n");
}

/* Without a locale that knows of wide letters nothing is: a line ends at blanks alone. */
static void test_plain_locale(void **state)
{
	(void)state;
	assert_int_equal(wrap_width("\u00fc\u00e9 中"), 4);
	assert_wrapped("一二三四 五", 75, 0, "一二三四\n五\n");
	assert_wrapped("一二三四五六", 75, 0, "\n一二三四五六\n");
	test_english(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_width, speak, be_silent),
		cmocka_unit_test_setup_teardown(test_no_letters, speak, be_silent),
		cmocka_unit_test_setup_teardown(test_english, speak, be_silent),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test_setup_teardown(test_long_words, speak, be_silent),
		cmocka_unit_test_setup_teardown(test_chinese, speak, be_silent),
		cmocka_unit_test_setup_teardown(test_marks, speak, be_silent),
		cmocka_unit_test_setup_teardown(test_mixed, speak, be_silent),
		cmocka_unit_test(test_plain_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
