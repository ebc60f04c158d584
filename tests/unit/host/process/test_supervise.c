// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/supervise.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "host/base/activity.h"
#include "host/base/clock.h"
#include "host/base/log.h"
#include "scenario.h"

/* What the processes of a test share. */
static struct {
	volatile pid_t child;
	volatile int ended, failed;
} * shared;

static int set_up(void **state)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return shared == MAP_FAILED ? -1 : fake_kernel_setup(state);
}

static int tear_down(void **state)
{
	munmap(shared, sizeof(*shared));
	return fake_kernel_teardown(state);
}

static const struct fs_root *tree_root;

static void note_failure(void *arg)
{
	(void)arg;
	shared->failed = 1;
}

static int supervise(int (*work)(void *arg), bool relay, int limit_ms)
{
	struct supervise how = {"VM 100, pre-start", limit_ms, relay, tree_root->fd, note_failure};

	return supervise_run(&how, work, NULL);
}

/* Also when nobody reaps it. */
static bool has_ended(pid_t pid)
{
	auto_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	return pidfd < 0 || poll(&(struct pollfd){pidfd, POLLIN, 0}, 1, 5000) == 1;
}

/* ---- what a child does ---- */

static int say_things(void *arg)
{
	(void)arg;
	for (int i = 0; i < 300; i++) {
		log_info("one %d", i);
		log_error("two %d", i);
	}
	return isatty(0) || getsid(0) != getpid() ? 1 : 7;
}

static int hang(void *arg)
{
	auto_close int fd = -1;

	(void)arg;
	shared->child = getpid();
	log_info("before");
	activity_begin("open", "proc/iomem");
	fd = openat(tree_root->fd, "fifo", O_RDONLY | O_CLOEXEC);
	shared->ended = 1;
	return 0;
}

static int sleep_long(void *arg)
{
	(void)arg;
	supervise_allow(SUPERVISE_FOREVER);
	clock_sleep_ms(2000);
	supervise_allow(1000);
	return 3;
}

static int die(void *arg)
{
	(void)arg;
	raise(SIGTERM);
	return 0;
}

/* One that lives on with its streams, as another hookscript may leave it. */
static int leave_daemon(void *arg)
{
	pid_t pid = fork();

	(void)arg;
	if (!pid)
		pause();
	shared->child = pid;
	return 5;
}

/* ---- as run_hook() wants it ---- */

static int run_things(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	tree_root = root;
	return supervise(say_things, true, 10000);
}

static int run_hang(const struct fs_root *root, unsigned int vmid)
{
	tree_root = root;
	return supervise(hang, vmid, 300);
}

static int run_killed(const struct fs_root *root, unsigned int vmid)
{
	tree_root = root;
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(supervise(hang, vmid, 60000));
	}
	while (!shared->child)
		clock_sleep_ms(10);
	_exit(0);
}

static int run_long(const struct fs_root *root, unsigned int vmid)
{
	tree_root = root;
	return supervise(sleep_long, vmid, 300);
}

static int run_die(const struct fs_root *root, unsigned int vmid)
{
	tree_root = root;
	return supervise(die, vmid, 10000);
}

static int run_daemon(const struct fs_root *root, unsigned int vmid)
{
	tree_root = root;
	return supervise(leave_daemon, vmid, 10000);
}

/* ---- the tests ---- */

/* Both streams become one, in order, and nothing is lost at the child's end. */
static void test_relay(void **state)
{
	auto_run struct run run = {0};
	const char *at;

	run_hook_only(*state, run_things, 0, &run);
	run_assert_code(&run, 7);
	assert_string_equal(run.err, "");
	at = run.out;
	for (int i = 0; i < 300; i++) {
		auto_free char *lines = fs_path("pve-passthrough: one %d\n"
						"pve-passthrough: two %d\n",
						i, i);

		assert_memory_equal(at, lines, strlen(lines));
		at += strlen(lines);
	}
	assert_string_equal(at, "");
}

/* The parent names what hangs and ends; the child holds nothing of the caller's, and is gone. */
static void test_hang(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(mkfifoat(tree->root.fd, "fifo", 0600), 0);
	for (unsigned int relay = 0; relay < 2; relay++) {
		auto_run struct run run = {0};

		shared->child = shared->failed = 0;
		run_hook_only(tree, run_hang, relay, &run);
		run_assert_code(&run, 1);
		run_assert_says(&run, "before\n");
		run_assert_says(&run, "VM 100, pre-start: stuck in the kernel: open /proc/iomem; ");
		assert_in_range(run.ms, 300, 5000);
		assert_true(has_ended(shared->child));
		assert_int_equal(shared->failed, 1);
		assert_false(shared->ended);
	}
}

/* Whoever kills the parent kills the child. */
static void test_parent_dies(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(mkfifoat(tree->root.fd, "fifo", 0600), 0);
	for (unsigned int relay = 0; relay < 2; relay++) {
		auto_run struct run run = {0};

		shared->child = 0;
		run_hook_only(tree, run_killed, relay, &run);
		assert_true(has_ended(shared->child));
		assert_false(shared->ended);
	}
}

/* One that is allowed more than it was given at first, which is told while the parent waits. */
static void test_allow(void **state)
{
	for (unsigned int relay = 0; relay < 2; relay++) {
		auto_run struct run run = {0};

		run_hook_only(*state, run_long, relay, &run);
		run_assert_code(&run, 3);
	}
}

static void test_child_dies(void **state)
{
	auto_run struct run run = {0};

	run_hook_only(*state, run_die, 1, &run);
	run_assert_code(&run, 128 + SIGTERM);
	assert_int_equal(shared->failed, 1);
}

static void test_daemon(void **state)
{
	auto_run struct run run = {0};

	run_hook_only(*state, run_daemon, 1, &run);
	run_assert_code(&run, 5);
	assert_in_range(run.ms, 0, 5000);
	kill(shared->child, SIGKILL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_relay), TEST(test_hang),	 TEST(test_parent_dies),
		TEST(test_allow), TEST(test_child_dies), TEST(test_daemon),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
