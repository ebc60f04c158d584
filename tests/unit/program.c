// SPDX-License-Identifier: GPL-2.0-or-later
#include "program.h"

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <sys/wait.h>

#define ARGS_MAX 8

/* The last TEXT in WHERE, or NULL. */
static const char *strrstr(const char *where, const char *text)
{
	const char *last = NULL;

	for (const char *at = where; (at = strstr(at, text)); at++)
		last = at;
	return last;
}

char *program_find(const char *argv0, const char *name, unsigned int n)
{
	/* Tests may be deeper below build/tests than the programs are below build. */
	const char *tests = strrstr(argv0, "/tests/");
	auto_free char *program = tests ? fs_path("%.*s/%s", (int)(tests - argv0), argv0, name)
					: NULL;

	if (program && !access(program, X_OK))
		return TAKE_PTR(program);
	printf("[  PASSED  ] 0 test(s).\n[  SKIPPED ] %u test(s), %s is not built.\n", n, name);
	return NULL;
}

void run_program(char *program, const char *root, const char *args, struct run *ret)
{
	run_program_at(program, root, args, -1, -1, ret);
}

int program_terminal(unsigned short columns, int *ret_other)
{
	struct winsize size = {.ws_row = 24, .ws_col = columns};
	struct termios raw = {.c_cflag = CS8 | CREAD};
	int fd;

	assert_int_equal(openpty(ret_other, &fd, NULL, &raw, &size), 0);
	return fd;
}

void run_program_at(char *program, const char *root, const char *args, int in, int at,
		    struct run *ret)
{
	auto_free char *words = strdup(args);
	char *argv[ARGS_MAX + 1] = {program};
	char *rest = words;
	int out[2], err[2], status;
	int n = 1;
	pid_t pid;

	for (char *word; (word = strsep(&rest, " ")) && n < ARGS_MAX;)
		if (*word)
			argv[n++] = strcmp(word, "ROOT") ? word : (char *)(uintptr_t)root;
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (in >= 0)
			dup2(in, STDIN_FILENO);
		dup2(at >= 0 ? at : out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		execv(program, argv);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	/* Neither fills a pipe. */
	assert_int_equal(fs_read_fd(out[0], 65536, &ret->out, NULL), 0);
	assert_int_equal(fs_read_fd(err[0], 65536, &ret->err, NULL), 0);
	close(out[0]);
	close(err[0]);
	waitpid(pid, &status, 0);
	ret->code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
