// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries with driver=keep, for whose devices the settings may name a vfio variant driver. */
#include "hookscript/plan/facts/facts.h"

#include <string.h>

#include "hookscript/pve/exit.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "scenario.h"

#define RECORDS "run/pve-passthrough/records/"
#define VARIANT "nvme_vfio_pci"
#define CONFIG	"machine: q35\nhostpci0: 04:00.0,pcie=1,driver=keep\n"

static int setup(void **state)
{
	struct tree *tree;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_vm(tree, 100, CONFIG);
	tree_driver(tree, VARIANT, NULL);
	return 0;
}

static void put_settings(struct tree *tree, const char *id, const char *driver)
{
	auto_free char *text = fs_path("devices = ( { address = \"" DISK
				       "\"; id = \"%s\"; driver = \"%s\"; } );\n",
				       id, driver);

	tree_settings(tree, text);
}

static void test_kept_without_a_setting(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run plan = {0};

	scenario_must(tree, start_pre, 100);
	tree_assert_is(tree, TREE_STATE, before);
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_says(&plan, "VM 100 has no hostpci entry that needs binding");
	/* Nor with one for a device of other ids. */
	put_settings(tree, "144d:a809", VARIANT);
	free(TAKE_PTR(before));
	before = tree_render(tree, TREE_STATE);
	scenario_must(tree, start_pre, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_taken_and_given_back(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run plan = {0};
	auto_run struct run start = {0};
	auto_run struct run stop = {0};

	put_settings(tree, "144d:a808", VARIANT);
	before = tree_render(tree, TREE_STATE);
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_code(&plan, EXIT_DONE);
	run_assert_says(&plan,
			"bound to " VARIANT ", its vfio variant driver, as the settings say");
	run_hook(tree, start_pre, 100, &start);
	run_assert_code(&start, EXIT_DONE);
	run_assert_says(&start,
			DISK " [144d:a808]: nvme -> " VARIANT ", for VM 100; will return to "
			     "nvme");
	assert_string_equal(tree_driver_of(tree, DISK), VARIANT);
	assert_string_equal(tree_override_of(tree, DISK), VARIANT);
	/* The settings are not asked again: what was done is recorded. */
	tree_delete(tree, "etc/pve-passthrough.conf");
	run_hook(tree, stop_post, 100, &stop);
	run_assert_code(&stop, EXIT_DONE);
	run_assert_says(&stop, DISK ": " VARIANT " -> nvme");
	put_settings(tree, "144d:a808", VARIANT);
	tree_assert_is(tree, TREE_STATE, before);
}

/* It is there already, as a device that the administrator keeps on it is. */
static void test_there_already(void **state)
{
	struct tree *tree = *state;
	auto_run struct run start = {0};
	auto_run struct run stop = {0};

	put_settings(tree, "144d:a808", VARIANT);
	tree_bind(tree, DISK, VARIANT);
	run_hook(tree, start_pre, 100, &start);
	run_assert_code(&start, EXIT_DONE);
	run_assert_says(&start, DISK ": is on " VARIANT " already, and will stay there");
	run_hook(tree, stop_post, 100, &stop);
	run_assert_says(&stop, DISK ": stays on " VARIANT ", where it was before VM 100");
	assert_string_equal(tree_driver_of(tree, DISK), VARIANT);
}

/* From vfio-pci, where it was, to the variant driver and back. */
static void test_from_vfio_pci(void **state)
{
	struct tree *tree = *state;

	put_settings(tree, "144d:a808", VARIANT);
	tree_bind(tree, DISK, "vfio-pci");
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, DISK), VARIANT);
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
}

/* The other members of the group need a driver that lets the guest have them, too. */
static void test_of_a_group(void **state)
{
	struct tree *tree = *state;

	tree_vm(tree, 100, "machine: q35\nhostpci0: 01:00,pcie=1,driver=keep\n");
	tree_settings(tree, "devices = ( { address = \"" GPU "\"; id = \"10de:1001\"; "
			    "driver = \"" VARIANT "\"; } );\n");
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, GPU), VARIANT);
	assert_string_equal(tree_driver_of(tree, SOUND), "vfio-pci");
	assert_string_equal(tree_driver_of(tree, NEIGHBOUR), "vfio-pci");
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, GPU), "gpu");
	assert_string_equal(tree_driver_of(tree, SOUND), "snd");
}

static void test_of_a_mapping(void **state)
{
	struct tree *tree = *state;

	tree_vm(tree, 100, "machine: q35\nhostpci0: mapping=disk,pcie=1,driver=keep\n");
	tree_file(tree, MAPPINGS_PATH,
		  "disk\n\tmap id=144d:a808,iommugroup=12,node=lab,path=0000:04:00.0,"
		  "subsystem-id=144d:a801\n");
	put_settings(tree, "144d:a808", VARIANT);
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, DISK), VARIANT);
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
}

/* Proxmox VE would take any other driver than vfio-pci from it. */
static void test_without_keep(void **state)
{
	struct tree *tree = *state;
	auto_run struct run start = {0};

	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	put_settings(tree, "144d:a808", VARIANT);
	run_hook(tree, start_pre, 100, &start);
	run_assert_code(&start, EXIT_DONE);
	run_assert_says(&start,
			DISK " is bound to vfio-pci, although /etc/pve-passthrough.conf, line "
			     "1, says driver = \"" VARIANT "\"");
	run_assert_says(&start, "unless hostpci0 says driver=keep");
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
}

/* ---- what can go wrong ---- */

static void assert_fails(struct tree *tree, const char *why)
{
	auto_free char *before = tree_render(tree, TREE_STATE);
	auto_run struct run start = {0};

	run_hook(tree, start_pre, 100, &start);
	run_assert_code(&start, EXIT_FAILED);
	run_assert_says(&start, why);
	tree_assert_is(tree, TREE_STATE, before);
	assert_false(tree_has(tree, RECORDS DISK));
}

static void test_no_such_module(void **state)
{
	struct tree *tree = *state;

	put_settings(tree, "144d:a808", "gone_vfio_pci");
	fake_kernel_module_error(ENOENT);
	assert_fails(tree, DISK ": the module of its vfio variant driver gone_vfio_pci cannot be "
				"loaded: No such file or directory; try: modprobe gone_vfio_pci");
	assert_int_equal(fake_kernel_writes(), 0);
}

static void test_no_variant_driver(void **state)
{
	struct tree *tree = *state;

	tree_driver(tree, "other", NULL);
	put_settings(tree, "144d:a808", "other");
	assert_fails(tree, DISK ": other took it, but is not a vfio variant driver");
}

static void test_it_refuses_the_device(void **state)
{
	struct tree *tree = *state;

	put_settings(tree, "144d:a808", VARIANT);
	fake_kernel_probe_fails(VARIANT);
	assert_fails(tree, DISK ": " VARIANT " did not take it");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_kept_without_a_setting),
		TEST(test_taken_and_given_back),
		TEST(test_there_already),
		TEST(test_from_vfio_pci),
		TEST(test_of_a_group),
		TEST(test_of_a_mapping),
		TEST(test_without_keep),
		TEST(test_no_such_module),
		TEST(test_no_variant_driver),
		TEST(test_it_refuses_the_device),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
