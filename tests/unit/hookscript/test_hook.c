// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key test: whenever the program dies, or the kernel refuses one of its writes, a post-stop
 * (and a start before it) makes the machine what it was, and nothing is left of us.
 */
#include "scenario.h"

#include <signal.h>
#include <stdio.h>

#include "hookscript/pve/exit.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "host/base/clock.h"

#define SANITIZED_EVERY 19

/* Which fault at which write is tried now; printed when a test fails. */
static char now_trying[128];

static void announce(const char *what, const struct fake_plan *plan)
{
	static const char *const names[] = {
		[FAULT_NONE] = "nothing",
		[FAULT_ERROR] = "an error",
		[FAULT_HANG] = "a hang",
		[FAULT_KILL_ALL] = "death of all",
		[FAULT_KILL_HOOK] = "the hook's death",
		[FAULT_KILL_WORKER] = "a worker's death",
	};

	snprintf(now_trying, sizeof(now_trying), "%s, %s write %u of %s", names[plan->fault],
		 plan->fault == FAULT_ERROR ? "at"
		 : plan->after		    ? "after"
					    : "before",
		 plan->at, what);
}

/* Says where a test of this file was when it failed. */
static int teardown(void **state)
{
	run_checks_leaks = true;
	if (now_trying[0])
		print_error("the last thing tried: %s\n", now_trying);
	return fake_kernel_teardown(state);
}

static void assert_pristine(struct tree *tree, const char *before)
{
	tree_assert_is(tree, TREE_STATE, before);
	assert_null(fake_kernel_violation());
}

/* How many writes the phase does. */
static unsigned int count_writes(struct tree *tree, run_phase *phase)
{
	fake_kernel_reset(NULL);
	scenario_must(tree, phase, 100);
	return fake_kernel_writes();
}

static void must(struct tree *tree, run_phase *phase)
{
	fake_kernel_reset(NULL);
	scenario_must(tree, phase, 100);
}

/* Runs the phase into the fault; its workers may still be at work afterwards when only it has died.
 */
static void run_into(struct tree *tree, run_phase *phase, const struct fake_plan *plan)
{
	auto_run struct run run = {0};

	fake_kernel_reset(plan);
	if (plan->fault == FAULT_KILL_HOOK)
		run_hook_only(tree, phase, 100, &run);
	else
		run_hook(tree, phase, 100, &run);
	run_assert_code(&run, plan->fault == FAULT_KILL_ALL || plan->fault == FAULT_KILL_HOOK
				      ? -SIGKILL
				      : EXIT_FAILED);
}

/* Calls TRY for every write of PHASE, with each way to die at it. */
static void each_death(struct tree *tree, const char *name, unsigned int writes,
		       const enum fake_fault *faults, size_t n_faults,
		       void (*try)(struct tree *tree, const struct fake_plan *plan))
{
	auto_free char *before = tree_render(tree, TREE_STATE);

	assert_true(writes >= 10);
	run_checks_leaks = false;
	for (size_t f = 0; f < n_faults; f++)
		for (unsigned int at = 1; at <= writes; at += sweep_every(1, SANITIZED_EVERY))
			for (int after = 0; after < 2; after++) {
				struct fake_plan plan = {
					.fault = faults[f], .at = at, .after = after};

				announce(name, &plan);
				try(tree, &plan);
				fake_kernel_settle(false);
				assert_pristine(tree, before);
			}
	now_trying[0] = '\0';
}

static const enum fake_fault deaths[] = {FAULT_KILL_ALL, FAULT_KILL_HOOK};

static void test_life_cycle(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	must(tree, start_pre);
	scenario_assert_taken(tree);
	assert_true(tree_has(tree, "dev/vfio/10"));
	must(tree, stop_post);
	assert_pristine(tree, before);
}

static void start_dying_then_stop(struct tree *tree, const struct fake_plan *plan)
{
	run_into(tree, start_pre, plan);
	must(tree, stop_post);
}

static void test_start_dies_then_stop(void **state)
{
	struct tree *tree = *state;
	unsigned int writes = count_writes(tree, start_pre);

	must(tree, stop_post);
	each_death(tree, "pre-start, then post-stop", writes, deaths, ARRAY_SIZE(deaths),
		   start_dying_then_stop);
}

static void start_dying_then_start_and_stop(struct tree *tree, const struct fake_plan *plan)
{
	run_into(tree, start_pre, plan);
	must(tree, start_pre);
	scenario_assert_taken(tree);
	must(tree, stop_post);
}

static void test_start_dies_then_start_and_stop(void **state)
{
	struct tree *tree = *state;
	unsigned int writes = count_writes(tree, start_pre);

	must(tree, stop_post);
	each_death(tree, "pre-start, then pre-start, post-stop", writes, deaths, ARRAY_SIZE(deaths),
		   start_dying_then_start_and_stop);
}

static void stop_dying_then_stop(struct tree *tree, const struct fake_plan *plan)
{
	must(tree, start_pre);
	run_into(tree, stop_post, plan);
	must(tree, stop_post);
}

static void test_stop_dies_then_stop(void **state)
{
	struct tree *tree = *state;
	unsigned int writes;

	must(tree, start_pre);
	writes = count_writes(tree, stop_post);
	each_death(tree, "post-stop, then post-stop", writes, deaths, ARRAY_SIZE(deaths),
		   stop_dying_then_stop);
}

static void stop_dying_then_start_and_stop(struct tree *tree, const struct fake_plan *plan)
{
	must(tree, start_pre);
	run_into(tree, stop_post, plan);
	must(tree, start_pre);
	scenario_assert_taken(tree);
	must(tree, stop_post);
}

static void test_stop_dies_then_start_and_stop(void **state)
{
	struct tree *tree = *state;
	unsigned int writes;

	must(tree, start_pre);
	writes = count_writes(tree, stop_post);
	each_death(tree, "post-stop, then pre-start, post-stop", writes, deaths, ARRAY_SIZE(deaths),
		   stop_dying_then_start_and_stop);
}

/* A start that lives and loses a worker or a write: it has given everything back itself. */
static void failing_start(struct tree *tree, const struct fake_plan *plan)
{
	run_into(tree, start_pre, plan);
}

static void test_start_loses_a_worker(void **state)
{
	static const enum fake_fault faults[] = {FAULT_KILL_WORKER};
	struct tree *tree = *state;
	unsigned int writes = count_writes(tree, start_pre);

	must(tree, stop_post);
	each_death(tree, "pre-start", writes, faults, 1, failing_start);
}

static void failing_stop_then_stop(struct tree *tree, const struct fake_plan *plan)
{
	must(tree, start_pre);
	run_into(tree, stop_post, plan);
	must(tree, stop_post);
}

static void test_stop_loses_a_worker(void **state)
{
	static const enum fake_fault faults[] = {FAULT_KILL_WORKER};
	struct tree *tree = *state;
	unsigned int writes;

	must(tree, start_pre);
	writes = count_writes(tree, stop_post);
	each_death(tree, "post-stop, then post-stop", writes, faults, 1, failing_stop_then_stop);
}

static void each_error(struct tree *tree, const char *name, unsigned int writes,
		       void (*try)(struct tree *tree, const struct fake_plan *plan))
{
	static const int errors[] = {EIO, EBUSY};
	auto_free char *before = tree_render(tree, TREE_STATE);

	run_checks_leaks = false;
	for (size_t e = 0; e < ARRAY_SIZE(errors); e++)
		for (unsigned int at = 1; at <= writes; at += sweep_every(1, SANITIZED_EVERY)) {
			struct fake_plan plan = {
				.fault = FAULT_ERROR, .at = at, .error = errors[e]};

			announce(name, &plan);
			try(tree, &plan);
			assert_pristine(tree, before);
		}
	now_trying[0] = '\0';
}

static void test_start_meets_an_error(void **state)
{
	struct tree *tree = *state;
	unsigned int writes = count_writes(tree, start_pre);

	must(tree, stop_post);
	each_error(tree, "pre-start", writes, failing_start);
}

static void test_stop_meets_an_error(void **state)
{
	struct tree *tree = *state;
	unsigned int writes;

	must(tree, start_pre);
	writes = count_writes(tree, stop_post);
	each_error(tree, "post-stop, then post-stop", writes, failing_stop_then_stop);
}

/* A post-stop that fails at one device gives all others back. */
static void test_stop_goes_on_past_a_failure(void **state)
{
	static const char *const devices[] = {GPU, SOUND, NEIGHBOUR, DISK, USB};
	struct fake_plan plan = {.fault = FAULT_ERROR, .at = 3, .error = EIO};
	struct tree *tree = *state;
	auto_run struct run run = {0};
	unsigned int records = 0, on_vfio = 0;

	must(tree, start_pre);
	fake_kernel_reset(&plan);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run,
			"VM 100: 1 device not given back, above; see: pve-passthrough status");
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		auto_free char *record = fs_path("run/pve-passthrough/records/%s", devices[i]);

		records += tree_has(tree, record);
		on_vfio += !strcmp(tree_driver_of(tree, devices[i]), "vfio-pci");
	}
	assert_int_equal(records, 1);
	assert_true(on_vfio <= 1);
}

/* The records, all of them and complete, are there before the first write. */
static void test_record_comes_before_the_first_write(void **state)
{
	struct fake_plan plan = {.fault = FAULT_KILL_ALL, .at = 1};
	static const char *const devices[] = {GPU, SOUND, NEIGHBOUR, PARKED, DISK, USB};
	struct tree *tree = *state;
	unsigned int complete = 0;

	run_into(tree, start_pre, &plan);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		auto_free char *path = fs_path("run/pve-passthrough/records/%s", devices[i]);
		auto_free char *text = tree_text(tree, path);

		assert_true(tree_has(tree, path));
		assert_non_null(strstr(text, "vmid = 100;"));
		complete += strstr(text, "stage = \"taken\"") != NULL;
	}
	/* That which was about to be written to, at least; the fake kernel checks every write for
	 * it. */
	assert_true(complete >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life_cycle, scenario_setup, teardown),
		cmocka_unit_test_setup_teardown(test_start_dies_then_stop, scenario_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_start_dies_then_start_and_stop, scenario_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stop_dies_then_stop, scenario_setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_dies_then_start_and_stop, scenario_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_start_loses_a_worker, scenario_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stop_loses_a_worker, scenario_setup, teardown),
		cmocka_unit_test_setup_teardown(test_start_meets_an_error, scenario_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stop_meets_an_error, scenario_setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_goes_on_past_a_failure, scenario_setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_record_comes_before_the_first_write,
						scenario_setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
