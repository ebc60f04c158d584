// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/program.h"

#include "host/base/clock.h"
#include "host/base/fs_write.h"
#include "host/text/strbuf.h"
#include "host/process/progress.h"
#include "host/process/worker.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Longer than any line that is worth repeating. */
#define LINE_SIZE 256

/*
 * Starts the program with the default actions of signals that we may ignore. IN: its standard
 * input; -1: nothing. OUT, ERR_OUT: where its output goes; -1: where ours goes.
 */
static int start(const struct program *program, int in, int out, int err_out, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int err;

	/* glibc's init functions do not fail. */
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGPIPE);
	err = posix_spawnattr_setsigdefault(&attributes, &defaults)
		      ?: posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (!err && in >= 0)
		err = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	else if (!err)
		err = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY,
						       0);
	if (!err && out >= 0)
		err = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (!err && err_out >= 0)
		err = posix_spawn_file_actions_adddup2(&files, err_out, STDERR_FILENO);
	if (!err)
		err = posix_spawnp(ret, program->args[0], &files, &attributes,
				   (char *const *)(uintptr_t)program->args, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -err;
}

static int wait_for(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* ---- in the foreground ---- */

/* Without a pidfd: how much later its end may be noticed. */
#define LOOK_MS 200

/* Prints what is in the pipe, which is closed at the end of it. */
static void pass_on(int *pipe)
{
	char text[4096];
	ssize_t n = 0;

	while (*pipe >= 0 && (n = read(*pipe, text, sizeof(text))) > 0)
		progress_print(text, (size_t)n);
	if (*pipe >= 0 && !n) {
		close(*pipe);
		*pipe = -1;
	}
}

/* Waits for PID, says how long it takes, and prints what it writes into the pipe OUTPUT. */
static int wait_and_show(pid_t pid, int *output, int *ret_status)
{
	auto_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	pid_t ended;

	do {
		struct pollfd polled[] = {{pidfd, POLLIN, 0}, {*output, POLLIN, 0}};

		poll(polled, ARRAY_SIZE(polled), progress_tick(pidfd < 0 ? LOOK_MS : INT_MAX));
		ended = waitpid(pid, ret_status, WNOHANG);
		if (ended < 0 && errno != EINTR)
			return -errno;
		pass_on(output);
	} while (ended != pid);
	return 0;
}

/* Its output goes where ours goes; but around a line of progress, where that is on our terminal. */
static int start_and_show(const struct program *program, int *ret_status)
{
	auto_close int output = -1, its_end = -1;
	int ends[2];
	pid_t pid = -1;
	int err;

	if (progress_is_shown() && !pipe2(ends, O_CLOEXEC)) {
		output = ends[0];
		its_end = ends[1];
		fcntl(output, F_SETFL, O_NONBLOCK);
	}
	err = start(program, -1, isatty(STDOUT_FILENO) ? its_end : -1, its_end, &pid);
	closep(&its_end);
	its_end = -1;
	return err ? err : wait_and_show(pid, &output, ret_status);
}

static int run_in_foreground(const struct program *program, int *ret_status)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	int err;

	sigaction(SIGINT, &ignore, &old);
	err = start_and_show(program, ret_status);
	sigaction(SIGINT, &old, NULL);
	return err;
}

/* ---- within a limit ---- */

/* What a worker runs, and the files in memory that the program reads and prints into. */
struct run {
	const struct program *program;
	int in; /* -1: none */
	int out, err;
};

/* In the worker's process. The one report is the status, in place of a step. */
static int run_and_wait(const struct worker *self, void *arg)
{
	const struct run *run = arg;
	int status = 0;
	pid_t pid = -1;
	int err = start(run->program, run->in, run->out, run->err, &pid);

	if (!err)
		err = wait_for(pid, &status);
	worker_report(self, 0, (uint32_t)status, err);
	return err;
}

/* The last line of what was printed into the file FD, cut to LINE_SIZE; NULL when it is empty. */
static char *last_line(int fd)
{
	char text[4096];
	const off_t most = sizeof(text);
	off_t size = lseek(fd, 0, SEEK_END);
	ssize_t n = pread(fd, text, sizeof(text), size > most ? size - most : 0);
	const char *line;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n <= 0)
		return NULL;
	line = memrchr(text, '\n', (size_t)n);
	line = line ? line + 1 : text;
	n -= line - text;
	return strndup(line, n < LINE_SIZE ? (size_t)n : LINE_SIZE - 1);
}

/* At most MAX bytes from the beginning of what was printed into the file FD. */
static char *first_bytes(int fd, size_t max)
{
	char *text = malloc(max + 1);
	ssize_t n = text ? pread(fd, text, max, 0) : 0;

	if (text)
		text[n > 0 ? n : 0] = '\0';
	return text;
}

static int take_result(const struct worker *worker, const struct run *run, struct program_end *ret)
{
	uint32_t status;
	int err;

	if (!worker->finished || !worker_progress(worker, 0, &status, &err))
		return -ECANCELED;
	if (err)
		return err;
	ret->output = first_bytes(run->out, run->program->max);
	if (!ret->output)
		return -ENOMEM;
	ret->status = (int)status;
	ret->cut = lseek(run->out, 0, SEEK_END) > (off_t)run->program->max;
	ret->line = last_line(run->err);
	if (!ret->line)
		ret->line = last_line(run->out);
	return 0;
}

/* A file in memory with TEXT, to be read from its beginning. Returns a descriptor or -errno. */
static int open_input(const char *text)
{
	auto_close int fd = memfd_create("stdin", MFD_CLOEXEC);
	int err = fd < 0 ? -errno : fs_write_fd(fd, text, strlen(text));

	if (!err && lseek(fd, 0, SEEK_SET) < 0)
		err = -errno;
	return err ? err : TAKE_FD(fd);
}

static int run_within_limit(const struct program *program, struct program_end *ret)
{
	auto_close int in = program->input ? open_input(program->input) : -1;
	auto_close int out = memfd_create("stdout", MFD_CLOEXEC);
	auto_close int err_out = memfd_create("stderr", MFD_CLOEXEC);
	struct run run = {program, in, out, err_out};
	struct worker worker;
	int err;

	if (program->input && in < 0)
		return in;
	if (out < 0 || err_out < 0)
		return -errno;
	err = worker_start(&worker, run_and_wait, &run, 1, (const int[]){out, err_out, in},
			   in < 0 ? 2 : 3);
	if (err)
		return err;
	if (worker_wait_all(&worker, 1, clock_now_ms() + program->limit_ms, NULL, NULL))
		err = -ETIMEDOUT;
	/* The worker leads a session of its own, which the program and its children are in. */
	if (err && !program->goes_on)
		kill(-worker.pid, SIGKILL);
	if (!err)
		err = take_result(&worker, &run, ret);
	worker_release(&worker);
	return err;
}

/* ---- */

int program_run(const struct program *program, struct program_end *ret)
{
	*ret = (struct program_end){0};
	return program->limit_ms ? run_within_limit(program, ret)
				 : run_in_foreground(program, &ret->status);
}

bool program_may_act(const struct fs_root *root)
{
	return fs_root_is_running_system(root);
}

int program_act(const struct fs_root *root, const struct program *program, struct program_end *ret)
{
	int err;

	*ret = (struct program_end){0};
	if (!fs_root_is_running_system(root))
		return -EXDEV;
	err = program_run(program, ret);
	if (err)
		return err;
	return program_succeeded(ret) ? 0 : -EIO;
}

void program_end_free(struct program_end *end)
{
	free(end->output);
	free(end->line);
	*end = (struct program_end){0};
}

bool program_succeeded(const struct program_end *end)
{
	return WIFEXITED(end->status) && !WEXITSTATUS(end->status);
}

static void explain_status(const struct program_end *end, struct strbuf *to)
{
	if (WIFSIGNALED(end->status))
		strbuf_add(to, _("killed by signal %d"), WTERMSIG(end->status));
	else
		strbuf_add(to, _("exit status %d"), WEXITSTATUS(end->status));
	if (end->line)
		strbuf_add(to, ": %s", end->line);
}

char *program_explain(const struct fs_root *root, const struct program *program, int err,
		      const struct program_end *end)
{
	auto_strbuf struct strbuf text = {0};

	if (err == -EXDEV) {
		strbuf_add(&text, _("--root %s is not the running system: not run:"), root->path);
		for (size_t i = 0; program->args[i]; i++)
			strbuf_add(&text, " %s", program->args[i]);
	} else if (err == -ETIMEDOUT) {
		strbuf_add(&text, "%s", _("it takes too long"));
	} else if (err == -ENOENT && !strchr(program->args[0], '/')) {
		strbuf_add(&text, _("%s: not found"), program->args[0]);
	} else if (err && !(err == -EIO && end->status)) {
		strbuf_add(&text, "%s: %s", program->args[0], strerror(-err));
	} else {
		explain_status(end, &text);
	}
	return strbuf_take(&text);
}

bool program_is_there(const char *name)
{
	const char *path = getenv("PATH");
	auto_free char *copy = strdup(path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
	char *rest = copy, *dir;

	if (strchr(name, '/'))
		return !access(name, X_OK);
	while (copy && (dir = strsep(&rest, ":"))) {
		auto_free char *file = fs_path("%s%s%s", dir, *dir ? "/" : "", name);

		if (file && !access(file, X_OK))
			return true;
	}
	return false;
}

int program_split(char *text, const char *ret[PROGRAM_WORDS])
{
	size_t n = 0;

	for (char *word; (word = strsep(&text, " "));) {
		if (n == PROGRAM_WORDS - 1)
			return -E2BIG;
		ret[n++] = word;
	}
	ret[n] = NULL;
	return 0;
}
