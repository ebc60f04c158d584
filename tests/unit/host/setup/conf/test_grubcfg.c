// SPDX-License-Identifier: GPL-2.0-or-later
/* The judge is the shell: what grubcfg understands, /bin/sh understands so. (More in tests/hosts.)
 */
#include "hosttree.h"

#include "host/setup/conf/grubcfg.h"

#include <stdio.h>

/* Runs of spaces, which quotes may protect in a word, as the judge's are: one, and none at the end.
 */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (!strchr(" \t\r\n", *from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static struct grubcfg evaluate(const char *text)
{
	const struct grubcfg_source source = {"etc/default/grub", text};
	struct grubcfg grub;

	assert_int_equal(grubcfg_evaluate(&source, 1, &grub), 0);
	return grub;
}

/* Texts that are understood. */
static const char *const understood[] = {
	"",
	"\n\n# a\n",
	"GRUB_CMDLINE_LINUX=",
	"GRUB_CMDLINE_LINUX=a\nGRUB_CMDLINE_LINUX_DEFAULT=b",
	"  GRUB_CMDLINE_LINUX=a ; # b\n",
	"GRUB_CMDLINE_LINUX='a\"b' GRUB_CMDLINE_LINUX_DEFAULT=\"a'b\"",
	"GRUB_CMDLINE_LINUX=\"a\\\"b\\\\c\\$d\\`e\\f\"",
	"GRUB_CMDLINE_LINUX='a\\'\\\\\\'b",
	"GRUB_CMDLINE_LINUX=a\\ b\\#c#d",
	"GRUB_CMDLINE_LINUX=\"a # b\" # c",
	"GRUB_CMDLINE_LINUX=\"a$\"b$ GRUB_CMDLINE_LINUX_DEFAULT=\"$/\"",
	"A=x\nGRUB_CMDLINE_LINUX=$A\"$A\"'$A'${A}y$A.z",
	"A=x AB=y\nGRUB_CMDLINE_LINUX=\"$AB $A B\"",
	"A=\"x y\"\nGRUB_CMDLINE_LINUX=$A",
	"A='$B'\nB=x\nGRUB_CMDLINE_LINUX=$A",
	"GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX_DEFAULT x\"",
	"GRUB_CMDLINE_LINUX=a\\\nb\\\n c=d",
	"A=`echo 'x'`; GRUB_CMDLINE_LINUX=a",
	"A=\"$(echo \"x)\" ')')\" GRUB_CMDLINE_LINUX=a",
	"A=~ GRUB_CMDLINE_LINUX=a~b=~",
	"GRUB_CMDLINE_LINUX=a*b?[c]{d,e}!f^g%h@i",
	"GRUB_CMDLINE_LINUX=a=b=c",
	"GRUB_CMDLINE_LINUX=\"a\tb   c\"",
	"GRUB_CMDLINE_LINUX=\xc3\xa4",
	"# a \\\nGRUB_CMDLINE_LINUX=b",
	"GRUB_CMDLINE_LINUX=a\r\nGRUB_CMDLINE_LINUX_DEFAULT='b'\r\n",
};

static void test_understood(void **state)
{
	auto_hosttree struct hosttree tree = {0};

	(void)state;
	hosttree_open(&tree, true);
	for (size_t i = 0; i < ARRAY_SIZE(understood); i++) {
		auto_grubcfg struct grubcfg grub = evaluate(understood[i]);
		auto_free char *ours = cmdline_join(&grub.words);
		auto_free char *shells = NULL;

		if (grub.unclear.file)
			fail_msg("%s: %s", understood[i], grub.unclear.what);
		hosttree_text(&tree, "etc/default/grub", understood[i]);
		shells = hosttree_shell_words(&tree);
		assert_non_null(shells);
		assert_string_equal(ours, shells);
	}
}

/* Texts that leave the words unclear, and the line where that is. */
static const struct {
	const char *text;
	unsigned int line;
} strange[] = {
	{"GRUB_CMDLINE_LINUX=a b", 1},
	{"\nGRUB_CMDLINE_LINUX =a", 2},
	{"GRUB_CMDLINE_LINUX+=a", 1},
	{"A=1 && GRUB_CMDLINE_LINUX=a", 1},
	{"A=1 & GRUB_CMDLINE_LINUX=a", 1},
	{"A=1 >x", 1},
	{"{ GRUB_CMDLINE_LINUX=a; }", 1},
	{"f() { :; }", 1},
	{"a\n\n. /etc/x\n", 1},
	{"A=1\n. /etc/x\n", 2},
	{"case x in\nesac", 1},
	{"\"GRUB_CMDLINE_LINUX\"=a", 1},
	{"A=\"x\n\ny", 1},
	{"A='x\n\ny", 1},
	{"\nA=`x", 2},
	{"\nA=$(x", 2},
	{"A=${B", 1},
	{"A=${B:=x}", 1},
	{"export A=$B C=1", 1},
	{"GRUB_CMDLINE_LINUX=a\nexport GRUB_CMDLINE_LINUX A\n", 2},
	{"GRUB_CMDLINE_LINUX=a\nexport GRUB_CMDLINE_LINUX_DEFAULT=\"b c\"", 2},
	{"GRUB_CMDLINE_LINUX=a\nunset GRUB_CMDLINE_LINUX B", 2},
	{"A=1 ;; A=2", 1},
	{"A=1; ; A=2", 1},
	{"export -p", 1},
	{"unset -f x", 1},
	{"A=1\n\r\n", 2},
	{"GRUB_CMDLINE_LINUX=a\n\nGRUB_CMDLINE_LINUX=\"x\n y\"", 3},
	{"A=$(x)\n\nGRUB_CMDLINE_LINUX=$A", 1},
	{"\nGRUB_CMDLINE_LINUX=`x`", 2},
	{"GRUB_CMDLINE_LINUX=$PATH", 1},
	{"GRUB_CMDLINE_LINUX=$1", 1},
	{"GRUB_CMDLINE_LINUX=~", 1},
	{"GRUB_CMDLINE_LINUX=${A:-x}", 1},
	{"\nA=${B:-\"}\"} GRUB_CMDLINE_LINUX=a", 2},
	{"GRUB_CMDLINE_LINUX=$((1))", 1},
};

static void test_not_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
		auto_grubcfg struct grubcfg grub = evaluate(strange[i].text);

		if (!grub.unclear.file || grub.unclear.line != strange[i].line)
			fail_msg("%s: unclear at line %u", strange[i].text, grub.unclear.line);
		assert_string_equal(grub.unclear.file, "etc/default/grub");
		assert_int_equal(grub.words.n, 0);
	}
}

static void assert_word(const struct conf_item *word, const char *text, const char *file,
			unsigned int line)
{
	assert_string_equal(word->text, text);
	assert_string_equal(word->file, file);
	assert_int_equal(word->line, line);
}

/* Where each word is written, or else where its variable was set last. */
static void test_origins(void **state)
{
	static const struct grubcfg_source sources[] = {
		{"one", "A=\"x \\\n y\"\n# b\nGRUB_CMDLINE_LINUX_DEFAULT=\"a \\\nb\"\nB=b2\n"},
		{"two", "\nGRUB_CMDLINE_LINUX_DEFAULT=\"c$GRUB_CMDLINE_LINUX_DEFAULT $A\"\n#y\n"},
	};
	auto_grubcfg struct grubcfg grub = {0};

	(void)state;
	assert_int_equal(grubcfg_evaluate(sources, ARRAY_SIZE(sources), &grub), 0);
	assert_null(grub.unclear.file);
	assert_int_equal(grub.words.n, 4);
	assert_word(&grub.words.items[0], "ca", "two", 2);
	assert_word(&grub.words.items[1], "b", "one", 5);
	assert_word(&grub.words.items[2], "x", "one", 1);
	assert_word(&grub.words.items[3], "y", "one", 2);
}

/* A word that is written in several places: the one that counts. */
static void test_origin_set_twice(void **state)
{
	static const struct grubcfg_source source = {
		"one", "GRUB_CMDLINE_LINUX_DEFAULT=a\nGRUB_CMDLINE_LINUX_DEFAULT=a\n"
		       "GRUB_CMDLINE_LINUX_RECOVERY=a\n"};
	auto_grubcfg struct grubcfg grub = {0};

	(void)state;
	assert_int_equal(grubcfg_evaluate(&source, 1, &grub), 0);
	assert_int_equal(grub.words.n, 1);
	assert_word(&grub.words.items[0], "a", "one", 2);
}

/* The first place is named, in whatever file. */
static void test_unclear_in_second_file(void **state)
{
	static const struct grubcfg_source sources[] = {{"one", "A=1\n"}, {"two", "\nx\ny\n"}};
	auto_grubcfg struct grubcfg grub = {0};

	(void)state;
	assert_int_equal(grubcfg_evaluate(sources, ARRAY_SIZE(sources), &grub), 0);
	assert_string_equal(grub.unclear.file, "two");
	assert_int_equal(grub.unclear.line, 2);
}

#ifndef ROUNDS
#define ROUNDS 600
#endif

/* Whatever is put together from the pieces of the language is understood as the shell does, or not.
 */
static void test_pieces(void **state)
{
	static const char *const pieces[] = {
		"GRUB_CMDLINE_LINUX=",
		"GRUB_CMDLINE_LINUX_DEFAULT=",
		"A=",
		"\n",
		"\n",
		" ",
		" ",
		"\"",
		"\"",
		"'",
		"\\",
		"\\\n",
		"$A",
		"${A}",
		"$",
		"a",
		"b=c",
		"#",
		";",
		"\t",
		"~",
		"\r",
		"export ",
		"unset ",
		"$GRUB_CMDLINE_LINUX",
		"\n\nA=",
		"}",
		"{",
	};
	auto_hosttree struct hosttree tree = {0};
	unsigned int random = 1, n_understood = 0;

	(void)state;
	hosttree_open(&tree, true);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		auto_free char *ours = NULL;
		auto_free char *shells = NULL;
		char text[512] = "A=x\nGRUB_CMDLINE_LINUX=";
		auto_grubcfg struct grubcfg grub = {0};

		for (unsigned int j = 0; j < 3 + i % 12; j++) {
			random = random * 1103515245 + 12345;
			strcat(text, pieces[(random >> 16) % ARRAY_SIZE(pieces)]);
		}
		grub = evaluate(text);
		if (grub.unclear.file)
			continue;
		n_understood++;
		hosttree_text(&tree, "etc/default/grub", text);
		ours = cmdline_join(&grub.words);
		squeeze(ours);
		shells = hosttree_shell_words(&tree);
		if (!shells || strcmp(ours, shells))
			fail_msg("%s\n---- ours: %s\n---- the shell's: %s", text, ours, shells);
	}
	assert_true(n_understood > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_understood),
		cmocka_unit_test(test_not_understood),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_origin_set_twice),
		cmocka_unit_test(test_unclear_in_second_file),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
