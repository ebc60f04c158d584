// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/rehearse.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

#include "fake_vfio.h"
#include "keep_json.h"
#include "hookscript/pve/exit.h"
#include "hookscript/pve/pve.h"
#include "hookscript/records/record.h"
#include "hookscript/phases/stop.h"
#include "host/base/log.h"
#include "host/vfio/trial.h"
#include "scenario.h"

#define LOCK	"run/lock/qemu-server/lock-1.conf"
#define METHODS "sys/devices/pci0000:00/" GPU "/reset_method"

/* A sanitizer makes every process slower. */
#define SANITIZED_EVERY 7

static struct rehearse_options options;
static char now_trying[128];

/* The card is tested: two functions and a neighbour without driver. */
static int setup(void **state)
{
	static const char *const devices[] = {GPU, SOUND, NEIGHBOUR, DISK};

	if (scenario_setup(state))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		fake_vfio_device(*state, devices[i], true);
	fake_vfio_begin(*state, NULL);
	tree_file(*state, METHODS, "flr bus\n");
	tree_file(*state, LOCK, "");
	options = (struct rehearse_options){.bdf = {0, 1, 0, 0}, .yes = true, .run = true};
	return 0;
}

static int teardown(void **state)
{
	fake_vfio_end();
	run_checks_leaks = true;
	if (now_trying[0])
		print_error("the last thing tried: %s\n", now_trying);
	return fake_kernel_teardown(state);
}

static int rehearse(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	log_open("pve-passthrough", NULL);
	return rehearse_run(root, &options);
}

/* At a terminal whose answer is no; what is printed goes elsewhere, or to it, too. */
static bool sees_questions;

static int rehearse_at_terminal(const struct fs_root *root, unsigned int vmid)
{
	auto_close int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1;

	if (master < 0 || grantpt(master) || unlockpt(master))
		_exit(99);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || write(master, "n\n", 2) != 2)
		_exit(99);
	dup2(slave, STDIN_FILENO);
	if (sees_questions)
		dup2(slave, STDERR_FILENO);
	return rehearse(root, vmid);
}

static int restore(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	return stop_restore(root, RECORD_TEST);
}

/* What is left beside the fake's own. */
static char *state_of(struct tree *tree)
{
	tree_delete(tree, "fake-vfio/resets");
	return tree_render(tree, TREE_STATE);
}

static void assert_state(struct tree *tree, const char *before)
{
	tree_delete(tree, "fake-vfio/resets");
	/* A guest's bits in the command register are the fake's memory. */
	fake_vfio_device(tree, GPU, true);
	tree_assert_is(tree, TREE_STATE, before);
	assert_null(fake_kernel_violation());
}

static void test_comes_back(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = state_of(tree), *resets = NULL;
	auto_run struct run run = {0};

	run_hook(tree, rehearse, 0, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run,
			GPU " [10de:1001]: gpu -> vfio-pci, for the test; will return to gpu");
	run_assert_says(&run, SOUND ": vfio-pci -> snd");
	run_assert_says(&run, GPU ": reset by itself, and answered after 2 resets");
	run_assert_says(&run, GPU ": came back twice; a guest's driver may still leave it in a "
				  "state that no reset clears");
	resets = fake_vfio_resets(tree);
	assert_string_equal(resets, "device " GPU "\ndevice " GPU "\n");
	assert_state(tree, before);
}

/* ---- before anything is touched ---- */

static void assert_refused(struct tree *tree, const char *because)
{
	auto_free char *before = state_of(tree);
	auto_run struct run run = {0};

	fake_kernel_reset(NULL);
	run_hook(tree, rehearse, 0, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run, because);
	assert_int_equal(fake_kernel_writes(), 0);
	assert_state(tree, before);
}

static void test_refused(void **state)
{
	struct tree *tree = *state;

	options.yes = false;
	assert_refused(tree, "nothing was touched: there is no terminal to ask at");
	options.yes = true;
	options.run = false;
	assert_refused(tree, "nothing was touched: --root is not the running system");
	options.run = true;
	options.bdf = (struct bdf){0, 0x1f, 0, 0};
	assert_refused(tree, "refused: there is no PCI device 0000:1f:00.0");
	options.bdf = (struct bdf){0, 0, 1, 0};
	assert_refused(tree, PORT " is a PCI bridge: bridges cannot be passed through");
	assert_refused(tree, "the test of " PORT " is refused: 1 problem, above");
}

static void test_says_what_the_host_loses(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_file(tree, "sys/devices/pci0000:00/" GPU "/net/eth7/address", "x\n");
	options.yes = false;
	run_hook(tree, rehearse, 0, &run);
	run_assert_code(&run, EXIT_REFUSED);
	run_assert_says(&run, "meanwhile the host does not have:");
	run_assert_says(&run, "      driver gpu, interface eth7");
	run_assert_says(&run, "      driver snd");
	run_assert_says(&run, "      no driver");
}

static void test_another_vm_has_it(void **state)
{
	struct tree *tree = *state;

	scenario_must(tree, start_pre, 100);
	tree_vm_runs(tree, 100, 4711);
	assert_refused(tree, "VM 100 runs with it");
}

static void test_in_use(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "sys/devices/pci0000:00/" DISK "/nvme/nvme0/nvme0n1/dev", "259:0\n");
	tree_file(tree, "sys/devices/pci0000:00/" DISK "/nvme/nvme0/nvme0n1/uevent",
		  "MAJOR=259\nMINOR=0\nDEVNAME=nvme0n1\nDEVTYPE=disk\n");
	tree_link(tree, "sys/devices/pci0000:00/" DISK "/nvme/nvme0/nvme0n1/subsystem",
		  "../../../../../../class/block");
	tree_file(tree, "proc/1/mountinfo", "30 1 259:0 / /srv rw - ext4 /dev/nvme0n1 rw\n");
	tree_file(tree, "proc/self/mountinfo", "30 1 259:0 / /srv rw - ext4 /dev/nvme0n1 rw\n");
	options.bdf = (struct bdf){0, 4, 0, 0};
	assert_refused(tree, "taking it for the test");
}

/* ---- another method ---- */

static void test_method(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = state_of(tree);
	auto_run struct run run = {0};

	options.reset = "pm";
	assert_refused(tree, "has no reset method 'pm'; it has: flr bus");
	options.reset = "flr bus";
	assert_refused(tree, "has no reset method 'flr bus'");
	options.reset = "bus";
	fake_kernel_reset(NULL);
	run_hook(tree, rehearse, 0, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run,
			"it is reset by bus alone; a method that the kernel does not choose by "
			"itself may hang the host");
	assert_non_null(strstr(fake_kernel_log(), GPU "/reset_method=bus\n"));
	assert_non_null(strstr(fake_kernel_log(), GPU "/reset_method=flr bus\n"));
	assert_null(strstr(fake_kernel_log(), SOUND "/reset_method"));
	assert_state(tree, before);
}

static void test_no_methods(void **state)
{
	tree_delete(*state, METHODS);
	options.reset = "bus";
	assert_refused(*state, "the kernel knows no way to reset it by itself");
}

/* ---- verdicts ---- */

static void run_with(struct tree *tree, const struct fake_vfio *how, int code, const char *says)
{
	auto_run struct run run = {0};

	fake_vfio_begin(tree, how);
	run_hook(tree, rehearse, 0, &run);
	run_assert_code(&run, code);
	run_assert_says(&run, says);
}

static void test_no_reset(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = state_of(tree);

	run_with(tree, &(struct fake_vfio){.no_reset = true, .slot_error = ENODEV}, EXIT_PARTLY,
		 GPU ": does not reset: one start a boot");
	assert_state(tree, before);
}

static void test_silent(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	run_with(tree, &(struct fake_vfio){.silent = 1}, EXIT_FAILED,
		 GPU ": does not answer: cold start");
	assert_string_equal(tree_driver_of(tree, GPU), "vfio-pci");
	/* Its record stays, for whoever brings it back. */
	fake_vfio_device(tree, GPU, true);
	run_hook(tree, restore, 0, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
}

static void test_driver_refuses(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = state_of(tree);
	auto_run struct run run = {0};

	fake_kernel_probe_fails("gpu");
	run_with(tree, NULL, EXIT_FAILED, GPU ": its driver does not take it back");
	fake_kernel_reset(NULL);
	run_hook(tree, restore, 0, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_state(tree, before);
}

static void test_cannot_be_opened(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = state_of(tree);

	run_with(tree, &(struct fake_vfio){.not_viable = true}, EXIT_FAILED,
		 GPU ": failed while opening it through VFIO");
	assert_state(tree, before);
}

/* The command ends, and all goes back once the kernel lets go. (Of the fake the group is not seen
 * to be open.) */
static void test_hangs(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = state_of(tree);
	auto_run struct run run = {0};
	int limit_ms = trial_limit_ms;

	trial_limit_ms = 300;
	fake_vfio_begin(tree, &(struct fake_vfio){.hangs = true});
	run_hook_only(tree, rehearse, 0, &run);
	trial_limit_ms = limit_ms;
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "stuck in the kernel while resetting it");
	run_assert_says(&run, GPU ": not tried to the end, above");
	fake_kernel_settle(true);
	assert_state(tree, before);
}

/* ---- for programs ---- */

static const char *value_of(json_object *object, const char *key)
{
	json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value ? json_object_get_string(value) : "(none)";
}

static void assert_untouched(json_object *root, const char *reason)
{
	json_object *devices = NULL;

	assert_string_equal(value_of(root, "verdict"), "refused");
	assert_string_equal(value_of(root, "reason"), reason);
	assert_true(json_object_object_get_ex(root, "devices", &devices));
	assert_int_equal(json_object_array_length(devices), 0);
}

static void assert_reason(struct tree *tree, const char *what, struct bdf bdf, const char *reset,
			  const char *reason)
{
	const struct rehearse_options before = options;
	auto_run struct run run = {0};
	json_object *root;

	options.bdf = bdf;
	options.reset = reset;
	run_hook(tree, rehearse, 0, &run);
	options = before;
	run_assert_code(&run, EXIT_REFUSED);
	root = keep_json(run.out, "test", what);
	assert_untouched(root, reason);
	json_object_put(root);
}

static void test_json(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0}, refused = {0};
	json_object *root, *devices = NULL;
	pid_t tester;

	options.json = true;
	run_hook(tree, rehearse, 0, &run);
	run_assert_code(&run, EXIT_DONE);
	root = keep_json(run.out, "test", "came-back");
	assert_string_equal(value_of(root, "address"), GPU);
	assert_string_equal(value_of(root, "verdict"), "came-back");
	assert_string_equal(value_of(root, "reset"), "device");
	assert_string_equal(value_of(root, "came_back"), "2");
	assert_string_equal(value_of(root, "bars"), "[ 0 ]");
	assert_string_equal(value_of(root, "trouble"), "(none)");
	assert_true(json_object_object_get_ex(root, "devices", &devices));
	assert_int_equal(json_object_array_length(devices), 3);
	assert_string_equal(value_of(json_object_array_get_idx(devices, 0), "driver"), "gpu");
	json_object_put(root);
	options.yes = false;
	run_hook(tree, rehearse, 0, &refused);
	run_assert_code(&refused, EXIT_REFUSED);
	root = keep_json(refused.out, "test", "refused");
	assert_untouched(root, "no-consent");
	json_object_put(root);
	assert_reason(tree, "absent", (struct bdf){0, 0x1f, 0, 0}, NULL, "no-device");
	assert_reason(tree, "method", options.bdf, "pm", "no-reset-method");
	options.run = false;
	assert_reason(tree, "elsewhere", options.bdf, NULL, "not-running-system");
	options.run = true;
	tester = scenario_lock_vm(tree, RECORD_TEST);
	assert_reason(tree, "two", options.bdf, NULL, "test-runs");
	scenario_end_process(tester);
}

/* A question that nobody would see is not asked; one that is declined touches nothing. */
static void test_json_and_questions(void **state)
{
	struct tree *tree = *state;

	options.json = true;
	options.yes = false;
	for (int seen = 0; seen < 2; seen++) {
		auto_run struct run run = {0};
		auto_json json_object *root = NULL;

		sees_questions = seen;
		run_hook(tree, rehearse_at_terminal, 0, &run);
		run_assert_code(&run, EXIT_REFUSED);
		root = keep_json(run.out, "test", seen ? "declined" : "unasked");
		assert_untouched(root, "no-consent");
		if (!seen)
			run_assert_says(&run, "there is no terminal to ask at");
	}
}

/* ---- beside it ---- */

/* A start that meets a device under test, and one that meets what a test which died has left. */
static void test_start_meets_it(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0}, again = {0}, later = {0};
	pid_t tester;

	fake_kernel_reset(&(struct fake_plan){.fault = FAULT_KILL_ALL, .at = 5});
	run_hook(tree, rehearse, 0, &run);
	run_assert_code(&run, -SIGKILL);
	tester = scenario_lock_vm(tree, RECORD_TEST);
	fake_kernel_reset(NULL);
	run_hook(tree, start_pre, 100, &again);
	run_assert_code(&again, EXIT_REFUSED);
	run_assert_says(&again, "a test runs with it (pve-passthrough test)");
	run_assert_says(&again, "wait until it has ended, then: qm start 100");
	run_free(&again);
	again = (struct run){0};
	run_hook(tree, restore, 0, &again);
	run_assert_code(&again, EXIT_REFUSED);
	run_assert_says(&again, "a test runs at this moment");
	scenario_end_process(tester);
	run_hook(tree, start_pre, 100, &later);
	run_assert_code(&later, EXIT_DONE);
	run_assert_says(&later, "was left taken for the test, which does not run: taken over");
	scenario_assert_taken(tree);
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
}

static void test_two_tests(void **state)
{
	pid_t tester = scenario_lock_vm(*state, RECORD_TEST);

	assert_refused(*state, "refused: another test runs");
	scenario_end_process(tester);
}

/* Another method is not set on what an earlier test has recorded. */
static void test_leftover(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = state_of(tree);
	auto_run struct run run = {0};

	fake_kernel_reset(&(struct fake_plan){.fault = FAULT_KILL_ALL, .at = 5});
	run_hook(tree, rehearse, 0, &run);
	run_assert_code(&run, -SIGKILL);
	options.reset = "bus";
	fake_kernel_reset(NULL);
	assert_refused(tree,
		       "is still taken for the test; give it back first: pve-passthrough restore "
		       "test");
	options.reset = NULL;
	fake_kernel_reset(NULL);
	scenario_must(tree, rehearse, 0);
	assert_state(tree, before);
}

/* ---- death ---- */

/* A worker has the test's lock, too, until it has closed what it does not need; it lives on when
 * only the test is killed. */
static void await_lock(struct tree *tree)
{
	auto_close int lock = pve_vm_lock(&tree->root, RECORD_TEST, true);

	assert_true(lock >= 0);
}

static void die_at(struct tree *tree, const struct fake_plan *plan, run_phase *then,
		   const char *before)
{
	auto_run struct run run = {0}, back = {0};

	snprintf(now_trying, sizeof(now_trying), "fault %d, %s write %u", plan->fault,
		 plan->after ? "after" : "before", plan->at);
	fake_kernel_reset(plan);
	if (plan->fault == FAULT_KILL_HOOK)
		run_hook_only(tree, rehearse, 0, &run);
	else
		run_hook(tree, rehearse, 0, &run);
	run_assert_code(&run, -SIGKILL);
	fake_kernel_reset(NULL);
	await_lock(tree);
	run_hook(tree, then, 0, &back);
	run_assert_code(&back, EXIT_DONE);
	fake_kernel_settle(false);
	assert_state(tree, before);
}

/* Killed at every write, it is undone by `restore`, which is what its watcher does, too. */
static void test_dies(void **state)
{
	static const enum fake_fault faults[] = {FAULT_KILL_ALL, FAULT_KILL_HOOK};
	struct tree *tree = *state;
	auto_free char *before = state_of(tree);
	unsigned int writes;

	options.reset = "bus";
	fake_kernel_reset(NULL);
	scenario_must(tree, rehearse, 0);
	writes = fake_kernel_writes();
	assert_true(writes > 12);
	assert_state(tree, before);
	run_checks_leaks = false;
	for (size_t f = 0; f < ARRAY_SIZE(faults); f++)
		for (unsigned int at = 1; at <= writes; at += sweep_every(1, SANITIZED_EVERY))
			for (int after = 0; after < 2; after++)
				die_at(tree,
				       &(struct fake_plan){
					       .fault = faults[f], .at = at, .after = after},
				       at % 2 ? restore : scenario_restore_all, before);
	now_trying[0] = '\0';
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_comes_back),
		TEST(test_refused),
		TEST(test_says_what_the_host_loses),
		TEST(test_another_vm_has_it),
		TEST(test_in_use),
		TEST(test_method),
		TEST(test_no_methods),
		TEST(test_no_reset),
		TEST(test_silent),
		TEST(test_driver_refuses),
		TEST(test_cannot_be_opened),
		TEST(test_hangs),
		TEST(test_json),
		TEST(test_json_and_questions),
		TEST(test_start_meets_it),
		TEST(test_two_tests),
		TEST(test_leftover),
		TEST(test_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
