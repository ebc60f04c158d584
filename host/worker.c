// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/worker.h"

#include "host/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* The message that says that the job has returned. */
#define KIND_FINISHED UINT32_MAX

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* close_range(2) around the descriptors to keep. */
static void close_all_but(int *keep, size_t n)
{
	unsigned int from = 3;

	qsort(keep, n, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned int)keep[i] > from)
			syscall(SYS_close_range, from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	syscall(SYS_close_range, from, ~0U, 0);
}

static void detach(int *keep, size_t n)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	signal(SIGPIPE, SIG_IGN);
	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	close_all_but(keep, n);
}

int worker_start(struct worker *worker, int (*job)(int tell, void *arg), void *arg, const int *keep,
		 size_t n_keep)
{
	auto_free int *kept = calloc(n_keep + 1, sizeof(*kept));
	int channel[2];
	pid_t pid;

	if (!kept)
		return -ENOMEM;
	if (pipe2(channel, O_CLOEXEC))
		return -errno;
	if (n_keep)
		memcpy(kept, keep, n_keep * sizeof(*kept));
	kept[n_keep] = channel[1];

	pid = fork();
	if (pid < 0) {
		int err = -errno;

		close(channel[0]);
		close(channel[1]);
		return err;
	}
	if (!pid) {
		struct worker_message end = {.kind = KIND_FINISHED};

		detach(kept, n_keep + 1);
		free(TAKE_PTR(kept));
		end.error = job(channel[1], arg);
		worker_tell(channel[1], &end);
		/* Not exit(): the caller's buffered output is not the worker's to write again. */
		_exit(end.error ? 1 : 0);
	}
	close(channel[1]);
	*worker = (struct worker){.pid = pid, .channel = channel[0]};
	return 0;
}

void worker_tell(int tell, const struct worker_message *message)
{
	ssize_t n;

	do
		n = write(tell, message, sizeof(*message));
	while (n < 0 && errno == EINTR);
}

/* Takes one message; at the end of file the worker is gone, whatever it had to say. */
static void hear_one(struct worker *worker, size_t index,
		     void (*hear)(size_t worker, const struct worker_message *message, void *arg),
		     void *arg)
{
	struct worker_message message;
	ssize_t n = read(worker->channel, &message, sizeof(message));

	if (n < 0 && errno == EINTR)
		return;
	if (n == (ssize_t)sizeof(message) && message.kind != KIND_FINISHED) {
		worker->last = message;
		if (hear)
			hear(index, &message, arg);
		return;
	}
	if (n == (ssize_t)sizeof(message)) {
		worker->finished = true;
		worker->result = message.error;
	}
	worker_release(worker);
	waitpid(worker->pid, NULL, 0);
}

size_t worker_wait_all(struct worker *workers, size_t n, int64_t deadline,
		       void (*hear)(size_t worker, const struct worker_message *message, void *arg),
		       void *arg)
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
		if (!poll(polled, n, clock_left_ms(deadline)))
			return busy;
		for (size_t i = 0; i < n; i++)
			if (polled[i].revents)
				hear_one(&workers[i], i, hear, arg);
	}
}

void worker_release(struct worker *worker)
{
	if (worker->channel >= 0)
		close(worker->channel);
	worker->channel = -1;
}
