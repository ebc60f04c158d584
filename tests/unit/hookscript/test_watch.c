// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/watch.h"

#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "hookscript/pve/exit.h"
#include "hookscript/records/record.h"
#include "hookscript/phases/start.h"
#include "host/base/clock.h"
#include "host/process/supervise.h"
#include "scenario.h"

#define RECORDS "run/pve-passthrough/records/"

static const struct bdf disk = {0, 4, 0, 0};

/* VM 100 has the disk, whatever became of the rest of its start. Returns the tree before it. */
static char *take_disk(struct tree *tree)
{
	char *before;

	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	before = tree_render(tree, TREE_STATE);
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	fake_kernel_reset(NULL);
	return before;
}

/* What happens MS later, beside the watcher. */
static pid_t later(struct tree *tree, int ms, void (*what)(struct tree *tree))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		clock_sleep_ms(ms);
		what(tree);
		_exit(0);
	}
	return pid;
}

/* The watcher, which must end by itself after MS at least, and with the devices back. */
static void watch_until_back(struct tree *tree, int ms, const char *before)
{
	auto_run struct run run = {0};

	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	if (run.ms < ms)
		fail_msg("ended after %d ms", run.ms);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_nothing_recorded(void **state)
{
	auto_free char *before = tree_render(*state, TREE_STATE);

	watch_until_back(*state, 0, before);
	assert_int_equal(fake_kernel_writes(), 0);
}

/* The start has failed after its pre-start, and nobody says so. */
static void test_failed_start(void **state)
{
	auto_free char *before = take_disk(*state);

	watch_until_back(*state, 0, before);
}

/* Ends the process whose number stands in the file. */
static void end_process_in(struct tree *tree, const char *path)
{
	auto_free char *text = tree_text(tree, path);
	pid_t pid = (pid_t)atol(text);

	if (pid > 1)
		kill(pid, SIGKILL);
}

static void unlock(struct tree *tree)
{
	end_process_in(tree, "pid-of-holder");
}

/* As long as the start has the VM locked, the watcher does nothing. */
static void test_sleeps_during_the_start(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	pid_t holder = scenario_lock_vm(tree, 100);
	auto_free char *text = fs_path("%d", holder);
	pid_t helper;
	auto_run struct run run = {0};

	tree_file(tree, "pid-of-holder", text);
	helper = later(tree, 700, unlock);
	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_true(run.ms >= 500);
	waitpid(helper, NULL, 0);
	scenario_end_process(holder);
	tree_delete(tree, "pid-of-holder");
	tree_delete(tree, "run/lock/qemu-server/lock-100.conf");
	tree_assert_is(tree, TREE_STATE, before);
}

static void end_vm(struct tree *tree)
{
	auto_free char *text = tree_text(tree, "run/qemu-server/100.pid");
	auto_free char *folder = fs_path("proc/%s", text);

	folder[strcspn(folder, "\n")] = '\0';
	tree_delete(tree, folder);
	end_process_in(tree, "run/qemu-server/100.pid");
}

/* It runs, and then its process ends; nobody calls post-stop. */
static void test_vm_ends(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	pid_t vm = fork(), helper;
	auto_run struct run run = {0};

	if (!vm) {
		alarm(30);
		pause();
		_exit(0);
	}
	tree_vm_runs(tree, 100, vm);
	helper = later(tree, 700, end_vm);
	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_in_range(run.ms, 500, 10000);
	waitpid(vm, NULL, 0);
	waitpid(helper, NULL, 0);
	tree_delete(tree, "run/qemu-server/100.pid");
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- reboots ---- */

static void note_reboot(struct tree *tree, int left_ms)
{
	auto_free char *text = fs_path("%lld\n", (long long)clock_now_ms() + left_ms);

	tree_file(tree, RECORDS "100.reboot", text);
}

static void test_reboot_without_start(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	auto_run struct run run = {0};

	note_reboot(tree, 800);
	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_in_range(run.ms, 600, 10000);
	tree_delete(tree, RECORDS "100.reboot");
	tree_assert_is(tree, TREE_STATE, before);
}

static void start_again(struct tree *tree)
{
	tree_delete(tree, RECORDS "100.reboot");
}

/* The note goes with the start that it waits for, long before its time. */
static void test_reboot_with_start(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	auto_run struct run run = {0};
	pid_t helper;

	note_reboot(tree, 15000);
	helper = later(tree, 500, start_again);
	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_in_range(run.ms, 300, 10000);
	waitpid(helper, NULL, 0);
	tree_assert_is(tree, TREE_STATE, before);
}

static void start_comes(struct tree *tree)
{
	tree_delete(tree, "run/qemu-server/100.reboot");
	start_again(tree);
}

/* The watcher sees the VM's end before its post-stop comes: it notes the reboot itself. */
static void test_reboot_is_noted(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	auto_run struct run run = {0};
	pid_t helper;

	tree_file(tree, "run/qemu-server/100.reboot", "");
	helper = later(tree, 500, start_comes);
	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_in_range(run.ms, 300, 10000);
	waitpid(helper, NULL, 0);
	tree_delete(tree, RECORDS "100.reboot");
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- devices that are not to be had at once ---- */

/* A worker hangs in the kernel with the device: the watcher sleeps until it lets go. */
static void test_worker_hangs(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	auto_run struct run run = {0};
	pid_t holder, helper;
	auto_free char *text = NULL;
	int channel[2];
	char ready;

	assert_int_equal(pipe(channel), 0);
	holder = fork();
	if (!holder) {
		int lock = record_lock_device(&tree->root, &disk, clock_now_ms() + 1000);

		alarm(30);
		ready = lock >= 0;
		if (write(channel[1], &ready, 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(channel[0], &ready, 1), 1);
	close(channel[0]);
	close(channel[1]);
	text = fs_path("%d", holder);
	tree_file(tree, "pid-of-holder", text);
	helper = later(tree, 700, unlock);
	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_in_range(run.ms, 500, 10000);
	assert_string_equal(run.err, "");
	waitpid(helper, NULL, 0);
	waitpid(holder, NULL, 0);
	tree_delete(tree, "pid-of-holder");
	tree_assert_is(tree, TREE_STATE, before);
}

/* A driver that did not take the device back does so at the second try. */
static void test_tries_again(void **state)
{
	struct fake_plan plan = {.fault = FAULT_ERROR, .at = 3, .error = EIO};
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	auto_run struct run run = {0};

	fake_kernel_reset(&plan);
	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "VM 100: what was not given back is tried again in 1 s");
	assert_in_range(run.ms, 1000, 10000);
	tree_assert_is(tree, TREE_STATE, before);
}

static void reveal_record(struct tree *tree)
{
	tree_reveal(tree, RECORDS DISK);
}

/* A record that cannot be read may be the VM's: the watcher stays. */
static void test_record_cannot_be_read(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	auto_run struct run run = {0};
	pid_t helper;

	tree_obscure(tree, RECORDS DISK);
	helper = later(tree, 500, reveal_record);
	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "/" RECORDS DISK ": ");
	assert_in_range(run.ms, 400, 10000);
	waitpid(helper, NULL, 0);
	tree_assert_is(tree, TREE_STATE, before);
}

/* It cannot tell whether another one watches, and does not end in silence. */
static void test_no_lock(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	auto_run struct run run = {0};

	tree_link(tree, "run/pve-passthrough/locks/watch-100", "watch-100");
	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "VM 100: no watcher for it: its lock below "
			      "/run/pve-passthrough/locks cannot be taken: Too many levels");
	tree_delete(tree, "run/pve-passthrough/locks/watch-100");
	watch_until_back(tree, 0, before);
}

/* The host shuts down: nothing more is to be done here. */
static void test_shutdown(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	auto_free char *old_path = strdup(getenv("PATH"));
	auto_free char *path = fs_path("%s/fakes/stopping:%s", TESTS_DIR, old_path);
	auto_run struct run run = {0};

	tree_folder(tree, "run/systemd/system");
	setenv("PATH", path, 1);
	run_hook(tree, watch_run, 100, &run);
	setenv("PATH", old_path, 1);
	run_assert_code(&run, EXIT_DONE);
	assert_int_equal(fake_kernel_writes(), 0);
	tree_delete(tree, "run/systemd");
	watch_until_back(tree, 0, before);
}

/* ---- several watchers ---- */

/* One waits for the end of the first, a third is one too many. */
static void test_one_and_one_more(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	auto_run struct run run = {0};
	int first = record_lock_named(&tree->root, "watch-100", LOCK_EX | LOCK_NB);
	int second = record_lock_named(&tree->root, "watch-100.next", LOCK_EX | LOCK_NB);

	assert_true(first >= 0);
	assert_true(second >= 0);
	run_hook(tree, watch_run, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	close(first);
	close(second);
	watch_until_back(tree, 0, before);
}

/* A server that does not answer keeps the devices no longer than one look. */
static void test_settings_hang(void **state)
{
	static const char settings[] = "etc/pve/pve-passthrough.conf";
	struct tree *tree = *state;
	auto_free char *before = take_disk(tree);
	auto_run struct run run = {0};

	assert_int_equal(mkfifoat(tree->root.fd, settings, 0600), 0);
	supervise_read_ms = 300;
	run_hook(tree, watch_run, 100, &run);
	supervise_read_ms = 30000;
	run_assert_code(&run, EXIT_DONE);
	assert_in_range(run.ms, 1300, 15000);
	run_assert_says(&run, "VM 100, watch: stuck in the kernel: open "
			      "/etc/pve/pve-passthrough.conf");
	tree_delete(tree, settings);
	tree_assert_is(tree, TREE_STATE, before);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_recorded),
		TEST(test_failed_start),
		TEST(test_sleeps_during_the_start),
		TEST(test_vm_ends),
		TEST(test_reboot_without_start),
		TEST(test_reboot_with_start),
		TEST(test_reboot_is_noted),
		TEST(test_worker_hangs),
		TEST(test_tries_again),
		TEST(test_record_cannot_be_read),
		TEST(test_no_lock),
		TEST(test_shutdown),
		TEST(test_one_and_one_more),
		TEST(test_settings_hang),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
