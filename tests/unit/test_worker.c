// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "host/clock.h"

#define MESSAGES_MAX 16

/* What was heard. */
struct heard {
	size_t n;
	size_t worker[MESSAGES_MAX];
	struct worker_message messages[MESSAGES_MAX];
};

static void hear(size_t worker, const struct worker_message *message, void *arg)
{
	struct heard *heard = arg;

	assert_true(heard->n < MESSAGES_MAX);
	heard->worker[heard->n] = worker;
	heard->messages[heard->n++] = *message;
}

static int return_it(int tell, void *arg)
{
	(void)tell;
	return *(int *)arg;
}

static int tell_three(int tell, void *arg)
{
	for (uint32_t i = 0; i < 3; i++)
		worker_tell(tell, &(struct worker_message){i, 10 + i, -(int32_t)i});
	return *(int *)arg;
}

static int tell_and_die(int tell, void *arg)
{
	(void)arg;
	worker_tell(tell, &(struct worker_message){.kind = 5});
	return kill(getpid(), SIGKILL);
}

static int block(int tell, void *arg)
{
	(void)arg;
	alarm(30); /* a test that fails ends nobody */
	worker_tell(tell, &(struct worker_message){.kind = 6});
	for (;;)
		pause();
	return 0;
}

static void start(struct worker *worker, int (*job)(int tell, void *arg), void *arg)
{
	assert_int_equal(worker_start(worker, job, arg, NULL, 0), 0);
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
		/* It has been waited for: no zombie is left. */
		assert_int_equal(waitpid(worker.pid, NULL, WNOHANG), -1);
	}
}

static void test_messages(void **state)
{
	struct heard heard = {0};
	struct worker worker;
	int result = -EPERM;

	(void)state;
	start(&worker, tell_three, &result);
	assert_int_equal(worker_wait_all(&worker, 1, soon(5000), hear, &heard), 0);
	assert_int_equal(heard.n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(heard.messages[i].item, i);
		assert_int_equal(heard.messages[i].kind, 10 + i);
		assert_int_equal(heard.messages[i].error, -(int)i);
	}
	assert_int_equal(worker.last.kind, 12);
	assert_int_equal(worker.result, -EPERM);
}

static void test_killed(void **state)
{
	struct worker worker;

	(void)state;
	start(&worker, tell_and_die, NULL);
	assert_int_equal(worker_wait_all(&worker, 1, soon(5000), NULL, NULL), 0);
	assert_false(worker.finished);
	assert_int_equal(worker.channel, -1);
	assert_int_equal(worker.last.kind, 5);
}

/* Only the stuck one is left at the deadline, and the others' ends are known. */
static void test_many_and_one_hangs(void **state)
{
	struct worker workers[5];
	struct heard heard = {0};
	int64_t begin = clock_now_ms();
	int result = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		start(&workers[i], i == 2 ? block : tell_three, &result);
	assert_int_equal(worker_wait_all(workers, ARRAY_SIZE(workers), soon(300), hear, &heard), 1);
	assert_in_range(clock_now_ms() - begin, 300, 5000);
	assert_int_equal(heard.n, 13);
	for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
		assert_int_equal(workers[i].finished, i != 2);
	assert_true(workers[2].channel >= 0);
	assert_int_equal(workers[2].last.kind, 6);
	end(&workers[2]);
}

static void test_no_workers(void **state)
{
	(void)state;
	assert_int_equal(worker_wait_all(NULL, 0, soon(5000), NULL, NULL), 0);
}

/* A deadline that has passed still hears what has been said. */
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

/* Which descriptors the worker has, told as messages. */
static int tell_descriptors(int tell, void *arg)
{
	(void)arg;
	for (int fd = 0; fd < 1024; fd++)
		if (fd != tell && fcntl(fd, F_GETFD) >= 0)
			worker_tell(tell, &(struct worker_message){.item = (uint32_t)fd});
	return 0;
}

static void test_keeps_what_was_named(void **state)
{
	int keep[] = {fcntl(STDIN_FILENO, F_DUPFD, 200), fcntl(STDIN_FILENO, F_DUPFD, 50)};
	int other = fcntl(STDIN_FILENO, F_DUPFD, 100);
	struct heard heard = {0};
	struct worker worker;

	(void)state;
	assert_true(keep[0] >= 0 && keep[1] >= 0 && other >= 0);
	assert_int_equal(worker_start(&worker, tell_descriptors, NULL, keep, 2), 0);
	assert_int_equal(worker_wait_all(&worker, 1, soon(5000), hear, &heard), 0);
	assert_int_equal(heard.n, 5);
	assert_int_equal(heard.messages[0].item, 0);
	assert_int_equal(heard.messages[1].item, 1);
	assert_int_equal(heard.messages[2].item, 2);
	assert_int_equal(heard.messages[3].item, 50);
	assert_int_equal(heard.messages[4].item, 200);
	close(keep[0]);
	close(keep[1]);
	close(other);
}

static int check_surroundings(int tell, void *arg)
{
	struct stat null, st;

	(void)tell;
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
}

/* A worker whose caller is gone works on. ARG: where to say so. */
static int talk_to_nobody(int tell, void *arg)
{
	clock_sleep_ms(50);
	for (int i = 0; i < 3; i++)
		worker_tell(tell, &(struct worker_message){0});
	return write(*(int *)arg, "x", 1) == 1 ? 0 : -EIO;
}

static void test_outlives_its_caller(void **state)
{
	struct worker worker;
	int channel[2];
	char c = 0;

	(void)state;
	assert_int_equal(pipe(channel), 0);
	assert_int_equal(worker_start(&worker, talk_to_nobody, &channel[1], &channel[1], 1), 0);
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
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_many_and_one_hangs),
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
