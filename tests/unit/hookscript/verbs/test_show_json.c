// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/json/show_json.h"

#include "hookscript/pve/exit.h"
#include "keep_json.h"
#include "scenario.h"

static void test_status_of_nothing(void **state)
{
	auto_json json_object *root = NULL;
	auto_run struct run run = {0};

	run_hook(*state, status_json, 0, &run);
	run_assert_code(&run, EXIT_DONE);
	root = keep_json(run.out, "status", "nothing");
	assert_int_equal(json_count(root, "/devices"), 0);
}

static void test_status(void **state)
{
	struct tree *tree = *state;
	auto_json json_object *root = NULL;
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	tree_device_gone(tree, USB);
	tree_file(tree, "var/lib/pve-passthrough/returns/" DISK, "");
	run_hook(tree, status_json, 0, &run);
	run_assert_code(&run, EXIT_DONE);
	root = keep_json(run.out, "status", "taken");
	assert_int_equal(json_count(root, "/devices"), 6);
	assert_string_equal(json_text(root, "/devices/0/address"), GPU);
	assert_string_equal(json_text(root, "/devices/0/driver_before"), "gpu");
	assert_string_equal(json_text(root, "/devices/0/driver"), "vfio-pci");
	assert_int_equal(json_number(root, "/devices/0/taken_by"), 100);
	assert_false(json_number(root, "/devices/5/there"));
	assert_null(json_at(root, "/devices/5/answers"));
	assert_int_equal(json_count(root, "/takers"), 1);
	assert_string_equal(json_text(root, "/takers/0/state"), "stopped");
	assert_string_equal(json_text(root, "/takers/0/cure"), "pve-passthrough restore 100");
}

/* As without --json: what can be read is shown, and the code says that not all of it could. */
static void test_status_with_a_broken_record(void **state)
{
	struct tree *tree = *state;
	auto_json json_object *root = NULL;
	auto_run struct run run = {0};

	scenario_must(tree, start_pre, 100);
	tree_file(tree, "run/pve-passthrough/records/" DISK, "garbage");
	tree_file(tree, "run/pve-passthrough/records/" TWIN ".broken", "garbage");
	run_hook(tree, status_json, 0, &run);
	run_assert_code(&run, EXIT_FAILED);
	root = keep_json(run.out, "status", "broken");
	assert_string_equal(json_text(root, "/unreadable/0/address"), DISK);
	assert_non_null(strstr(json_text(root, "/unreadable/0/cure"), "drivers_probe"));
	assert_string_equal(json_text(root, "/broken/0/address"), TWIN);
}

static void test_settings(void **state)
{
	struct tree *tree = *state;
	auto_json json_object *root = NULL;
	auto_run struct run run = {0};

	tree_file(tree, "etc/pve-passthrough.conf",
		  "deadline = 90;\nmail = false;\n"
		  "devices = ({ address = \"" GPU "\"; id = \"10de:1b80\";\n"
		  "allow = [ \"display\" ]; stop_ct = [ 105 ]; reset_method = \"flr bus\";\n"
		  "d3cold = false; });\n"
		  "vm100 = { machine = \"warn\"; hostpci0 = { vlan = 30; trust = true;\n"
		  "mac = \"stable\"; }; };\n");
	run_hook(tree, settings_json, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	root = keep_json(run.out, "settings", "all");
	assert_int_equal(json_number(root, "/settings/deadline/value"), 90);
	assert_string_equal(json_text(root, "/settings/deadline/file"),
			    "/etc/pve-passthrough.conf");
	assert_int_equal(json_number(root, "/settings/deadline/line"), 1);
	assert_string_equal(json_text(root, "/settings/machine/value"), "warn");
	assert_null(json_at(root, "/settings/group/file"));
	assert_string_equal(json_text(root, "/devices/0/settings/allow/value/0"), "display");
	assert_int_equal(json_number(root, "/devices/0/settings/stop_ct/value/0"), 105);
	assert_int_equal(json_number(root, "/entries/0/settings/vlan/value"), 30);
	assert_true(json_number(root, "/entries/0/settings/trust/value"));
}

static void test_bad_settings(void **state)
{
	auto_run struct run run = {0};

	tree_file(*state, "etc/pve-passthrough.conf", "nonsense");
	run_hook(*state, settings_json, 100, &run);
	run_assert_code(&run, EXIT_FAILED);
	assert_string_equal(run.out, "");
}

/* A journalctl that prints LINES, with exit status CODE. */
static void put_journalctl(struct tree *tree, const char *lines, int code)
{
	auto_free char *path = fs_path("%s/fake:/usr/bin:/bin", tree->root.path);
	auto_free char *text = fs_path("#!/bin/sh\ncat <<'END'\n%sEND\nexit %d\n", lines, code);

	tree_file(tree, "fake/journalctl", text);
	tree_mode(tree, "fake/journalctl", 0755);
	setenv("PATH", path, 1);
	tree_folder(tree, "var/log/journal");
}

/* journalctl has the newest first; here they are in order, as without --json. */
static void test_log(void **state)
{
	auto_json json_object *root = NULL;
	auto_run struct run run = {0};

	put_journalctl(*state,
		       "{\"__REALTIME_TIMESTAMP\":\"1700000002000007\",\"PRIORITY\":\"3\","
		       "\"MESSAGE\":\"second\",\"PVE_PHASE\":\"post-stop\","
		       "\"PCI_SLOT_NAME\":\"0000:01:00.0\",\"DRIVER\":\"gpu\"}\n"
		       "{\"__REALTIME_TIMESTAMP\":\"1700000001000000\",\"PRIORITY\":\"6\","
		       "\"MESSAGE\":\"first\",\"PVE_PHASE\":\"pre-start\"}\n",
		       0);
	run_hook(*state, log_json, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	root = keep_json(run.out, "log", "two");
	assert_true(json_number(root, "/complete"));
	assert_int_equal(json_count(root, "/messages"), 2);
	assert_string_equal(json_text(root, "/messages/0/message"), "first");
	assert_null(json_at(root, "/messages/0/address"));
	assert_int_equal(json_number(root, "/messages/1/time"), 1700000002);
	assert_int_equal(json_number(root, "/messages/1/usec"), 7);
	assert_int_equal(json_number(root, "/messages/1/priority"), 3);
	assert_string_equal(json_text(root, "/messages/1/driver"), "gpu");
}

static void test_no_log(void **state)
{
	auto_json json_object *root = NULL;
	auto_run struct run none = {0}, failed = {0}, absent = {0};

	put_journalctl(*state, "", 0);
	run_hook(*state, log_json, 100, &none);
	run_assert_code(&none, EXIT_DONE);
	root = keep_json(none.out, "log", "none");
	assert_int_equal(json_count(root, "/messages"), 0);
	put_journalctl(*state, "", 1);
	run_hook(*state, log_json, 100, &failed);
	run_assert_code(&failed, EXIT_FAILED);
	assert_string_equal(failed.out, "");
	tree_delete(*state, "var/log/journal");
	run_hook(*state, log_json, 100, &absent);
	run_assert_code(&absent, EXIT_FAILED);
	run_assert_says(&absent, "there is no journal here");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_status_of_nothing),
		TEST(test_status),
		TEST(test_status_with_a_broken_record),
		TEST(test_settings),
		TEST(test_bad_settings),
		TEST(test_log),
		TEST(test_no_log),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
