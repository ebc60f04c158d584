// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/phases/phase.h"

#include <stdio.h>
#include <sys/stat.h>

#include "hookscript/pve/exit.h"
#include "scenario.h"

#define NEXT "var/lib/vz/snippets/old.sh"

/* VM 100 has the disk and another hookscript, which notes what it sees and ends with CODE. */
static void put_next(struct tree *tree, int code)
{
	auto_free char *script = fs_path(
		"#!/bin/sh\necho \"next $1 $2\"\n"
		"echo \"$1 $2 $(basename $(readlink %s/sys/bus/pci/devices/" DISK
		"/driver))\" >>%s/seen\nexit %d\n",
		tree->root.path, tree->root.path, code);

	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	tree_settings(tree, "next = \"local:snippets/old.sh\";\n");
	tree_file(tree, "etc/pve/storage.cfg",
		  "dir: local\n\tpath /var/lib/vz\n\tcontent iso,snippets\n");
	tree_file(tree, NEXT, script);
	tree_mode(tree, NEXT, 0755);
}

static int pre_start(const struct fs_root *root, unsigned int vmid)
{
	return phase_run(root, vmid, "pre-start");
}

static int post_start(const struct fs_root *root, unsigned int vmid)
{
	return phase_run(root, vmid, "post-start");
}

static int pre_stop(const struct fs_root *root, unsigned int vmid)
{
	return phase_run(root, vmid, "pre-stop");
}

static int post_stop(const struct fs_root *root, unsigned int vmid)
{
	return phase_run(root, vmid, "post-stop");
}

/* After ours at the beginning of the VM's life, before ours at its end. */
static void test_order(void **state)
{
	struct tree *tree = *state;
	auto_free char *seen = NULL;
	auto_run struct run run = {0};

	put_next(tree, 0);
	run_hook(tree, pre_start, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "next 100 pre-start");
	scenario_must(tree, post_start, 100);
	scenario_must(tree, pre_stop, 100);
	scenario_must(tree, post_stop, 100);
	seen = tree_text(tree, "seen");
	assert_string_equal(seen, "100 pre-start vfio-pci\n100 post-start vfio-pci\n"
				  "100 pre-stop vfio-pci\n100 post-stop vfio-pci\n");
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
}

static void test_next_fails(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};
	auto_run struct run stop = {0};

	put_next(tree, 7);
	run_hook(tree, pre_start, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run,
			"the next hookscript, local:snippets/old.sh, failed at pre-start: exit "
			"status 7");
	run_assert_says(&run, DISK ": vfio-pci -> nvme");
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	assert_false(tree_has(tree, "run/pve-passthrough/records/" DISK));
	/* At the end of its life, it keeps no device from going back. */
	put_next(tree, 0);
	scenario_must(tree, pre_start, 100);
	put_next(tree, 7);
	run_hook(tree, post_stop, 100, &stop);
	run_assert_code(&stop, EXIT_FAILED);
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
}

/* With --root DIR its script is not run on the host that this runs on. */
static void test_next_of_another_root(void **state)
{
	struct tree *tree = *state;
	auto_free char *said = fs_path("--root %s is not the running system: not run: %s/" NEXT
				       " 100 pre-start",
				       tree->root.path, tree->root.path);
	auto_run struct run run = {0};

	put_next(tree, 0);
	tree_acts = false;
	run_hook(tree, pre_start, 100, &run);
	tree_acts = true;
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, said);
	assert_false(tree_has(tree, "seen"));
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
}

/* A start that we refuse is none for it either. */
static void test_we_refuse(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	put_next(tree, 0);
	tree_vm(tree, 100, "machine: pc\nhostpci0: 04:00.0\n");
	run_hook(tree, pre_start, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	assert_false(tree_has(tree, "seen"));
}

/* It was the VM's hookscript before, and the VM may have no devices now. */
static void test_without_devices(void **state)
{
	struct tree *tree = *state;
	auto_free char *seen = NULL;

	put_next(tree, 0);
	tree_vm(tree, 100, "name: x\n");
	scenario_must(tree, pre_start, 100);
	seen = tree_text(tree, "seen");
	assert_string_equal(seen, "100 pre-start nvme\n");
}

static void test_not_there(void **state)
{
	static const struct {
		const char *next, *why;
	} rows[] = {
		{"local:snippets/none.sh", "No such file or directory"},
		{"none:snippets/old.sh", "cannot be run: "},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *settings = fs_path("next = \"%s\";\n", rows[i].next);
		auto_run struct run run = {0};

		put_next(tree, 0);
		tree_settings(tree, settings);
		run_hook(tree, pre_start, 100, &run);
		run_assert_code(&run, EXIT_FAILED);
		run_assert_says(&run, rows[i].next);
		run_assert_says(&run, rows[i].why);
		assert_string_equal(tree_driver_of(tree, DISK), "nvme");
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_order),     TEST(test_next_fails),	  TEST(test_next_of_another_root),
		TEST(test_we_refuse), TEST(test_without_devices), TEST(test_not_there),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
