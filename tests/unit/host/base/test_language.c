// SPDX-License-Identifier: GPL-2.0-or-later
/* Each case in a process of its own: what a locale is made of is the process's. */
#include "host/base/language.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "host/base/base.h"

#define ENGLISH "no device is taken"
#define CHINESE "没有已接管的设备"

struct surroundings {
	const char *lc_all, *lang, *language; /* variables; NULL: not set */
	const char *set;		      /* by the settings; NULL: nothing */
	const char *expected;
};

static void put(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

/* The exit code: 0 when the text is as it should be. */
static int say_in(const struct surroundings *row)
{
	put("LC_ALL", row->lc_all);
	put("LC_MESSAGES", NULL);
	put("LANG", row->lang);
	put("LANGUAGE", row->language);
	put("LOCPATH", NULL);
	language_open(TEST_BUILD "/locale", TEST_BUILD "/locales");
	if (row->set)
		language_set(row->set);
	/* Nothing of ours is left for the programs that are started. */
	if (getenv("LOCPATH"))
		return 2;
	return strcmp(_(ENGLISH), row->expected) ? 1 : 0;
}

static void test_languages(void **state)
{
	static const struct surroundings rows[] = {
		/* As Proxmox VE runs hookscripts. */
		{"C", "en_US.UTF-8", NULL, NULL, ENGLISH},
		{"C", NULL, "zh_CN", NULL, ENGLISH},
		{"C", NULL, NULL, "zh_CN", CHINESE},
		{"C", NULL, NULL, "en", ENGLISH},
		/* People: generated or not, the locale says what they read. */
		{NULL, "zh_CN.UTF-8", NULL, NULL, CHINESE},
		{"zh_CN.UTF-8", NULL, NULL, NULL, CHINESE},
		{"zh_CN", NULL, NULL, NULL, CHINESE},
		{"zh_CN.UTF-8", NULL, NULL, "en", ENGLISH},
		{"zh_CN.UTF-8", NULL, "zh_CN", "en", ENGLISH},
		{"C", NULL, "en", "zh_CN", CHINESE},
		{"zh_CN.GB18030", NULL, NULL, NULL, CHINESE},
		{"zh_CN@x", NULL, NULL, NULL, CHINESE},
		{NULL, "de_DE.UTF-8", NULL, NULL, ENGLISH},
		{NULL, "zz_ZZ.UTF-8", "", NULL, ENGLISH},
		{NULL, NULL, NULL, NULL, ENGLISH},
		{NULL, NULL, NULL, "zh_CN", CHINESE},
		/* One that there is no catalog of. */
		{"C", NULL, NULL, "de", ENGLISH},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (!pid)
			_exit(say_in(&rows[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status)
			fail_msg("row %zu: expected %s", i, rows[i].expected);
	}
}

static int change_twice(void)
{
	put("LC_ALL", "C");
	language_open(TEST_BUILD "/locale", TEST_BUILD "/locales");
	language_set("zh_CN");
	if (strcmp(_(ENGLISH), CHINESE))
		return 1;
	language_set("en");
	if (strcmp(_(ENGLISH), ENGLISH))
		return 2;
	language_set("zh_CN");
	return strcmp(_(ENGLISH), CHINESE) ? 3 : 0;
}

static void test_changes(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (!pid)
		_exit(change_twice());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
