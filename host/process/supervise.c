// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/supervise.h"

#include "host/base/activity.h"
#include "host/base/cli.h"
#include "host/base/clock.h"
#include "host/base/fs_write.h"
#include "host/base/log.h"
#include "host/process/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* How much later than its deadline the child is killed: it may report that itself. */
#define MARGIN_MS 2000

/* How often the parent looks whether the child was allowed less time than before. */
#define LOOK_MS 1000

#define NEVER INT64_MAX

/* Shared by parent and child. */
struct page {
	_Atomic int64_t deadline; /* NEVER: none */
	struct activity doing;
};

static struct page *page;

int supervise_read_ms = 30000;

struct child {
	pid_t pid;
	int pidfd; /* -1: none, its end is noticed up to LOOK_MS later */
	int lines; /* what it prints; -1: it has the caller's streams */
};

void supervise_allow(int ms)
{
	if (page)
		page->deadline = ms == SUPERVISE_FOREVER ? NEVER : clock_now_ms() + ms + MARGIN_MS;
}

/* ---- the child ---- */

static void __attribute__((noreturn))
be_child(const struct supervise *how, pid_t parent, int lines, int (*work)(void *arg), void *arg)
{
	int keep = how->keep;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	activity_set_page(&page->doing);
	if (how->relay)
		worker_detach(lines, &keep, 1);
	exit(cli_end(work(arg)));
}

/* Returns 0, or -errno when there is no child. */
static int start(const struct supervise *how, int (*work)(void *arg), void *arg,
		 struct child *child)
{
	int lines[2] = {-1, -1};
	pid_t parent = getpid();
	int err;

	if (how->relay && pipe2(lines, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	child->lines = lines[0];
	child->pid = fork();
	if (!child->pid)
		be_child(how, parent, lines[1], work, arg);
	err = child->pid < 0 ? -errno : 0;
	closep(&lines[1]);
	if (err)
		return err;
	if (how->relay)
		fcntl(lines[0], F_SETFL, O_NONBLOCK);
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return 0;
}

/* ---- the parent ---- */

/* Passes on what there is. Returns whether there was anything. */
static bool relay(struct child *child)
{
	char text[4096];
	ssize_t n = read(child->lines, text, sizeof(text));

	/* A reader that has gone does not stop the child. */
	if (n > 0)
		fs_write_fd(STDOUT_FILENO, text, (size_t)n);
	if (!n) {
		close(child->lines);
		child->lines = -1;
	}
	return n > 0;
}

/* Returns whether the child has ended, with *ret_status, before its deadline. */
static bool wait_for(struct child *child, int *ret_status)
{
	for (;;) {
		struct pollfd polled[] = {{child->pidfd, POLLIN, 0}, {child->lines, POLLIN, 0}};
		int left = clock_left_ms(page->deadline);
		bool ended;

		poll(polled, ARRAY_SIZE(polled), left < LOOK_MS ? left : LOOK_MS);
		ended = waitpid(child->pid, ret_status, WNOHANG) == child->pid;
		while (child->lines >= 0 && relay(child))
			;
		if (ended || !clock_left_ms(page->deadline))
			return ended;
	}
}

static void say_hung(const struct supervise *how)
{
	struct activity now;

	if (activity_read(&page->doing, &now))
		log_error(_("%s: stuck in the kernel: %s %s%s; it cannot be killed; see: "
			    "journalctl -k -n 50"),
			  how->what, now.verb, strcmp(now.verb, "call") ? "/" : "", now.path);
	else
		log_error(_("%s: has not ended in time"), how->what);
}

static int supervise(const struct supervise *how, struct child *child, void *arg)
{
	int status = 0;

	if (how->relay)
		dup2(STDOUT_FILENO, STDERR_FILENO);
	/* Ctrl-C is for the child, which may be running another program. */
	signal(how->relay ? SIGPIPE : SIGINT, SIG_IGN);
	if (!wait_for(child, &status)) {
		kill(child->pid, SIGKILL);
		say_hung(how);
		status = W_EXITCODE(EXIT_FAILURE, SIGKILL);
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (how->failed)
		how->failed(arg);
	return WEXITSTATUS(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Not in this process instead: who keeps the deadline must not hang. */
static int without_child(const struct supervise *how, void *arg, int err)
{
	log_error(_("%s: not done, because no process can be made for it: %s"), how->what,
		  log_strerror(err));
	if (how->failed)
		how->failed(arg);
	return EXIT_FAILURE;
}

int supervise_run(const struct supervise *how, int (*work)(void *arg), void *arg)
{
	int limit_ms = how->limit_ms ? how->limit_ms : supervise_read_ms;
	struct child child = {.pidfd = -1, .lines = -1};
	int err, code;

	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		page = NULL;
		return without_child(how, arg, -errno);
	}
	page->deadline = clock_now_ms() + limit_ms;
	err = start(how, work, arg, &child);
	code = err ? without_child(how, arg, err) : supervise(how, &child, arg);
	closep(&child.pidfd);
	closep(&child.lines);
	munmap(page, sizeof(*page));
	page = NULL;
	return code;
}
