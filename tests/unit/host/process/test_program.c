// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "host/base/clock.h"
#include "tree.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

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
	folder = tree_make_temporary("program");
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
	const struct program program = {
		.args = WORDS("/bin/sh", script), .limit_ms = (int)seconds * 1000, .max = max};
	auto_program_end struct program_end end = {0};
	int err = program_run(&program, &end);

	if (!err && end.cut)
		return -EFBIG;
	if (!err)
		*ret = TAKE_PTR(end.output);
	return err;
}

static void test_output(void **state)
{
	auto_free char *text = NULL;

	(void)state;
	write_script("echo one; echo lost >&2; read x && echo input; echo two; exit 7\n");
	assert_int_equal(read_script(10, 100, &text), 0);
	assert_string_equal(text, "one\ntwo\n");
}

static void test_input(void **state)
{
	const struct program program = {
		.args = WORDS("/bin/cat"), .limit_ms = 10000, .max = 100, .input = "one\ntwo"};
	auto_program_end struct program_end end = {0};

	(void)state;
	assert_int_equal(program_run(&program, &end), 0);
	assert_true(program_succeeded(&end));
	assert_string_equal(end.output, "one\ntwo");
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
	/* It has closed its output, and does not end. */
	assert_killed("exec >/dev/null; sleep 60 & echo $! >$PID_FILE; wait\n", -ETIMEDOUT);
}

/* ---- how it ends ---- */

/* Runs WORDS and tells how it ended, within LIMIT_MS or in the foreground (0). */
static char *explained(int limit_ms, const char *const *words)
{
	const struct program program = {.args = words, .limit_ms = limit_ms, .goes_on = true};
	const struct fs_root root = {.fd = -1, .path = (char *)""};
	auto_program_end struct program_end end = {0};
	int err = program_run(&program, &end);
	char *text = program_explain(&root, &program, err, &end);

	assert_non_null(text);
	assert_int_equal(!err && program_succeeded(&end), !strcmp(text, "exit status 0"));
	return text;
}

#define assert_ends(limit_ms, expected, ...)                                     \
	do {                                                                     \
		auto_free char *text_ = explained(limit_ms, WORDS(__VA_ARGS__)); \
		assert_string_equal(text_, expected);                            \
	} while (0)

static void test_foreground(void **state)
{
	(void)state;
	assert_ends(0, "exit status 0", "true");
	assert_ends(0, "exit status 7", "sh", "-c", "exit 7");
	assert_ends(0, "killed by signal 9", "sh", "-c", "kill -9 $$");
	assert_ends(0, "exit status 0", "sh", "-c", "! read line");
	assert_ends(0, "no-such-program-here: not found", "no-such-program-here", "x");
	assert_ends(0, "exit status 0", "sh", "-c", "test \"$1\" = \"a b'c\"", "sh", "a b'c");
}

static void test_within_limit(void **state)
{
	(void)state;
	assert_ends(5000, "exit status 0", "true");
	assert_ends(5000, "exit status 1", "false");
	assert_ends(5000, "killed by signal 9", "sh", "-c", "kill -9 $$");
	assert_ends(5000, "exit status 127", "sh", "-c", "exit 127");
	assert_ends(5000, "no-such-program-here: not found", "no-such-program-here");
	assert_ends(5000, "/nowhere/x: No such file or directory", "/nowhere/x");
}

/* The last line says why: the one on standard error, if there is one. */
static void test_last_line(void **state)
{
	(void)state;
	assert_ends(5000, "exit status 3: two", "sh", "-c", "echo one; printf two; exit 3");
	assert_ends(5000, "exit status 3: why", "sh", "-c", "echo why >&2; echo said; exit 3");
	assert_ends(5000, "exit status 3: end", "sh", "-c",
		    "head -c 200000 /dev/zero; printf '\\nend\\n'; exit 3");
}

/* It is ended by a closed pipe, as every program is, whatever we do about SIGPIPE. */
static void test_sigpipe(void **state)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	/* SigIgn: the 13th bit from the right. */
	static const char script_text[] =
		"while read k v; do [ $k != SigIgn: ] || echo $v; done </proc/self/status | "
		"{ read v; exit $((0x$v >> 12 & 1)); }";

	(void)state;
	assert_ends(0, "exit status 0", "sh", "-c", script_text);
	assert_ends(5000, "exit status 0", "sh", "-c", script_text);
	signal(SIGPIPE, before);
}

static void test_takes_too_long(void **state)
{
	int64_t begin = clock_now_ms();

	(void)state;
	assert_ends(100, "it takes too long", "sleep", "3");
	assert_in_range(clock_now_ms() - begin, 100, 2500);
}

/* More than is wanted neither blocks it nor makes it fail. */
static void test_first_words(void **state)
{
	static const char text[] = "stopping\n";
	const struct program program = {
		.args = WORDS("sh", "-c", "printf 'stop'; printf 'ping\\n'; exit 3"),
		.limit_ms = 5000,
		.max = 64};
	auto_program_end struct program_end end = {0};

	(void)state;
	assert_int_equal(program_run(&program, &end), 0);
	assert_string_equal(end.output, text);
	assert_int_equal(WEXITSTATUS(end.status), 3);
}

/* It has none of the caller's descriptors: Proxmox VE waits for the end of its streams. */
static void test_inherits_nothing(void **state)
{
	auto_close int fd = open("/dev/null", O_RDONLY); /* not O_CLOEXEC: somebody else's */

	(void)state;
	assert_true(fd > 2);
	assert_ends(5000, "exit status 0", "sh", "-c",
		    "for fd in /proc/$$/fd/*; do case ${fd##*/} in 0|1|2|10) ;; "
		    "*) [ ! -e $fd ] || exit 1;; esac; done");
}

/* ---- what acts on the host ---- */

static void test_act(void **state)
{
	const struct fs_root other = {.fd = -1, .path = (char *)"/mnt"};
	const struct fs_root running = {.fd = -1, .path = (char *)""};
	const struct program touch = {.args = WORDS("touch", script)};
	const struct program fails = {.args = WORDS("sh", "-c", "exit 5")};
	auto_program_end struct program_end end = {0};
	auto_free char *why = NULL, *expected = fs_path("--root /mnt is not the running system: "
							"not run: touch %s",
							script);

	(void)state;
	tree_acts = false;
	unlink(script);
	assert_int_equal(program_act(&other, &touch, &end), -EXDEV);
	assert_int_equal(access(script, F_OK), -1);
	why = program_explain(&other, &touch, -EXDEV, &end);
	assert_string_equal(why, expected);
	assert_int_equal(program_act(&running, &touch, &end), 0);
	assert_int_equal(access(script, F_OK), 0);
	assert_int_equal(program_act(&running, &fails, &end), -EIO);
	assert_int_equal(WEXITSTATUS(end.status), 5);
	tree_acts = true;
}

static void test_is_there(void **state)
{
	(void)state;
	assert_true(program_is_there("sh"));
	assert_true(program_is_there("/bin/sh"));
	assert_false(program_is_there("no-such-program-here"));
	assert_false(program_is_there("/nowhere/x"));
}

static void test_split(void **state)
{
	char text[] = "update-initramfs -u -k all", many[] = "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6";
	const char *words[PROGRAM_WORDS];

	(void)state;
	assert_int_equal(program_split(text, words), 0);
	assert_string_equal(words[0], "update-initramfs");
	assert_string_equal(words[3], "all");
	assert_null(words[4]);
	assert_int_equal(program_split(many, words), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_foreground),
		cmocka_unit_test(test_within_limit),
		cmocka_unit_test(test_last_line),
		cmocka_unit_test(test_sigpipe),
		cmocka_unit_test(test_takes_too_long),
		cmocka_unit_test(test_first_words),
		cmocka_unit_test(test_inherits_nothing),
		cmocka_unit_test(test_act),
		cmocka_unit_test(test_is_there),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
