// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/exec.h"

#include "host/clock.h"
#include "host/worker.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

/* Longer than any word that is asked for; a longer line is another one. */
#define LINE_SIZE 256

/* The shell's exit code for a program that is not there. */
#define EXIT_NOT_FOUND 127

struct question {
	const char *const *args;
	const char *wanted;
};

/* Reads to the end, so that the program never writes into a closed pipe; keeps what fits. */
static void read_line(int fd, char line[LINE_SIZE])
{
	size_t len = 0;
	char rest[LINE_SIZE];
	ssize_t n;

	for (;;) {
		bool full = len == LINE_SIZE - 1;

		n = full ? read(fd, rest, sizeof(rest)) : read(fd, line + len, LINE_SIZE - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (!full)
			len += (size_t)n;
	}
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

static int judge(const struct question *question, const char *line, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_FOUND)
		return -ENOENT;
	if (question->wanted)
		return strcmp(line, question->wanted) ? -ENOMSG : 0;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

/* In the worker's process: it outlives the program, to hear what becomes of it. */
static int ask(const struct worker *self, void *arg)
{
	const struct question *question = arg;
	char line[LINE_SIZE];
	int out[2], status;
	pid_t pid;

	(void)self;
	if (pipe2(out, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0) {
		int err = -errno;

		close(out[0]);
		close(out[1]);
		return err;
	}
	if (!pid) {
		if (dup2(out[1], STDOUT_FILENO) >= 0)
			execvp(question->args[0], (char *const *)(uintptr_t)question->args);
		_exit(EXIT_NOT_FOUND);
	}
	close(out[1]);
	read_line(out[0], line);
	close(out[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return judge(question, line, status);
}

int exec_run(const char *const *args, const char *wanted, int limit_ms)
{
	struct question question = {args, wanted};
	struct worker worker;
	int err = worker_start(&worker, ask, &question, 0, NULL, 0);

	if (err)
		return err;
	if (worker_wait_all(&worker, 1, clock_now_ms() + limit_ms, NULL, NULL))
		err = -ETIMEDOUT;
	else
		err = worker.finished ? worker.result : -ECANCELED;
	worker_release(&worker);
	return err;
}
