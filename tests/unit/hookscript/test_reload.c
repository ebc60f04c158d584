// SPDX-License-Identifier: GPL-2.0-or-later
/* Drivers that change between the plan and the worker that writes down what it finds. */
#include "scenario.h"

#include "hookscript/pve/exit.h"
#include "host/base/clock.h"

/* Longer than a worker needs to come to its device. */
#define AWAY_MS 700

/* As "rmmod nvme; modprobe nvme" does. */
static void reload_driver(struct tree *tree)
{
	tree_bind(tree, DISK, NULL);
	if (!fork()) {
		clock_sleep_ms(AWAY_MS);
		tree_bind(tree, DISK, "nvme");
		_exit(0);
	}
}

static void exchange_driver(struct tree *tree)
{
	tree_driver(tree, "nvme-other", "nvme_other");
	tree_bind(tree, DISK, "nvme-other");
}

static void remove_driver(struct tree *tree)
{
	tree_bind(tree, DISK, NULL);
}

static void start_while(struct tree *tree, void (*what)(struct tree *tree))
{
	auto_run struct run run = {0};

	scenario_unload_vfio(tree);
	fake_kernel_at_load(what);
	run_hook(tree, start_pre, 100, &run);
	fake_kernel_at_load(NULL);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "a driver has changed while its start was planned: planned again");
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
}

static void test_driver_is_reloaded(void **state)
{
	struct tree *tree = *state;

	start_while(tree, reload_driver);
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
}

static void test_driver_is_exchanged(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "sys/devices/pci0000:00/" DISK "/driver_override", "(null)\n");
	start_while(tree, exchange_driver);
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "nvme-other");
}

static void test_driver_is_removed(void **state)
{
	struct tree *tree = *state;

	start_while(tree, remove_driver);
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "none");
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_driver_is_reloaded),
		TEST(test_driver_is_exchanged),
		TEST(test_driver_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
