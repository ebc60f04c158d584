// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/worker.h"

#include "host/base/activity.h"
#include "host/base/clock.h"
#include "host/process/progress.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* One store for each report: that there is one, its step and its error. */
#define REPORTED (UINT64_C(1) << 63)

/* close_range(2) around the descriptors to keep. */
static void close_all_but(int *keep, size_t n)
{
	unsigned int from = 3;

	qsort(keep, n, sizeof(*keep), compare_ints);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned int)keep[i] > from)
			syscall(SYS_close_range, from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	syscall(SYS_close_range, from, ~0U, 0);
}

void worker_detach(int out, int *keep, size_t n)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; fd < 3; fd++)
		if (dup2(fd == STDIN_FILENO || out < 0 ? null : out, fd) < 0)
			close(fd);
	close_all_but(keep, n);
}

static void report(const struct worker *worker, size_t at, uint32_t step, int error)
{
	worker->progress[at] = REPORTED | (uint64_t)step << 32 | (uint32_t)error;
}

static bool read_report(const struct worker *worker, size_t at, uint32_t *ret_step, int *ret_error)
{
	uint64_t packed = worker->progress[at];

	*ret_step = (uint32_t)(packed >> 32) & INT32_MAX;
	*ret_error = (int32_t)packed;
	return packed;
}

/*
 * The child's part. The channel is closed at the end of the work, before the process frees its
 * memory. Not exit(): it would write the caller's buffered output again.
 */
static void __attribute__((noreturn))
run(const struct worker *self, int (*work)(const struct worker *self, void *arg), void *arg,
    int *keep, size_t n_keep)
{
	int result;

	activity_set_page(NULL);
	signal(SIGPIPE, SIG_IGN);
	worker_detach(-1, keep, n_keep);
	result = work(self, arg);
	report(self, self->n_items, 0, result);
	close(self->channel);
	_exit(result ? 1 : 0);
}

static size_t progress_size(const struct worker *worker)
{
	return (worker->n_items + 1) * sizeof(*worker->progress);
}

static void free_progress(struct worker *worker)
{
	if (worker->progress)
		munmap((void *)(uintptr_t)worker->progress, progress_size(worker));
	worker->progress = NULL;
}

int worker_start(struct worker *worker, int (*work)(const struct worker *self, void *arg),
		 void *arg, size_t n_items, const int *keep, size_t n_keep)
{
	auto_free int *kept = calloc(n_keep + 1, sizeof(*kept));
	auto_close int mine = -1, theirs = -1;
	int channel[2];
	void *shared;

	*worker = (struct worker){.channel = -1, .n_items = n_items, .result = -ENOMEM};
	shared = kept ? mmap(NULL, progress_size(worker), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0)
		      : MAP_FAILED;
	if (shared == MAP_FAILED)
		return worker->result;
	worker->progress = shared;
	if (!pipe2(channel, O_CLOEXEC)) {
		mine = channel[0];
		theirs = kept[n_keep] = channel[1];
		if (n_keep)
			memcpy(kept, keep, n_keep * sizeof(*kept));
		worker->pid = fork();
	}
	if (theirs < 0 || worker->pid < 0) {
		worker->result = -errno;
		free_progress(worker);
		return worker->result;
	}
	worker->result = 0;
	worker->channel = worker->pid ? TAKE_FD(mine) : theirs;
	if (!worker->pid)
		run(worker, work, arg, kept, n_keep + 1);
	return 0;
}

void worker_report(const struct worker *self, size_t item, uint32_t step, int error)
{
	if (self && item < self->n_items)
		report(self, item, step, error);
}

void worker_notify(const struct worker *self)
{
	ssize_t n;

	do
		n = self ? write(self->channel, "", 1) : 0;
	while (n < 0 && errno == EINTR);
}

bool worker_progress(const struct worker *worker, size_t item, uint32_t *ret_step, int *ret_error)
{
	return worker->progress && item < worker->n_items &&
	       read_report(worker, item, ret_step, ret_error);
}

static void close_channel(struct worker *worker)
{
	if (worker->channel >= 0)
		close(worker->channel);
	worker->channel = -1;
}

/* Reads what worker_notify() wrote; at the end of file the worker's work has ended, or the worker.
 * Returns whether it has notified. */
static bool read_channel(struct worker *worker)
{
	char bytes[64];
	uint32_t step;
	ssize_t n = read(worker->channel, bytes, sizeof(bytes));

	if (n > 0 || (n < 0 && errno == EINTR))
		return n > 0;
	worker->finished = read_report(worker, worker->n_items, &step, &worker->result);
	close_channel(worker);
	/* The kernel closes a killed process's descriptors one by one: its locks may be last. */
	if (!worker->finished)
		waitpid(worker->pid, NULL, 0);
	return false;
}

size_t worker_wait_all(struct worker *workers, size_t n, int64_t deadline,
		       void (*notified)(size_t worker, void *arg), void *arg)
{
	auto_free struct pollfd *polled = calloc(n + 1, sizeof(*polled));
	size_t busy;

	for (;;) {
		busy = 0;
		for (size_t i = 0; i < n; i++) {
			busy += workers[i].channel >= 0;
			if (polled)
				polled[i] = (struct pollfd){workers[i].channel, POLLIN, 0};
		}
		if (!busy || !polled)
			return busy;
		if (!poll(polled, n, progress_tick(clock_left_ms(deadline))) &&
		    !clock_left_ms(deadline))
			return busy;
		for (size_t i = 0; i < n; i++)
			if (polled[i].revents && read_channel(&workers[i]) && notified)
				notified(i, arg);
	}
}

int worker_result(const struct worker *worker)
{
	if (worker->finished || worker->result)
		return worker->result;
	return worker->channel >= 0 ? -ETIMEDOUT : -ECANCELED;
}

void worker_release(struct worker *worker)
{
	close_channel(worker);
	free_progress(worker);
}

void worker_reap(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0);
}
