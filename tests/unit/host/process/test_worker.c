// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "host/base/clock.h"

#define ITEMS 3

static int return_it(const struct worker *self, void *arg)
{
	(void)self;
	return *(int *)arg;
}

static int say_three(const struct worker *self, void *arg)
{
	for (int i = 0; i < ITEMS; i++) {
		worker_report(self, (size_t)i, 1, 0);
		worker_report(self, (size_t)i, 10 + (uint32_t)i, -i);
	}
	return *(int *)arg;
}

static int say_and_die(const struct worker *self, void *arg)
{
	(void)arg;
	worker_report(self, 1, 5, 0);
	return kill(getpid(), SIGKILL);
}

static int block(const struct worker *self, void *arg)
{
	(void)arg;
	alarm(30); /* a test that fails ends nobody */
	worker_report(self, 0, 6, 0);
	worker_notify(self);
	for (;;)
		pause();
	return 0;
}

static void assert_step(const struct worker *worker, size_t item, uint32_t step, int error)
{
	uint32_t seen_step;
	int seen_error;

	assert_true(worker_progress(worker, item, &seen_step, &seen_error));
	assert_int_equal(seen_step, step);
	assert_int_equal(seen_error, error);
}

static void assert_silent(const struct worker *worker, size_t item)
{
	uint32_t step;
	int error;

	assert_false(worker_progress(worker, item, &step, &error));
}

/* What was called for, by the worker's index. */
static void count_call(size_t worker, void *arg)
{
	((int *)arg)[worker]++;
}

static void start(struct worker *worker, int (*job)(const struct worker *self, void *arg),
		  void *arg)
{
	assert_int_equal(worker_start(worker, job, arg, ITEMS, NULL, 0), 0);
}

static int64_t soon(int ms)
{
	return clock_now_ms() + ms;
}

static void end(struct worker *worker)
{
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, NULL, 0);
	worker_release(worker);
}

/* Reaps until the worker's process is gone. */
static void assert_is_reaped(const struct worker *worker)
{
	int64_t deadline = soon(5000);

	do {
		worker_reap();
		if (kill(worker->pid, 0))
			return;
		clock_sleep_ms(5);
	} while (clock_left_ms(deadline));
	fail_msg("process %d is still there", worker->pid);
}

static void test_result(void **state)
{
	static const int results[] = {0, -EIO, -ETIMEDOUT};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		int result = results[i];
		struct worker worker;

		start(&worker, return_it, &result);
		assert_int_equal(worker_wait_all(&worker, 1, soon(5000), NULL, NULL), 0);
		assert_true(worker.finished);
		assert_int_equal(worker.result, result);
		assert_int_equal(worker.channel, -1);
		assert_silent(&worker, 0);
		worker_release(&worker);
		assert_is_reaped(&worker);
	}
}

/* Waits for a word of the caller's. ARG: where from. */
static int wait_for_word(const struct worker *self, void *arg)
{
	char c;

	(void)self;
	alarm(30); /* a test that fails ends nobody */
	return read(*(int *)arg, &c, 1) == 1 ? 0 : -EIO;
}

/* The job has ended, and its process has not: that is held up at its end. */
static void test_does_not_wait_for_the_process(void **state)
{
	struct worker worker;
	int channel[2], status;

	(void)state;
	assert_int_equal(pipe(channel), 0);
	assert_int_equal(worker_start(&worker, wait_for_word, &channel[0], ITEMS, &channel[0], 1),
			 0);
	assert_int_equal(ptrace(PTRACE_SEIZE, worker.pid, NULL, (void *)PTRACE_O_TRACEEXIT), 0);
	assert_int_equal(write(channel[1], "x", 1), 1);
	assert_int_equal(worker_wait_all(&worker, 1, soon(5000), NULL, NULL), 0);
	assert_true(worker.finished);
	assert_int_equal(worker.result, 0);
	assert_int_equal(waitpid(worker.pid, &status, __WALL), worker.pid);
	assert_int_equal(status >> 8, SIGTRAP | PTRACE_EVENT_EXIT << 8);
	assert_int_equal(ptrace(PTRACE_DETACH, worker.pid, NULL, NULL), 0);
	worker_release(&worker);
	assert_is_reaped(&worker);
	close(channel[0]);
	close(channel[1]);
}

/* Of each item the last word, and no item of others. */
static void test_words(void **state)
{
	struct worker worker;
	int result = -EPERM;
	int calls[1] = {0};

	(void)state;
	start(&worker, say_three, &result);
	assert_int_equal(worker_wait_all(&worker, 1, soon(5000), count_call, calls), 0);
	assert_int_equal(calls[0], 0);
	for (int i = 0; i < ITEMS; i++)
		assert_step(&worker, (size_t)i, 10 + (uint32_t)i, -i);
	assert_silent(&worker, ITEMS);
	assert_silent(&worker, ITEMS + 1);
	assert_int_equal(worker.result, -EPERM);
	worker_release(&worker);
	assert_silent(&worker, 0);
}

static void test_killed(void **state)
{
	struct worker worker;

	(void)state;
	start(&worker, say_and_die, NULL);
	assert_int_equal(worker_wait_all(&worker, 1, soon(5000), NULL, NULL), 0);
	assert_false(worker.finished);
	assert_int_equal(worker.channel, -1);
	assert_silent(&worker, 0);
	assert_step(&worker, 1, 5, 0);
	worker_release(&worker);
}

/* Only the stuck one is left at the deadline, and what it had to say and the others' ends are
 * known. */
static void test_many_and_one_hangs(void **state)
{
	struct worker workers[5];
	int calls[5] = {0};
	int64_t begin = clock_now_ms();
	int result = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		start(&workers[i], i == 2 ? block : say_three, &result);
	assert_int_equal(
		worker_wait_all(workers, ARRAY_SIZE(workers), soon(300), count_call, calls), 1);
	assert_in_range(clock_now_ms() - begin, 300, 5000);
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
		assert_int_equal(workers[i].finished, i != 2);
		assert_int_equal(calls[i], i == 2);
		if (i != 2)
			assert_step(&workers[i], 2, 12, -2);
	}
	assert_true(workers[2].channel >= 0);
	assert_step(&workers[2], 0, 6, 0);
	end(&workers[2]);
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		worker_release(&workers[i]);
}

static int say_number(const struct worker *self, void *arg)
{
	int number = *(int *)arg;

	for (int i = 0; i <= number; i++)
		worker_report(self, (size_t)i, (uint32_t)(100 * number + i), 0);
	return -number;
}

/* Workers that are started together do not write over each other's words. */
static void test_together(void **state)
{
	static int numbers[] = {0, 1, 2, 3};
	struct worker workers[ARRAY_SIZE(numbers)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_int_equal(worker_start(&workers[i], say_number, &numbers[i], i + 1, NULL, 0),
				 0);
	assert_int_equal(worker_wait_all(workers, ARRAY_SIZE(workers), soon(5000), NULL, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
		assert_true(workers[i].finished);
		assert_int_equal(workers[i].result, -numbers[i]);
		for (size_t k = 0; k <= i; k++)
			assert_step(&workers[i], k, (uint32_t)(100 * i + k), 0);
		assert_silent(&workers[i], i + 1);
	}
	/* What one has said can be read for as long as it has not been let go. */
	worker_release(&workers[0]);
	worker_release(&workers[3]);
	assert_step(&workers[1], 1, 101, 0);
	worker_release(&workers[1]);
	worker_release(&workers[2]);
}

/* Those that cannot be started say why, and the others work. */
static void test_not_all_start(void **state)
{
	static int numbers[] = {2, 1, 0};
	struct worker workers[ARRAY_SIZE(numbers)];
	int errors[ARRAY_SIZE(numbers)];
	int lowest = open("/dev/null", O_RDONLY);
	struct rlimit before, few;

	(void)state;
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	/* The first needs two descriptors, of which it leaves the caller one. */
	few = (struct rlimit){(rlim_t)lowest + 2, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		errors[i] = worker_start(&workers[i], say_number, &numbers[i], 3 - i, NULL, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(worker_wait_all(workers, ARRAY_SIZE(workers), soon(5000), NULL, NULL), 0);
	assert_int_equal(errors[0], 0);
	assert_true(workers[0].finished);
	assert_step(&workers[0], 2, 202, 0);
	for (size_t i = 1; i < ARRAY_SIZE(workers); i++) {
		assert_false(workers[i].finished);
		assert_int_equal(workers[i].channel, -1);
		assert_int_equal(errors[i], -EMFILE);
		assert_int_equal(workers[i].result, -EMFILE);
		assert_silent(&workers[i], 0);
	}
	for (size_t i = ARRAY_SIZE(workers); i--;)
		worker_release(&workers[i]);
}

static void test_no_workers(void **state)
{
	(void)state;
	assert_int_equal(worker_wait_all(NULL, 0, soon(5000), NULL, NULL), 0);
}

static void test_deadline_in_the_past(void **state)
{
	struct worker worker;

	(void)state;
	start(&worker, block, NULL);
	assert_int_equal(worker_wait_all(&worker, 1, clock_now_ms() - 1000, NULL, NULL), 1);
	end(&worker);
}

/*
 * Proxmox VE waits for the end of file of the hook's streams: a worker that hangs must not hold
 * them, nor anything else that the caller had open. ARG: the descriptors of a pipe's other end.
 */
static void test_holds_nothing_of_the_callers(void **state)
{
	struct worker worker;
	int streams[2], kept_out, kept_err;
	struct pollfd ended;
	char c;

	(void)state;
	assert_int_equal(pipe(streams), 0);
	kept_out = dup(STDOUT_FILENO);
	kept_err = dup(STDERR_FILENO);
	dup2(streams[1], STDOUT_FILENO);
	dup2(streams[1], STDERR_FILENO);
	start(&worker, block, NULL);
	dup2(kept_out, STDOUT_FILENO);
	dup2(kept_err, STDERR_FILENO);
	close(kept_out);
	close(kept_err);
	close(streams[1]);

	/* The end of file comes although the worker lives. */
	ended = (struct pollfd){streams[0], POLLIN, 0};
	assert_int_equal(poll(&ended, 1, 1000), 1);
	assert_int_equal(read(streams[0], &c, 1), 0);
	assert_int_equal(kill(worker.pid, 0), 0);
	close(streams[0]);
	end(&worker);
}

#define DESCRIPTORS 1024

/* Which descriptors the worker has. */
static int say_descriptors(const struct worker *self, void *arg)
{
	(void)arg;
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			worker_report(self, (size_t)fd, 0, 0);
	return 0;
}

static void test_keeps_what_was_named(void **state)
{
	int keep[] = {fcntl(STDIN_FILENO, F_DUPFD, 200), fcntl(STDIN_FILENO, F_DUPFD, 50)};
	int other = fcntl(STDIN_FILENO, F_DUPFD, 100);
	struct worker worker;
	size_t n = 0;

	(void)state;
	assert_true(keep[0] >= 0 && keep[1] >= 0 && other >= 0);
	assert_int_equal(worker_start(&worker, say_descriptors, NULL, DESCRIPTORS, keep, 2), 0);
	assert_int_equal(worker_wait_all(&worker, 1, soon(5000), NULL, NULL), 0);
	for (size_t fd = 0; fd < DESCRIPTORS; fd++) {
		uint32_t step;
		int error;

		n += worker_progress(&worker, fd, &step, &error);
	}
	/* The three of every program, these two, and the one that calls. */
	assert_int_equal(n, 6);
	for (size_t fd = 0; fd < 3; fd++)
		assert_step(&worker, fd, 0, 0);
	assert_step(&worker, 50, 0, 0);
	assert_step(&worker, 200, 0, 0);
	worker_release(&worker);
	close(keep[0]);
	close(keep[1]);
	close(other);
}

static int check_surroundings(const struct worker *self, void *arg)
{
	struct stat null, st;

	(void)self;
	if (getsid(0) == *(pid_t *)arg || getsid(0) != getpid())
		return -1;
	if (stat("/dev/null", &null))
		return -2;
	for (int fd = 0; fd < 3; fd++)
		if (fstat(fd, &st) || st.st_rdev != null.st_rdev)
			return -3;
	/* The caller may be gone when there is something to say. */
	return signal(SIGPIPE, SIG_IGN) == SIG_IGN ? 0 : -4;
}

static void test_surroundings(void **state)
{
	pid_t session = getsid(0);
	struct worker worker;

	(void)state;
	start(&worker, check_surroundings, &session);
	assert_int_equal(worker_wait_all(&worker, 1, soon(5000), NULL, NULL), 0);
	assert_true(worker.finished);
	assert_int_equal(worker.result, 0);
	worker_release(&worker);
}

/* A worker whose caller is gone works on. ARG: where to say so. */
static int talk_to_nobody(const struct worker *self, void *arg)
{
	clock_sleep_ms(50);
	for (size_t i = 0; i < ITEMS; i++) {
		worker_report(self, i, 0, 0);
		worker_notify(self);
	}
	return write(*(int *)arg, "x", 1) == 1 ? 0 : -EIO;
}

static void test_outlives_its_caller(void **state)
{
	struct worker worker;
	int channel[2];
	char c = 0;

	(void)state;
	assert_int_equal(pipe(channel), 0);
	assert_int_equal(worker_start(&worker, talk_to_nobody, &channel[1], ITEMS, &channel[1], 1),
			 0);
	worker_release(&worker);
	close(channel[1]);
	assert_int_equal(read(channel[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	close(channel[0]);
	waitpid(worker.pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_does_not_wait_for_the_process),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_many_and_one_hangs),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_not_all_start),
		cmocka_unit_test(test_no_workers),
		cmocka_unit_test(test_deadline_in_the_past),
		cmocka_unit_test(test_holds_nothing_of_the_callers),
		cmocka_unit_test(test_keeps_what_was_named),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_outlives_its_caller),
	};

	/* What is broken here may well hang. */
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
