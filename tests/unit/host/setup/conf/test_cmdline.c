// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "host/setup/conf/cmdline.h"

static struct conf_items words_of(const char *text)
{
	struct conf_items words = {0};

	assert_int_equal(cmdline_split(&words, text, "f"), 0);
	return words;
}

/* The words with '|' between. */
static void assert_words(const char *text, const char *want)
{
	auto_conf_items struct conf_items words = words_of(text);
	char joined[256] = "";

	for (size_t i = 0; i < words.n; i++)
		strcat(strcat(joined, i ? "|" : ""), words.items[i].text);
	assert_string_equal(joined, want);
}

static void test_split(void **state)
{
	(void)state;
	assert_words("", "");
	assert_words(" \t\n", "");
	assert_words("a b", "a|b");
	assert_words("\ta=1\n\nb\r\n", "a=1|b");
	assert_words("a=\"b c\" d", "a=\"b c\"|d");
	assert_words("\"a=b c\" d", "\"a=b c\"|d");
	assert_words("a\"b c\"d e", "a\"b c\"d|e");
	assert_words("a 'b c'", "a|'b|c'"); /* the kernel knows no single quotes */
	assert_words("a \"b c", "a|\"b c");
}

static void test_lines(void **state)
{
	auto_conf_items struct conf_items words = words_of("\na \"b\nc\"\n d");

	(void)state;
	assert_int_equal(words.n, 3);
	assert_int_equal(words.items[0].line, 2);
	assert_int_equal(words.items[1].line, 2);
	assert_int_equal(words.items[2].line, 4);
	assert_string_equal(words.items[2].file, "f");
}

static void test_value(void **state)
{
	(void)state;
	assert_string_equal(cmdline_value("iommu=pt", "iommu"), "pt");
	assert_string_equal(cmdline_value("iommu", "iommu"), "");
	assert_string_equal(cmdline_value("\"iommu=pt x\"", "iommu"), "pt x\"");
	assert_string_equal(cmdline_value("a-b_c=1", "a_b-c"), "1");
	assert_string_equal(cmdline_value("video=efifb:off", "video"), "efifb:off");
	assert_null(cmdline_value("iommu.strict=1", "iommu"));
	assert_null(cmdline_value("intel_iommu=on", "iommu"));
	assert_null(cmdline_value("iom", "iommu"));
	assert_true(cmdline_value_has("on,igfx_off", "igfx_off"));
	assert_true(cmdline_value_has("a,off\"", "off"));
	assert_false(cmdline_value_has("igfx_off", "off"));
	assert_false(cmdline_value_has("on", "o"));
	assert_false(cmdline_value_has("", "on"));
}

static void test_find(void **state)
{
	auto_conf_items struct conf_items words = words_of("a=1 x-y=a-b a=2 b -- a=3 c");

	(void)state;
	assert_string_equal(cmdline_last(&words, "a")->text, "a=2");
	assert_null(cmdline_last(&words, "c"));
	assert_non_null(cmdline_find(&words, "a=1"));
	assert_non_null(cmdline_find(&words, "x_y=a-b"));
	assert_null(cmdline_find(&words, "x_y=a_b"));
	assert_null(cmdline_find(&words, "a=3"));
	assert_null(cmdline_find(&words, "a="));
	assert_null(cmdline_find(&words, "bb"));
}

static bool covers(const char *text, const char *word)
{
	auto_conf_items struct conf_items words = words_of(text);

	return cmdline_covers(&words, word, NULL);
}

static void test_covers(void **state)
{
	(void)state;
	assert_true(covers("intel_iommu=on,igfx_off", "intel_iommu=on"));
	assert_true(covers("pcie_acs_override=multifunction pcie_acs_override=downstream",
			   "pcie_acs_override=downstream,multifunction"));
	assert_false(covers("pcie_acs_override=multifunction",
			    "pcie_acs_override=downstream,multifunction"));
	assert_true(covers("pci=noaer,realloc=off", "pci=realloc=off"));
	assert_true(covers("initcall_blacklist=a,sysfb_init", "initcall_blacklist=sysfb_init"));
	assert_false(covers("iommu=nopt", "iommu=pt"));
	assert_false(covers("intel_iommu=on", "iommu=pt"));
	assert_false(covers("hugepages=1,2", "hugepages=1"));
	assert_true(covers("hugepages=1", "hugepages=1"));
	assert_false(covers("-- iommu=pt", "iommu=pt"));
}

static const char *const two[] = {"x=1", "y"};

static void assert_round(const char *text, const char *longer)
{
	auto_free char *after = cmdline_append(text, two, ARRAY_SIZE(two));
	auto_free char *again = NULL;

	assert_string_equal(after, longer);
	again = cmdline_remove(after, two, ARRAY_SIZE(two));
	assert_string_equal(again, text);
}

/* Appending and removing are inverse, byte for byte. */
static void test_append(void **state)
{
	(void)state;
	assert_round("a", "a x=1 y");
	assert_round("a\n", "a x=1 y\n");
	assert_round(" a  b \t\r\n", " a  b x=1 y \t\r\n");
	assert_round("a=\"b c\"\n", "a=\"b c\" x=1 y\n");
	assert_round("y x=1 a\n", "y x=1 a x=1 y\n");
}

static void assert_removed(const char *text, const char *want)
{
	auto_free char *after = cmdline_remove(text, two, ARRAY_SIZE(two));

	assert_string_equal(after, want);
}

static void test_remove(void **state)
{
	(void)state;
	assert_removed("x=1 y a", "a");
	assert_removed("x=1 a y", "a");
	assert_removed("a y b x=1\n", "a b\n");
	assert_removed("x=1 y a y", "a y");
	assert_removed("a x=1", "a");
	assert_removed("a x=12 yy \"x=1 y\"", "a x=12 yy \"x=1 y\"");
	assert_removed("x=1", "");
}

static void test_kept(void **state)
{
	char text[CMDLINE_KEPT + 8] = "aa bb ";
	auto_conf_items struct conf_items words = {0};
	size_t length;

	(void)state;
	memset(text + 6, 'c', CMDLINE_KEPT - 6);
	words = words_of(text);
	assert_int_equal(cmdline_kept(&words, 0, &length), 3);
	assert_int_equal(length, CMDLINE_KEPT);
	assert_int_equal(cmdline_kept(&words, 1, &length), 2);
	assert_int_equal(length, CMDLINE_KEPT + 1);
	assert_int_equal(cmdline_kept(&words, CMDLINE_KEPT, &length), 0);
	assert_int_equal(cmdline_kept(&(struct conf_items){0}, 0, &length), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),  cmocka_unit_test(test_lines),
		cmocka_unit_test(test_value),  cmocka_unit_test(test_find),
		cmocka_unit_test(test_covers), cmocka_unit_test(test_append),
		cmocka_unit_test(test_remove), cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
