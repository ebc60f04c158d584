// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes what stands beside this: the files that version 0.1.0 (commit 263386d) leaves on a host. Not built here; see
 * README.
 */
#include <stdio.h>

#include "host/setup/state/hoststate.h"
#include "hookscript/records/reboot.h"
#include "hookscript/phases/start.h"
#include "scenario.h"

#define DISK_FOLDER "sys/devices/pci0000:00/" DISK

static void copy(struct tree *tree, const char *path, const char *name)
{
	auto_free char *command =
		fs_path("mkdir -p '%s/%s' && cp -r '%s/%s/.' '%s/%s'", getenv("UPGRADE_OUT"), name,
			tree->root.path, path, getenv("UPGRADE_OUT"), name);

	assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
	struct tree *tree;
	auto_free char *path = fs_path("%s/fakes/users:%s", TESTS_DIR, getenv("PATH"));
	auto_free char *settings = NULL;
	auto_free char *users = NULL, *log = NULL;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	users = fs_path("%s/tmp-users", tree->root.path);
	log = fs_path("%s/tmp-log", tree->root.path);
	tree_file(tree, DISK_FOLDER "/reset_method", "flr bus\n");
	tree_file(tree, DISK_FOLDER "/d3cold_allowed", "1\n");
	tree_file(tree, "tmp-users/gpu.service", "");
	tree_file(tree, "tmp-users/105", "");
	setenv("PATH", path, 1);
	setenv("FAKE_USERS", users, 1);
	setenv("FAKE_LOG", log, 1);
	tree_settings(tree,
		      "deadline = 7;\nifreload = true;\n"
		      "devices = ( { address = \"" DISK "\"; id = \"144d:a808\";\n"
		      "  reset_method = \"bus\"; d3cold = false;\n"
		      "  stop_units = [ \"gpu.service\" ]; stop_ct = [ 105 ]; },\n"
		      "  { address = \"" USB "\"; id = \"1b73:1100\"; return_to = \"none\"; } );\n");
	return 0;
}

/* VM 100 has started: its records, what was stopped for it, and where its devices are. */
static void test_taken(void **state)
{
	scenario_must(*state, start_pre, 100);
	copy(*state, "run/pve-passthrough/records", "taken");
	tree_vm_runs(*state, 100, 4711);
	scenario_must(*state, start_post, 100);
	copy(*state, "var/lib/pve-passthrough/vm", "identities");
}

/* All died at the first write. */
static void test_claimed(void **state)
{
	struct fake_plan plan = {.fault = FAULT_KILL_ALL, .at = 1};
	auto_run struct run run = {0};

	fake_kernel_reset(&plan);
	run_hook(*state, start_pre, 100, &run);
	copy(*state, "run/pve-passthrough/records", "claimed");
}

/* A mapping with two devices: the GPU is foreseen, and its twin has a spare record. */
static void test_spare(void **state)
{
	struct tree *tree = *state;

	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_file(tree, "etc/pve/mapping/pci.cfg",
		  "gpu\n\tmap id=10de:1001,iommugroup=10,node=lab,path=0000:01:00.0,subsystem-id="
		  "1043:8600\n\tmap id=10de:1001,iommugroup=13,node=lab,path=0000:05:00.0,"
		  "subsystem-id=1043:8600\n");
	tree_vm(tree, 100, "machine: q35\nhostpci0: mapping=gpu,pcie=1\n");
	scenario_must(tree, start_pre, 100);
	copy(tree, "run/pve-passthrough/records", "spare");
}

static void test_reboot(void **state)
{
	struct tree *tree = *state;

	tree_folder(tree, "run/pve-passthrough/records");
	assert_int_equal(reboot_note(&tree->root, 100), 0);
	copy(tree, "run/pve-passthrough/records", "reboot");
}

static void test_host_setup(void **state)
{
	struct tree *tree = *state;
	auto_hoststate struct hoststate host = {.pending = true};

	assert_int_equal(hoststate_add(&host.words, "intel_iommu=on"), 0);
	assert_int_equal(hoststate_add(&host.words, "iommu=pt"), 0);
	assert_int_equal(hoststate_add(&host.folders, "etc/default/grub.d"), 0);
	assert_int_equal(hoststate_write(&tree->root, &host), 0);
	copy(tree, "var/lib/pve-passthrough", "host-setup");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fake_kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_taken), TEST(test_claimed),	 TEST(test_spare),
		TEST(test_reboot), TEST(test_host_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
