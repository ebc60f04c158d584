// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/show.h"

#include "hookscript/pve/exit.h"
#include "hookscript/records/returns.h"
#include "hookscript/records/record.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "host/base/log.h"
#include "scenario.h"

static int config(const struct fs_root *root, unsigned int vmid)
{
	return show_config(root, vmid, false);
}

static int config_raw(const struct fs_root *root, unsigned int vmid)
{
	return show_config(root, vmid, true);
}

static void test_status_of_nothing(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_ALL);
	auto_run struct run run = {0};

	run_hook(tree, scenario_status, 0, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(run.out, "no device is taken\n");
	tree_assert_is(tree, TREE_ALL, before);
}

static void test_status(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};
	auto_free char *before = NULL;

	scenario_must(tree, start_pre, 100);
	tree_device_gone(tree, USB);
	before = tree_render(tree, TREE_ALL);
	run_hook(tree, scenario_status, 0, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "\n" DISK "  ");
	run_assert_says(&run, "[144d:a808]\n    taken for VM 100 from nvme; now on vfio-pci\n");
	run_assert_says(&run, "    taken for VM 100 from no driver; now on vfio-pci\n");
	run_assert_says(&run, "    taken for VM 100; the device is not there any more\n");
	run_assert_says(&run, "\nVM 100 does not run; give its devices back: pve-passthrough "
			      "restore 100\n");
	tree_assert_is(tree, TREE_ALL, before);
}

/* Only of a VM that does nothing with its devices they are to be given back by hand. */
static void test_status_of_vms(void **state)
{
	struct tree *tree = *state;
	auto_run struct run running = {0};
	auto_run struct run locked = {0};
	auto_run struct run gone = {0};
	pid_t holder;

	scenario_must(tree, start_pre, 100);
	tree_vm_runs(tree, 100, 4711);
	run_hook(tree, scenario_status, 0, &running);
	run_assert_says(&running, "\nVM 100 runs\n");
	assert_null(strstr(running.out, "restore"));
	tree_delete(tree, "proc/4711");
	holder = scenario_lock_vm(tree, 100);
	run_hook(tree, scenario_status, 0, &locked);
	scenario_end_process(holder);
	run_assert_says(&locked, "\nVM 100 is being started, stopped or changed\n");
	assert_null(strstr(locked.out, "restore"));
	tree_delete(tree, "etc/pve/qemu-server/100.conf");
	run_hook(tree, scenario_status, 0, &gone);
	run_assert_says(&gone, "\nVM 100 does not exist on this node; give its devices back: "
			       "pve-passthrough restore 100\n");
}

#define NOBODY 65534

static int status_as_nobody(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	return setresuid(NOBODY, NOBODY, NOBODY) ? EXIT_REFUSED : show_status(root);
}

static int restore_as_nobody(const struct fs_root *root, unsigned int vmid)
{
	return setresuid(NOBODY, NOBODY, NOBODY) ? EXIT_REFUSED : stop_restore(root, vmid);
}

static int restore_all_as_nobody(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	return setresuid(NOBODY, NOBODY, NOBODY) ? EXIT_REFUSED : stop_restore_all(root);
}

/* Nobody is told to remove what only root can read. */
static void test_not_root(void **state)
{
	static run_phase *const phases[] = {status_as_nobody, restore_as_nobody,
					    restore_all_as_nobody};

	scenario_must(*state, start_pre, 100);
	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		auto_run struct run run = {0};

		run_hook(*state, phases[i], 100, &run);
		run_assert_code(&run, EXIT_FAILED);
		run_assert_says(&run, "Permission denied; run this as root");
		assert_null(strstr(run.err, "rm "));
	}
}

static void test_status_with_a_broken_record(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	tree_file(tree, "run/pve-passthrough/records/" DISK, "garbage");
	run_hook(tree, scenario_status, 0, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "/run/pve-passthrough/records/" DISK ": not a record");
	run_assert_says(&run, "give it back by hand, and remove the record:\n    echo > "
			      "/sys/bus/pci/devices/" DISK "/driver_override; echo " DISK " > ");
	run_assert_says(&run, "taken for VM 100 from gpu; now on vfio-pci");
}

static void test_config(void **state)
{
	auto_run struct run run = {0};

	tree_vm(*state, 100, "machine: q35\nhostpci0: 01:00.0,pcie=1\nhostpci1: nonsense=\x1b\n");
	run_hook(*state, config, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(run.out, "machine     q35 (q35)\n"
				     "hostpci0    0000:01:00.0 pcie=1\n");
	assert_non_null(strstr(run.err, "line 3: hostpci1: "));
	assert_null(strchr(run.err, '\x1b'));
}

static void test_config_raw(void **state)
{
	auto_run struct run run = {0};

	tree_vm(*state, 100,
		"machine: q35\nhostpci0: 01:00.0\ncpu: tomorrow\n[PENDING]\nname: x\n");
	run_hook(*state, config_raw, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(run.out, "key machine q35\nkey hostpci0 01:00.0\nq35 yes\n"
				     "hostpci0 host 01:00.0\n");
	assert_string_equal(run.err, "");
}

/* Proxmox VE says so with an empty variable, or none at all, when no VM comes from elsewhere. */
static void test_config_with_pending(void **state)
{
	auto_run struct run run = {0};

	tree_vm(*state, 100, "[PENDING]\nmachine: q35\n");
	run_hook(*state, config, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_string_equal(run.out, "machine     pc, the default (not q35)\n"
				     "pending     machine: q35\n"
				     "            (the next start applies it)\n");
}

static void test_config_of_no_vm(void **state)
{
	auto_run struct run run = {0};

	run_hook(*state, config, 101, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "there is no config /etc/pve/qemu-server/101.conf");
}

static void test_settings(void **state)
{
	auto_free char *before = NULL;
	auto_run struct run run = {0};

	tree_settings(*state, "\nvm100 = { machine = \"warn\"; };\n");
	tree_file(*state, "etc/pve/pve-passthrough.conf", "deadline = 7; color = 1;\n");
	tree_link(*state, "etc/pve/local", "nodes/pve1");
	before = tree_render(*state, TREE_ALL);
	run_hook(*state, show_settings, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	assert_ptr_equal(strstr(run.out, "# VM 100 on node pve1\nmachine = \"warn\"; "), run.out);
	run_assert_says(&run, "deadline = 7; ");
	run_assert_says(&run, "# /etc/pve/pve-passthrough.conf, line 1\n");
	assert_non_null(strstr(run.err, "key 'color' is unknown to this node's version"));
	tree_assert_is(*state, TREE_ALL, before);
}

static void test_bad_settings(void **state)
{
	auto_run struct run run = {0};

	tree_settings(*state, "machine = 1;\n");
	run_hook(*state, show_settings, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	assert_string_equal(run.out, "");
	run_assert_says(&run, "/etc/pve-passthrough.conf, line 1: key 'machine' must be");
}

/* What a test has taken, and what stops so far have shown. */
static void test_status_of_a_test(void **state)
{
	struct record record = {.bdf = {0, 4, 0, 0},
				.vmid = RECORD_TEST,
				.stage = RECORD_TAKEN,
				.identity = {0x144d, 0xa808, 0x144d, 0xa801, 0x010802},
				.driver = (char *)"nvme",
				.claim = 7,
				.deadline = 30};
	auto_run struct run run = {0}, running = {0};
	struct tree *tree = *state;
	pid_t tester;

	assert_int_equal(returns_count(&tree->root, &record, true, true), 0);
	assert_int_equal(record_write(&tree->root, &record), 0);
	run_hook(tree, scenario_status, 0, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, "    taken for the test from nvme; now on nvme\n");
	run_assert_says(&run, "    came back 1 of 1 time, last on 20");
	run_assert_says(&run, "\nthe test has died; give its devices back: pve-passthrough restore "
			      "test\n");
	tester = scenario_lock_vm(tree, RECORD_TEST);
	run_hook(tree, scenario_status, 0, &running);
	run_assert_says(&running, "\na test runs (pve-passthrough test)\n");
	scenario_end_process(tester);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, fake_kernel_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_status_of_nothing),
		TEST(test_status),
		TEST(test_status_of_vms),
		TEST(test_not_root),
		TEST(test_status_with_a_broken_record),
		TEST(test_config),
		TEST(test_config_raw),
		TEST(test_config_with_pending),
		TEST(test_config_of_no_vm),
		TEST(test_settings),
		TEST(test_bad_settings),
		TEST(test_status_of_a_test),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
