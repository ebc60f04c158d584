// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/spares.h"

#include <stdio.h>

#include "hookscript/pve/exit.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "hookscript/watch.h"
#include "scenario.h"

#define RECORDS	     "run/pve-passthrough/records/"
#define RESERVATIONS "run/qemu-server/pci-id-reservations"

/* The GPU, with its sound and its neighbour in the group, or its twin. */
static int setup(void **state)
{
	if (scenario_setup(state))
		return -1;
	tree_link(*state, "etc/pve/local", "nodes/lab");
	tree_file(*state, MAPPINGS_PATH,
		  "gpu\n\tmap id=10de:1001,iommugroup=10,node=lab,path=0000:01:00.0,subsystem-id="
		  "1043:8600\n\tmap id=10de:1001,iommugroup=13,node=lab,path=0000:05:00.0,"
		  "subsystem-id=1043:8600\n");
	tree_vm(*state, 100,
		"machine: q35\nhostpci0: mapping=gpu,pcie=1\nhostpci1: 04:00.0,pcie=1\n");
	return 0;
}

/* Proxmox VE's choice, and that the VM runs with it. */
static void run_with(struct tree *tree, const char *bdf)
{
	auto_free char *text = fs_path("%s 100 pid:4711\n" DISK " 100 pid:4711\n", bdf);

	tree_file(tree, RESERVATIONS, text);
	tree_vm_runs(tree, 100, 4711);
}

static void stop(struct tree *tree)
{
	tree_delete(tree, "proc/4711");
	tree_delete(tree, "run/qemu-server/100.pid");
	tree_delete(tree, RESERVATIONS);
	scenario_must(tree, stop_post, 100);
	/* Where its devices were found is kept, and not what this is about. */
	tree_delete(tree, "var/lib");
}

static void test_as_foreseen(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, GPU), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, TWIN), "gpu");
	assert_true(tree_has(tree, RECORDS TWIN ".spare-100"));
	assert_false(tree_has(tree, RECORDS TWIN));
	run_with(tree, GPU);
	fake_kernel_reset(NULL);
	run_hook(tree, start_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(run.out, "");
	assert_string_equal(run.err, "");
	assert_int_equal(fake_kernel_writes(), 0);
	assert_false(tree_has(tree, RECORDS TWIN ".spare-100"));
	stop(tree);
	tree_assert_is(tree, TREE_STATE, before);
}

/* As Proxmox VE binds it: off its driver, and by its id to vfio-pci. */
static void test_another_is_chosen(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	tree_bind(tree, TWIN, "vfio-pci");
	run_with(tree, TWIN);
	fake_kernel_reset(NULL);
	run_hook(tree, start_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(
		&run, TWIN
		": Proxmox VE took it for VM 100, instead of the one that was expected; will return to "
		"gpu");
	run_assert_says(&run, "given back at once, because Proxmox VE chose another device");
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
	assert_string_equal(tree_driver_of(tree, SOUND), "snd");
	assert_string_equal(tree_driver_of(tree, NEIGHBOUR), "none");
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, TWIN), "vfio-pci");
	assert_true(tree_has(tree, RECORDS TWIN));
	assert_false(tree_has(tree, RECORDS GPU));
	assert_non_null(strstr(fake_kernel_log(), "vfio-pci/remove_id=10de 1001\n"));
	fake_kernel_reset(NULL);
	stop(tree);
	assert_null(strstr(fake_kernel_log(), "remove_id"));
	tree_assert_is(tree, TREE_STATE, before);
}

/* Another start may rely on the id at this moment: it goes when the device goes back. */
static void test_id_stays_during_another_start(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	scenario_must(tree, start_pre, 100);
	tree_bind(tree, TWIN, "vfio-pci");
	run_with(tree, TWIN);
	tree_file(tree, RESERVATIONS,
		  TWIN " 100 pid:4711\n" DISK " 100 pid:4711\n" USB " 101 time:99999999999\n");
	fake_kernel_reset(NULL);
	scenario_must(tree, start_post, 100);
	assert_null(strstr(fake_kernel_log(), "remove_id"));
	fake_kernel_reset(NULL);
	stop(tree);
	assert_non_null(strstr(fake_kernel_log(), "vfio-pci/remove_id=10de 1001\n"));
	tree_assert_is(tree, TREE_STATE, before);
}

/* What cannot be read is not given back under the VM, nor is a spare record lost by that. */
static void test_what_was_chosen_cannot_be_read(void **state)
{
	static const char *const files[] = {"sys/devices/pci0000:00/" GPU "/iommu_group",
					    RECORDS TWIN ".spare-100"};
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_run struct run run = {0};

		scenario_must(tree, start_pre, 100);
		tree_bind(tree, TWIN, "vfio-pci");
		run_with(tree, TWIN);
		fake_kernel_reset(NULL);
		tree_obscure(tree, files[i]);
		run_hook(tree, start_post, 100, &run);
		run_assert_code(&run, EXIT_FAILED);
		run_assert_says(&run, "VM 100: which devices Proxmox VE took is not known");
		assert_string_equal(tree_driver_of(tree, GPU), "vfio-pci");
		tree_reveal(tree, files[i]);
		assert_true(tree_has(tree, RECORDS GPU));
		tree_bind(tree, TWIN, "gpu");
		tree_delete(tree, RECORDS TWIN);
		stop(tree);
		tree_assert_is(tree, TREE_STATE, before);
	}
}

/* Nothing is known of what was chosen, so nothing is changed. */
static void test_no_reservations(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	scenario_must(tree, start_pre, 100);
	tree_vm_runs(tree, 100, 4711);
	fake_kernel_reset(NULL);
	scenario_must(tree, start_post, 100);
	assert_int_equal(fake_kernel_writes(), 0);
	assert_string_equal(tree_driver_of(tree, GPU), "vfio-pci");
	stop(tree);
	tree_assert_is(tree, TREE_STATE, before);
}

/* The start fails later: what was looked at is of no use any more. */
static void test_failed_start(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_failed_start_without_a_stop(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);

	scenario_must(tree, start_pre, 100);
	scenario_must(tree, watch_run, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

/* A VM without mappings leaves and finds nothing. */
static void test_nothing_to_settle(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;

	tree_vm(tree, 100, "machine: q35\nhostpci1: 04:00.0,pcie=1\n");
	scenario_must(tree, start_pre, 100);
	before = tree_render(tree, TREE_ALL);
	scenario_must(tree, start_post, 100);
	tree_delete(tree, "var/lib");
	tree_assert_is(tree, TREE_ALL, before);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_as_foreseen),
		TEST(test_another_is_chosen),
		TEST(test_id_stays_during_another_start),
		TEST(test_what_was_chosen_cannot_be_read),
		TEST(test_no_reservations),
		TEST(test_failed_start),
		TEST(test_failed_start_without_a_stop),
		TEST(test_nothing_to_settle),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
