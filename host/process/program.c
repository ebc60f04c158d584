// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/program.h"

#include "host/base/clock.h"
#include "host/base/strbuf.h"
#include "host/process/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* Longer than any line that is worth repeating. */
#define LINE_SIZE 256

/*
 * Starts the program with nothing on standard input, and the signals that we may ignore as they are
 * by default. OUT, ERR: where what it prints goes; -1: where ours goes.
 */
static int start(const struct program *program, int out, int err_out, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int err;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGPIPE);
	err = posix_spawn_file_actions_init(&files);
	if (err)
		return -err;
	err = posix_spawnattr_init(&attributes);
	if (err) {
		posix_spawn_file_actions_destroy(&files);
		return -err;
	}
	err = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!err && out >= 0)
		err = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (!err && err_out >= 0)
		err = posix_spawn_file_actions_adddup2(&files, err_out, STDERR_FILENO);
	if (!err)
		err = posix_spawnattr_setsigdefault(&attributes, &defaults);
	if (!err)
		err = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
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

static int run_in_foreground(const struct program *program, int *ret_status)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	pid_t pid = -1;
	int err;

	sigaction(SIGINT, &ignore, &old);
	err = start(program, -1, -1, &pid);
	if (!err)
		err = wait_for(pid, ret_status);
	sigaction(SIGINT, &old, NULL);
	return err;
}

/* ---- within a limit ---- */

/* The last line of a stream. */
struct last_line {
	char text[LINE_SIZE];
	size_t len;
	bool ended; /* a newline came: what comes next is another line */
};

/* What a worker and its caller see: how the program ended, and what it printed. */
struct shared {
	int status;
	bool cut; /* there was more output than that */
	struct last_line out, err;
	size_t len;
	char output[]; /* program->max bytes */
};

struct run {
	const struct program *program;
	struct shared *shared;
};

static void add_to_line(struct last_line *line, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			line->ended = true;
			continue;
		}
		if (line->ended)
			line->len = 0;
		line->ended = false;
		if (line->len < sizeof(line->text) - 1)
			line->text[line->len++] = bytes[i];
	}
}

static void add_output(const struct run *run, const char *bytes, size_t n)
{
	struct shared *shared = run->shared;
	size_t room = run->program->max - shared->len;

	add_to_line(&shared->out, bytes, n);
	if (n > room)
		shared->cut = true;
	memcpy(shared->output + shared->len, bytes, n < room ? n : room);
	shared->len += n < room ? n : room;
}

/* Reads both to their ends, so that the program never writes into a closed pipe. */
static int collect(const struct run *run, int out, int err)
{
	struct pollfd ends[] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	char bytes[4096];

	while (ends[0].fd >= 0 || ends[1].fd >= 0) {
		if (poll(ends, 2, -1) < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < 2; i++) {
			ssize_t n = ends[i].revents ? read(ends[i].fd, bytes, sizeof(bytes)) : -2;

			if (n > 0 && !i)
				add_output(run, bytes, (size_t)n);
			else if (n > 0)
				add_to_line(&run->shared->err, bytes, (size_t)n);
			else if (n == 0)
				ends[i].fd = -1; /* which poll(2) leaves out */
		}
	}
	return 0;
}

/* In the worker's process, which outlives the program. */
static int run_and_collect(const struct worker *self, void *arg)
{
	const struct run *run = arg;
	int out[2] = {-1, -1}, err_out[2] = {-1, -1};
	pid_t pid = -1;
	int err;

	(void)self;
	if (pipe2(out, O_CLOEXEC) || pipe2(err_out, O_CLOEXEC))
		return -errno;
	err = start(run->program, out[1], err_out[1], &pid);
	close(out[1]);
	close(err_out[1]);
	if (err)
		return err;
	err = collect(run, out[0], err_out[0]);
	return err ? err : wait_for(pid, &run->shared->status);
}

static char *line_of(const struct last_line *line)
{
	return line->len ? strndup(line->text, line->len) : NULL;
}

static int take_result(const struct shared *shared, struct program_end *ret)
{
	struct program_end end = {
		.status = shared->status,
		.output = strndup(shared->output, shared->len),
		.cut = shared->cut,
		.line = line_of(shared->err.len ? &shared->err : &shared->out),
	};

	if (!end.output) {
		program_end_free(&end);
		return -ENOMEM;
	}
	*ret = end;
	return 0;
}

static int run_within_limit(const struct program *program, struct program_end *ret)
{
	size_t size = sizeof(struct shared) + program->max;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct run run = {program, memory};
	struct worker worker;
	int err;

	if (memory == MAP_FAILED)
		return -ENOMEM;
	err = worker_start(&worker, run_and_collect, &run, 0, NULL, 0);
	if (err) {
		munmap(memory, size);
		return err;
	}
	if (worker_wait_all(&worker, 1, clock_now_ms() + program->limit_ms, NULL, NULL))
		err = -ETIMEDOUT;
	else
		err = worker.finished ? worker.result : -ECANCELED;
	/* The worker leads a session of its own, which the program and its children are in. */
	if (err == -ETIMEDOUT && !program->goes_on)
		kill(-worker.pid, SIGKILL);
	if (!err)
		err = take_result(run.shared, ret);
	worker_release(&worker);
	munmap(memory, size);
	return err;
}

/* ---- */

int program_run(const struct program *program, struct program_end *ret)
{
	*ret = (struct program_end){0};
	return program->limit_ms ? run_within_limit(program, ret)
				 : run_in_foreground(program, &ret->status);
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
