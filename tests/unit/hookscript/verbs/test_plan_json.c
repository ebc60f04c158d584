// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/json/plan_json.h"

#include "hookscript/pve/exit.h"
#include "keep_json.h"
#include "scenario.h"

static void test_plan(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_ALL);
	auto_json json_object *root = NULL;
	auto_run struct run run = {0};

	run_hook(tree, plan_json, 100, &run);
	run_assert_code(&run, EXIT_DONE);
	root = keep_json(run.out, "plan", "starts");
	assert_int_equal(json_number(root, "/vmid"), 100);
	assert_string_equal(json_text(root, "/verdict"), "starts");
	assert_int_equal(json_count(root, "/refusals"), 0);
	assert_int_equal(json_count(root, "/devices"), 6);
	assert_string_equal(json_text(root, "/devices/0/address"), GPU);
	assert_string_equal(json_text(root, "/devices/0/driver"), "gpu");
	assert_string_equal(json_text(root, "/devices/0/binds_to"), "vfio-pci");
	assert_string_equal(json_text(root, "/devices/0/returns_why"), "driver-now");
	assert_int_equal(json_number(root, "/devices/0/group"), 10);
	assert_null(json_at(root, "/devices/0/vf"));
	tree_assert_is(tree, TREE_ALL, before);
}

static void test_plan_refuses(void **state)
{
	auto_json json_object *root = NULL;
	auto_run struct run run = {0};

	tree_vm(*state, 100,
		"machine: pc\nhostpci0: 0000:01:00,pcie=1\nhostpci1: 0000:0f:00.0,pcie=1\n");
	run_hook(*state, plan_json, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	root = keep_json(run.out, "plan", "refused");
	assert_string_equal(json_text(root, "/verdict"), "refused");
	assert_int_equal(json_count(root, "/devices"), 0);
	assert_non_null(strstr(run.out, "\"reason\":\"absent\""));
	assert_non_null(json_text(root, "/refusals/0/what"));
	assert_true(json_count(root, "/refusals/0/cures") > 0);
}

/* Settings that cannot be read refuse all, as without --json. */
static void test_plan_without_settings(void **state)
{
	auto_json json_object *root = NULL;
	auto_run struct run run = {0};

	tree_file(*state, "etc/pve-passthrough.conf", "nonsense");
	run_hook(*state, plan_json, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	root = keep_json(run.out, "plan", "settings");
	assert_string_equal(json_text(root, "/refusals/0/reason"), "settings");
}

static void test_plan_of_nothing(void **state)
{
	auto_json json_object *none = NULL, *template = NULL, *pending = NULL;
	auto_run struct run run_none = {0}, run_template = {0}, run_pending = {0};

	tree_vm(*state, 100, "machine: q35\n");
	run_hook(*state, plan_json, 100, &run_none);
	run_assert_code(&run_none, EXIT_DONE);
	none = keep_json(run_none.out, "plan", "nothing");
	assert_string_equal(json_text(none, "/verdict"), "nothing");

	tree_vm(*state, 100, SCENARIO_CONFIG "template: 1\n");
	run_hook(*state, plan_json, 100, &run_template);
	run_assert_code(&run_template, EXIT_DONE);
	template = keep_json(run_template.out, "plan", "template");
	assert_true(json_number(template, "/template"));

	tree_vm(*state, 100, "machine: q35\nhostpci0: p40\n[PENDING]\nname: x\ncores: 2\n");
	run_hook(*state, plan_json, 100, &run_pending);
	run_assert_code(&run_pending, EXIT_DONE);
	pending = keep_json(run_pending.out, "plan", "pending");
	assert_string_equal(json_text(pending, "/pending"), "applied");
	assert_int_equal(json_count(pending, "/pending_keys"), 2);
	assert_string_equal(json_text(pending, "/pending_keys/0"), "name");
	assert_int_equal(json_count(pending, "/warnings"), 2);
}

/* Nothing is printed that a program would take for an answer. */
static void test_no_vm(void **state)
{
	static run_phase *const verbs[] = {plan_json, vm_json};

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		auto_run struct run run = {0};

		run_hook(*state, verbs[i], 999, &run);
		run_assert_code(&run, EXIT_FAILED);
		assert_string_equal(run.out, "");
		assert_non_null(strstr(run.err, "999"));
	}
}

static void test_vm(void **state)
{
	auto_json json_object *root = NULL, *exempt = NULL;
	auto_run struct run run = {0}, run_exempt = {0};

	run_hook(*state, vm_json, 100, &run);
	run_assert_code(&run, EXIT_REFUSED);
	root = keep_json(run.out, "vm", "incomplete");
	assert_string_equal(json_text(root, "/verdict"), "incomplete");
	assert_non_null(strstr(run.out, "\"reason\":\"need-hookscript\""));

	tree_vm(*state, 100, "template: 1\n");
	run_hook(*state, vm_json, 100, &run_exempt);
	run_assert_code(&run_exempt, EXIT_DONE);
	exempt = keep_json(run_exempt.out, "vm", "template");
	assert_string_equal(json_text(exempt, "/verdict"), "template");
	assert_int_equal(json_count(exempt, "/needs"), 0);
}

/* Each reason has a code, and each code one reason. */
static void test_codes(void **state)
{
	(void)state;
	for (enum refusal_reason reason = 0; reason < REFUSAL_REASONS; reason++) {
		assert_non_null(refusal_code(reason));
		for (enum refusal_reason other = 0; other < reason; other++)
			assert_string_not_equal(refusal_code(reason), refusal_code(other));
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scenario_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_plan),
		TEST(test_plan_refuses),
		TEST(test_plan_of_nothing),
		TEST(test_plan_without_settings),
		TEST(test_no_vm),
		TEST(test_vm),
		TEST(test_codes),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
