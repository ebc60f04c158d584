// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/worker.h"

#include "host/activity.h"
#include "host/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* One word in one store: whether anything was said, its kind and its error. */
#define SAID	     (UINT64_C(1) << 63)
#define PACK(word)   (SAID | (uint64_t)(word).kind << 32 | (uint32_t)(word).error)
#define UNPACK(said) ((struct worker_word){(uint32_t)((said) >> 32) & INT32_MAX, (int32_t)(said)})

/* Memory that the caller and its workers see. */
struct board {
	_Atomic uint64_t *words;
	size_t n, used; /* words */
	size_t n_users; /* who keep it: the caller's voices, and whoever starts them */
};

struct worker_voice {
	int channel; /* the worker's end */
	size_t n;    /* items */
	struct board *board;
	_Atomic uint64_t *words; /* of the board: what was said of each, and then the result */
};

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

static struct board *new_board(size_t n)
{
	struct board *board = calloc(1, sizeof(*board));
	void *words;

	if (!board)
		return NULL;
	words = mmap(NULL, n * sizeof(*board->words), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (words == MAP_FAILED) {
		free(board);
		return NULL;
	}
	board->words = words;
	board->n = n;
	board->n_users = 1;
	return board;
}

static void leave_board(struct board *board)
{
	if (!board || --board->n_users)
		return;
	munmap((void *)(uintptr_t)board->words, board->n * sizeof(*board->words));
	free(board);
}

static void free_voice(struct worker_voice *voice)
{
	if (voice)
		leave_board(voice->board);
	free(voice);
}

/* What a voice needs of a board. */
static size_t words_for(size_t n_items)
{
	return n_items + 1;
}

static struct worker_voice *new_voice(struct board *board, size_t n_items)
{
	struct worker_voice *voice = calloc(1, sizeof(*voice));

	if (!voice)
		return NULL;
	voice->n = n_items;
	voice->board = board;
	voice->words = board->words + board->used;
	board->used += words_for(n_items);
	board->n_users++;
	return voice;
}

static void put(const struct worker_voice *voice, size_t at, struct worker_word word)
{
	atomic_store_explicit(&voice->words[at], PACK(word), memory_order_release);
}

/* Whether anything was put there. */
static bool get(const struct worker_voice *voice, size_t at, struct worker_word *ret)
{
	uint64_t said = atomic_load_explicit(&voice->words[at], memory_order_acquire);

	*ret = UNPACK(said);
	return said;
}

/*
 * The child's part. Its channel ends with the job. Not exit(): the caller's buffered output is not
 * the worker's to write again.
 */
static void __attribute__((noreturn))
work(int (*job)(const struct worker_voice *voice, void *arg), void *arg,
     const struct worker_voice *voice, int *keep, size_t n_keep)
{
	int result;

	activity_set_page(NULL);
	detach(keep, n_keep);
	free(keep);
	result = job(voice, arg);
	put(voice, voice->n, (struct worker_word){.error = result});
	close(voice->channel);
	_exit(result ? 1 : 0);
}

static int start(struct worker *worker, struct board *board,
		 int (*job)(const struct worker_voice *voice, void *arg),
		 const struct worker_order *order, const int *keep, size_t n_keep)
{
	auto_free int *kept = calloc(n_keep + 1, sizeof(*kept));
	struct worker_voice *voice = kept ? new_voice(board, order->n_items) : NULL;
	int channel[2];
	pid_t pid;

	if (!voice)
		return -ENOMEM;
	if (pipe2(channel, O_CLOEXEC)) {
		int err = -errno;

		free_voice(voice);
		return err;
	}
	if (n_keep)
		memcpy(kept, keep, n_keep * sizeof(*kept));
	kept[n_keep] = channel[1];
	voice->channel = channel[1];

	pid = fork();
	if (!pid)
		work(job, order->arg, voice, TAKE_PTR(kept), n_keep + 1);
	close(channel[1]);
	if (pid < 0) {
		int err = -errno;

		close(channel[0]);
		free_voice(voice);
		return err;
	}
	*worker = (struct worker){.pid = pid, .channel = channel[0], .voice = voice};
	return 0;
}

void worker_start_all(struct worker *workers, size_t n,
		      int (*job)(const struct worker_voice *voice, void *arg),
		      const struct worker_order *orders, const int *keep, size_t n_keep)
{
	struct board *board;
	size_t words = 0;

	for (size_t i = 0; i < n; i++)
		words += words_for(orders[i].n_items);
	board = new_board(words);
	for (size_t i = 0; i < n; i++) {
		workers[i] = (struct worker){.channel = -1};
		workers[i].result = board ? start(&workers[i], board, job, &orders[i], keep, n_keep)
					  : -ENOMEM;
	}
	leave_board(board);
}

int worker_start(struct worker *worker, int (*job)(const struct worker_voice *voice, void *arg),
		 void *arg, size_t n_items, const int *keep, size_t n_keep)
{
	const struct worker_order order = {arg, n_items};

	worker_start_all(worker, 1, job, &order, keep, n_keep);
	return worker->result;
}

void worker_say(const struct worker_voice *voice, size_t item, struct worker_word word)
{
	if (voice && item < voice->n)
		put(voice, item, word);
}

void worker_call(const struct worker_voice *voice)
{
	ssize_t n;

	do
		n = voice ? write(voice->channel, "", 1) : 0;
	while (n < 0 && errno == EINTR);
}

bool worker_said(const struct worker *worker, size_t item, struct worker_word *ret)
{
	return worker->voice && item < worker->voice->n && get(worker->voice, item, ret);
}

static void close_channel(struct worker *worker)
{
	if (worker->channel >= 0)
		close(worker->channel);
	worker->channel = -1;
}

/* Takes a call; at the end of file the worker has done its job, or is gone. Returns whether it has
 * called. */
static bool hear(struct worker *worker)
{
	struct worker_word result;
	char calls[64];
	ssize_t n = read(worker->channel, calls, sizeof(calls));

	if (n > 0 || (n < 0 && errno == EINTR))
		return n > 0;
	worker->finished = get(worker->voice, worker->voice->n, &result);
	if (worker->finished)
		worker->result = result.error;
	close_channel(worker);
	/* The kernel ends a killed one's descriptors one after the other: its locks may come last.
	 */
	if (!worker->finished)
		waitpid(worker->pid, NULL, 0);
	return false;
}

size_t worker_wait_all(struct worker *workers, size_t n, int64_t deadline,
		       void (*called)(size_t worker, void *arg), void *arg)
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
			if (polled[i].revents && hear(&workers[i]) && called)
				called(i, arg);
	}
}

void worker_release(struct worker *worker)
{
	close_channel(worker);
	free_voice(TAKE_PTR(worker->voice));
}

void worker_reap(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0);
}
