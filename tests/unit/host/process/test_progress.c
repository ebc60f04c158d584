// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/progress.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "host/base/clock.h"
#include "host/base/fs.h"
#include "host/base/log.h"
#include "host/process/program.h"
#include "program.h"
#include "tree.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ERASE	   "\r\033[K"

/* Runs WORK in a process of its own with these streams. Returns what it printed on the terminal or
 * pipe whose other end is FROM; the streams are closed. */
static char *printed_by(void (*work)(void), int out, int err, int from)
{
	char *text = NULL;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		unsetenv("COLUMNS");
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		work();
		fflush(NULL);
		_exit(0);
	}
	close(out);
	if (err != out)
		close(err);
	/* A terminal that nobody has open any more is an error for its reader, after the text. */
	text = calloc(1, 65536);
	assert_non_null(text);
	for (size_t n = 0; n < 65535;) {
		ssize_t got = read(from, text + n, 65535 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(from);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	return text;
}

static char *on_terminal(void (*work)(void))
{
	int other, fd = program_terminal(40, &other);

	return printed_by(work, fd, fd, other);
}

static void run(const char *script, int limit_ms)
{
	const struct program program = {.args = WORDS("sh", "-c", script), .limit_ms = limit_ms};
	auto_program_end struct program_end end = {0};

	if (program_run(&program, &end) || !program_succeeded(&end))
		_exit(1);
}

/* The first line comes then, and another each tenth of a second. */
static void begin(const char *what, int first_ms)
{
	progress_on_terminal = progress_elsewhere = (struct progress_times){first_ms, 100};
	progress_begin("running: %s", what);
}

/* That TEXT begins so, which moves after it. */
static void take(const char **text, const char *beginning)
{
	const char *rest = after_prefix(*text, beginning);

	if (!rest)
		fail_msg("not '%s', but: '%s'", beginning, *text);
	*text = rest;
}

/* How often BEGINNING, a number of one digit and " s)" and END come there, at least once; no more
 * often than they are due. */
static void take_lines(const char **text, const char *beginning, const char *end)
{
	size_t n = 0;

	for (const char *rest = *text; (rest = after_prefix(rest, beginning)); n++) {
		assert_in_range(*rest, '0', '9');
		rest++;
		take(&rest, " s)");
		take(&rest, end);
		*text = rest;
	}
	assert_in_range(n, 1, 40);
}

static void program_talks(void)
{
	begin("talk", 100);
	run("echo one; sleep 0.8; echo two >&2; sleep 0.8; printf three; sleep 0.5; echo; sleep 0.8",
	    0);
	progress_end();
	printf("end\n");
}

/* The line is erased before the program's own, and is not drawn into one. */
static void test_terminal(void **state)
{
	auto_free char *text = on_terminal(program_talks);
	const char *at = text, *line = ERASE "running: talk (";

	(void)state;
	take(&at, "one\n");
	take_lines(&at, line, "");
	take(&at, ERASE "two\n");
	take_lines(&at, line, "");
	take(&at, ERASE "three\n");
	take_lines(&at, line, "");
	take(&at, ERASE "end\n");
	assert_string_equal(at, "");
}

static void quick(void)
{
	begin("quick", 20000);
	run("echo one", 0);
	progress_end();
}

static void nothing(void)
{
	run("sleep 0.8; echo one", 0);
}

static void test_quick(void **state)
{
	auto_free char *text = on_terminal(quick), *without = on_terminal(nothing);

	(void)state;
	assert_string_equal(text, "one\n");
	assert_string_equal(without, "one\n");
}

static void long_words(void)
{
	begin("a command with a name which is longer than a line", 100);
	run("sleep 0.8", 5000);
	log_warning("said meanwhile");
	run("sleep 0.8", 5000);
	if (!progress_end())
		_exit(1);
}

/* It is cut to a line, and our own messages erase it. What runs within a limit shows it, too. */
static void test_messages(void **state)
{
	auto_free char *text = on_terminal(long_words);
	const char *at = text, *line = ERASE "running: a command with a na (";

	(void)state;
	take_lines(&at, line, "");
	take(&at, ERASE "pve-passthrough: said meanwhile\n");
	take_lines(&at, line, "");
	assert_string_equal(at, ERASE);
}

static void print_lines(void)
{
	log_open("host-setup", NULL);
	begin("lines", 100);
	run("sleep 0.8; echo one", 0);
	progress_end();
}

/* Lines on standard error, and nothing of it on standard output. */
static void test_elsewhere(void **state)
{
	auto_free char *out = NULL, *err = NULL;
	const char *at;
	int ends[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	err = printed_by(print_lines, null, ends[1], ends[0]);
	at = err;
	take_lines(&at, "host-setup: running: lines (", "\n");
	assert_string_equal(at, "");

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	out = printed_by(print_lines, ends[1], null, ends[0]);
	assert_string_equal(out, "one\n");
}

/* Standard output that is no terminal has what the program prints there, whatever is shown. */
static void test_output_in_a_file(void **state)
{
	int other, fd = program_terminal(40, &other), ends[2];
	auto_free char *out = NULL;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	out = printed_by(program_talks, ends[1], fd, ends[0]);
	close(other);
	assert_string_equal(out, "one\nthree\nend\n");
}

/* Who sleeps is not woken before a line is due, nor sleeps longer than he wants. */
static void test_tick(void **state)
{
	(void)state;
	assert_int_equal(progress_tick(5000), 5000);
	progress_elsewhere = progress_on_terminal = (struct progress_times){60000, 60000};
	progress_begin("x");
	assert_int_equal(progress_tick(5000), 5000);
	assert_in_range(progress_tick(100000), 50000, 60000);
	assert_int_equal(progress_end(), 0);
	assert_int_equal(progress_tick(100000), 100000);
	assert_int_equal(progress_end(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),	 cmocka_unit_test(test_quick),
		cmocka_unit_test(test_messages),	 cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_output_in_a_file), cmocka_unit_test(test_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
