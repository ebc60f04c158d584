// SPDX-License-Identifier: GPL-2.0-or-later
/* What the settings have done with single devices: where they return to, attributes, and who has to
 * make room for them. */
#include <stdio.h>

#include "hookscript/pve/exit.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "hookscript/watch.h"
#include "scenario.h"

#define RECORDS "run/pve-passthrough/records/"
#define FOLDER	"sys/devices/pci0000:00/" DISK

static char *old_path;

static int setup(void **state)
{
	struct tree *tree;

	if (scenario_setup(state))
		return -1;
	tree = *state;
	tree_vm(tree, 100, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	tree_file(tree, FOLDER "/reset_method", "flr bus\n");
	tree_file(tree, FOLDER "/d3cold_allowed", "1\n");
	old_path = strdup(getenv("PATH"));
	return 0;
}

static int teardown(void **state)
{
	setenv("PATH", old_path, 1);
	free(old_path);
	return fake_kernel_teardown(state);
}

/* Settings of the disk. */
static void put_settings(struct tree *tree, const char *keys)
{
	auto_free char *text = fs_path(
		"devices = ( { address = \"" DISK "\"; id = \"144d:a808\"; %s } );\n", keys);

	tree_settings(tree, text);
}

static void test_returns_to_none(void **state)
{
	struct tree *tree = *state;
	auto_run struct run plan = {0};
	auto_run struct run run = {0};

	put_settings(tree, "return_to = \"none\";");
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_says(&plan, "returns to no driver, because the settings say so");
	scenario_must(tree, start_pre, 100);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, DISK ": vfio-pci -> no driver");
	assert_string_equal(tree_driver_of(tree, DISK), "none");
	/* So that no module that is loaded later takes it. */
	assert_string_equal(tree_override_of(tree, DISK), "none");
	assert_false(tree_has(tree, RECORDS DISK));
	/* From there it can be had again, and the way back is the host's as soon as the settings
	 * say so. */
	scenario_must(tree, start_pre, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "none");
	put_settings(tree, "return_to = \"nvme\";");
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
}

static void test_returns_to_a_driver(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_driver(tree, "other", NULL);
	put_settings(tree, "return_to = \"other\";");
	scenario_must(tree, start_pre, 100);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	run_assert_says(&run, DISK ": vfio-pci -> other");
	assert_string_equal(tree_driver_of(tree, DISK), "other");
	assert_string_equal(tree_override_of(tree, DISK), "nvme");
}

/* There is a module of that name, but the driver in it has another one (tests/unit/fake_kernel.c):
 * on vfio-pci the device is better off than on nothing. */
static void test_returns_to_a_modules_name(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	put_settings(tree, "return_to = \"other_pci\";");
	scenario_must(tree, start_pre, 100);
	run_hook(tree, stop_post, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, DISK ": the module of other_pci is loaded, but has no driver of that "
				   "name; its driver now: vfio-pci");
	assert_string_equal(tree_driver_of(tree, DISK), "vfio-pci");
	assert_true(tree_has(tree, RECORDS DISK));
}

static void test_attributes(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_free char *reset = NULL, *d3cold = NULL;
	auto_run struct run plan = {0};

	put_settings(tree, "reset_method = \"bus\"; d3cold = false;");
	before = tree_render(tree, TREE_STATE);
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_says(&plan, "reset_method = \"bus\" while the VM has it");
	run_assert_says(&plan, "d3cold_allowed = 0 while the VM has it");
	scenario_must(tree, start_pre, 100);
	reset = tree_text(tree, FOLDER "/reset_method");
	d3cold = tree_text(tree, FOLDER "/d3cold_allowed");
	assert_string_equal(reset, "bus\n");
	assert_string_equal(d3cold, "0\n");
	/* A second start must not take its own change for what was there before. */
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, stop_post, 100);
	tree_assert_is(tree, TREE_STATE, before);
}

static void test_attribute_is_refused(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	auto_run struct run run = {0};

	put_settings(tree, "reset_method = \"cxl_bus\";");
	before = tree_render(tree, TREE_STATE);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, DISK ": failed while writing reset_method or d3cold_allowed");
	tree_assert_is(tree, TREE_STATE, before);
}

/* ---- who has to make room ---- */

static void use_fakes(struct tree *tree)
{
	auto_free char *path = fs_path("%s/fakes/users:%s", TESTS_DIR, old_path);
	auto_free char *users = fs_path("%s/tmp-users", tree->root.path);
	auto_free char *log = fs_path("%s/tmp-log", tree->root.path);

	tree_file(tree, "tmp-users/gpu.service", "");
	tree_file(tree, "tmp-users/105", "");
	tree_file(tree, "tmp-log", "");
	setenv("PATH", path, 1);
	setenv("FAKE_USERS", users, 1);
	setenv("FAKE_LOG", log, 1);
	unsetenv("FAKE_STUCK");
	put_settings(tree,
		     "stop_units = [ \"gpu.service\", \"idle.service\" ]; stop_ct = [ 105 ];");
}

#define STOPS  "systemctl stop gpu.service\npct shutdown 105\n"
#define STARTS "systemctl start gpu.service\npct start 105\n"

static void test_users(void **state)
{
	struct tree *tree = *state;
	auto_free char *log = NULL, *all = NULL;
	auto_run struct run plan = {0};

	use_fakes(tree);
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_says(&plan, "stopped before, and started after: gpu.service, idle.service");
	run_assert_says(&plan, "shut down before, and started after: container 105");
	scenario_must(tree, start_pre, 100);
	log = tree_text(tree, "tmp-log");
	/* What does not run is left alone, then and later. */
	assert_string_equal(log, STOPS);
	assert_true(tree_has(tree, RECORDS "100.users"));
	scenario_must(tree, stop_post, 100);
	all = tree_text(tree, "tmp-log");
	assert_string_equal(all, STOPS STARTS);
	assert_false(tree_has(tree, RECORDS "100.users"));
	assert_true(tree_has(tree, "tmp-users/gpu.service"));
	assert_false(tree_has(tree, "tmp-users/idle.service"));
}

/* All died when the devices were back, before what had been stopped for them was started. */
static void test_users_without_records(void **state)
{
	struct tree *tree = *state;
	auto_free char *log = NULL;
	auto_run struct run nothing = {0};

	use_fakes(tree);
	tree_file(tree, RECORDS "100.users", "u gpu.service\nc 105\n");
	scenario_must(tree, stop_restore, 100);
	log = tree_text(tree, "tmp-log");
	assert_string_equal(log, STARTS);
	assert_false(tree_has(tree, RECORDS "100.users"));
	run_hook(tree, stop_restore, 100, &nothing);
	run_assert_says(&nothing, "no device is recorded as taken for it");
}

/* What was stopped is not forgotten because its note cannot be read for now. */
static void test_users_note_cannot_be_read(void **state)
{
	struct tree *tree = *state;
	auto_free char *log = NULL;
	auto_free char *later = NULL;
	auto_run struct run start = {0};
	auto_run struct run stop = {0};

	use_fakes(tree);
	tree_file(tree, RECORDS "100.users", "u gpu.service\nc 105\n");
	tree_obscure(tree, RECORDS "100.users");
	run_hook(tree, start_pre, 100, &start);
	run_assert_code(&start, EXIT_FAILED);
	run_assert_says(&start, "VM 100: what has to be stopped for its devices cannot be noted in "
				"/" RECORDS "100.users: Too many levels of symbolic links");
	assert_int_equal(fake_kernel_writes(), 0);
	run_hook(tree, stop_post, 100, &stop);
	run_assert_code(&stop, EXIT_FAILED);
	run_assert_says(&stop, "VM 100: /" RECORDS "100.users, which tells what was stopped for "
			       "its devices, cannot be read: Too many levels of symbolic links");
	log = tree_text(tree, "tmp-log");
	assert_string_equal(log, "");
	tree_reveal(tree, RECORDS "100.users");
	scenario_must(tree, stop_post, 100);
	later = tree_text(tree, "tmp-log");
	assert_string_equal(later, STARTS);
}

/* The start fails, and post-stop is not called. */
static void test_users_after_a_failed_start(void **state)
{
	struct tree *tree = *state;
	auto_free char *log = NULL;

	use_fakes(tree);
	scenario_must(tree, start_pre, 100);
	scenario_must(tree, watch_run, 100);
	log = tree_text(tree, "tmp-log");
	assert_string_equal(log, STOPS STARTS);
	assert_string_equal(tree_driver_of(tree, DISK), "nvme");
}

static void test_user_does_not_stop(void **state)
{
	struct tree *tree = *state;
	auto_free char *log = NULL;
	auto_run struct run run = {0};

	use_fakes(tree);
	setenv("FAKE_STUCK", "105", 1);
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run,
			"container 105 could not be stopped: exit status 4: 105: got timeout; "
			"look at it: pct status 105");
	log = tree_text(tree, "tmp-log");
	assert_string_equal(log, STOPS STARTS);
	assert_int_equal(fake_kernel_writes(), 0);
	assert_false(tree_has(tree, RECORDS DISK));
}

/* With --root DIR nothing is stopped or started on the host that this runs on. */
static void test_users_of_another_root(void **state)
{
	struct tree *tree = *state;
	auto_free char *log = NULL, *said = fs_path("--root %s is not the running system: not run: "
						    "systemctl stop gpu.service",
						    tree->root.path);
	auto_run struct run run = {0};

	use_fakes(tree);
	tree_acts = false;
	run_hook(tree, start_pre, 100, &run);
	tree_acts = true;
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, said);
	log = tree_text(tree, "tmp-log");
	assert_string_equal(log, "");
	assert_int_equal(fake_kernel_writes(), 0);
}

/* A process has a node of the device open: the unit's, or another one. */
static void put_opener(struct tree *tree)
{
	tree_file(tree, FOLDER "/card/dev", "226:0\n");
	tree_file(tree, FOLDER "/card/uevent", "MAJOR=226\nMINOR=0\nDEVNAME=dri/card0\n");
	tree_process(tree, 4711, "Xorg", "Xorg");
	tree_process_opens(tree, 4711, 5, "/dev/dri/card0");
}

static void test_use_by_another_process(void **state)
{
	struct tree *tree = *state;
	auto_free char *log = NULL;
	auto_run struct run plan = {0};
	auto_run struct run run = {0};

	use_fakes(tree);
	put_opener(tree);
	run_hook(tree, scenario_plan, 100, &plan);
	run_assert_code(&plan, EXIT_DONE);
	run_assert_says(&plan,
			"the start first stops what the settings name for it, and looks again");
	run_hook(tree, start_pre, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	run_assert_says(&run, "refused: " DISK ": /dev/dri/card0 is open in process 4711 (Xorg)");
	log = tree_text(tree, "tmp-log");
	assert_string_equal(log, STOPS STARTS);
	assert_int_equal(fake_kernel_writes(), 0);
	assert_false(tree_has(tree, RECORDS DISK));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_returns_to_none),	      TEST(test_returns_to_a_driver),
		TEST(test_returns_to_a_modules_name), TEST(test_attributes),
		TEST(test_attribute_is_refused),      TEST(test_users),
		TEST(test_users_without_records),     TEST(test_users_after_a_failed_start),
		TEST(test_users_note_cannot_be_read), TEST(test_user_does_not_stop),
		TEST(test_users_of_another_root),     TEST(test_use_by_another_process),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
