// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "host/setup/command.h"
#include "tree.h"

/* A script in a folder of its own. */
static char *folder;
static char script[128];

static void write_script(const char *text)
{
	FILE *to = fopen(script, "w");

	assert_non_null(to);
	assert_true(fputs(text, to) >= 0);
	assert_int_equal(fclose(to), 0);
}

static int setup(void **state)
{
	(void)state;
	folder = tree_make_temporary("command");
	snprintf(script, sizeof(script), "%s/script", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(script);
	if (rmdir(folder))
		return -1;
	free(folder);
	return 0;
}

static int read_script(unsigned int seconds, size_t max, char **ret)
{
	char command[sizeof(script) + 8];

	snprintf(command, sizeof(command), "/bin/sh %s", script);
	return command_read(command, seconds, max, ret);
}

static void test_output(void **state)
{
	auto_free char *text = NULL;

	(void)state;
	write_script("echo one; echo lost >&2; read x && echo input; echo two; exit 7\n");
	assert_int_equal(read_script(10, 100, &text), 0);
	assert_string_equal(text, "one\ntwo\n");
}

static void test_too_much(void **state)
{
	char *text = NULL;

	(void)state;
	write_script("printf 12345\n");
	assert_int_equal(read_script(10, 4, &text), -EFBIG);
	assert_int_equal(read_script(10, 5, &text), 0);
	assert_string_equal(text, "12345");
	free(text);
	assert_int_equal(command_read("/nowhere/x", 10, 5, &text), -ENOENT);
}

/* What hangs is killed, with what it has started: SCRIPT tells the process that would go on. */
static void assert_killed(const char *text, int err)
{
	time_t start = time(NULL);
	char *output = NULL;
	char path[sizeof(script) + 8];
	int pid = 0;
	FILE *from;

	snprintf(path, sizeof(path), "%s.pid", script);
	write_script(text);
	assert_int_equal(setenv("PID_FILE", path, 1), 0);
	assert_int_equal(read_script(1, 100, &output), err);
	free(output);
	assert_true(time(NULL) - start < 8);
	from = fopen(path, "r");
	assert_non_null(from);
	assert_int_equal(fscanf(from, "%d", &pid), 1);
	fclose(from);
	unlink(path);
	/* Whoever adopts it may take a moment to bury it. */
	for (int i = 0; i < 100 && !kill(pid, 0); i++) {
		char stat[64], status = '?';

		snprintf(stat, sizeof(stat), "/proc/%d/stat", pid);
		from = fopen(stat, "r");
		if (from && fscanf(from, "%*d %*s %c", &status) == 1 && status == 'Z')
			i = 100;
		if (from)
			fclose(from);
		if (i < 100)
			usleep(20000);
		if (i == 99)
			fail_msg("process %d goes on", pid);
	}
}

static void test_hangs(void **state)
{
	(void)state;
	assert_killed("sleep 60 & echo $! >$PID_FILE; echo begun; wait\n", -ETIMEDOUT);
	/* It has said all, and does not end. */
	assert_killed("exec >/dev/null; sleep 60 & echo $! >$PID_FILE; wait\n", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_hangs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
