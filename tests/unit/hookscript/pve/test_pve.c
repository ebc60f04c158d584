// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/pve.h"

#include <stdio.h>

#include "scenario.h"

static void test_vmid(void **state)
{
	static const struct {
		const char *text;
		unsigned int vmid; /* 0: none */
	} rows[] = {
		{"100", 100},	    {"999", 999},      {"999999999", 999999999},
		{"123456", 123456}, {"", 0},	       {"0", 0},
		{"1", 0},	    {"99", 0},	       {"099", 0},
		{"0100", 0},	    {"1000000000", 0}, {"99999999999999999999", 0},
		{"100 ", 0},	    {" 100", 0},       {"+100", 0},
		{"-100", 0},	    {"100a", 0},       {"0x100", 0},
		{"1e3", 0},	    {"100\n", 0},      {"../100", 0},
		{"1.0", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int vmid = 7;
		int err = pve_vmid_parse(rows[i].text, &vmid);

		assert_int_equal(err, rows[i].vmid ? 0 : -EINVAL);
		assert_int_equal(vmid, rows[i].vmid ? rows[i].vmid : 7);
	}
}

static void test_config_path(void **state)
{
	static const char here[] = "etc/pve/qemu-server/100.conf";
	static const struct {
		const char *from, *path;
	} rows[] = {
		{NULL, here},
		{"", here},
		{"pve1", "etc/pve/nodes/pve1/qemu-server/100.conf"},
		{"Node-2", "etc/pve/nodes/Node-2/qemu-server/100.conf"},
		{"7", "etc/pve/nodes/7/qemu-server/100.conf"},
		/* Hostile values are no node names. */
		{"..", here},
		{".", here},
		{"../../..", here},
		{"a/b", here},
		{"/", here},
		{"a.b", here},
		{"-a", here},
		{" a", here},
		{"a\n", here},
		{"a b", here},
		{"\xc3\xa9", here},
		{"0123456789012345678901234567890123456789012345678901234567890123", here},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *path = pve_config_path(100, rows[i].from);

		assert_string_equal(path, rows[i].path);
	}
}

static void test_runs(void **state)
{
	struct tree *tree = *state;

	assert_false(pve_vm_runs(&tree->root, 100));
	tree_vm_runs(tree, 100, 4711);
	assert_true(pve_vm_runs(&tree->root, 100));
	assert_false(pve_vm_runs(&tree->root, 101));
	assert_false(pve_vm_runs(&tree->root, 1000));
	/* What cannot be read may be of a VM that runs. */
	tree_obscure(tree, "proc/4711/cmdline");
	assert_true(pve_vm_runs(&tree->root, 100));
	tree_reveal(tree, "proc/4711/cmdline");
	tree_obscure(tree, "run/qemu-server/100.pid");
	assert_true(pve_vm_runs(&tree->root, 100));
	tree_reveal(tree, "run/qemu-server/100.pid");
	/* It has ended without removing its file. */
	tree_delete(tree, "proc/4711");
	assert_false(pve_vm_runs(&tree->root, 100));
	/* Its number was given to another process. */
	tree_process(tree, 4711, "bash", "-bash");
	assert_false(pve_vm_runs(&tree->root, 100));
}

/* What cannot be read is not absent. */
static void test_unreadable(void **state)
{
	const struct pve_reservation item = {.vmid = 100, .value = 4711};
	struct tree *tree = *state;
	auto_free char *node = NULL;

	tree_link(tree, "etc/pve/local", "nodes/pve7");
	assert_int_equal(pve_node_name(&tree->root, &node), 0);
	assert_string_equal(node, "pve7");
	tree_delete(tree, "etc/pve");
	tree_link(tree, "etc/pve", "pve");
	free(TAKE_PTR(node));
	assert_int_equal(pve_node_name(&tree->root, &node), -ELOOP);
	assert_null(node);

	assert_false(pve_reservation_holds(&tree->root, &item));
	tree_vm_runs(tree, 100, 4711);
	assert_true(pve_reservation_holds(&tree->root, &item));
	tree_obscure(tree, "proc/4711/cmdline");
	assert_true(pve_reservation_holds(&tree->root, &item));
}

static void test_command_lines(void **state)
{
	static const struct {
		const char *cmdline;
		bool runs;
	} rows[] = {
		{"kvm -pidfile /var/run/qemu-server/100.pid", true},
		{"kvm --pidfile /var/run/qemu-server/100.pid", true},
		{"kvm -id 100 -pidfile /var/run/qemu-server/100.pid -x", true},
		{"kvm -pidfile /var/run/qemu-server/1000.pid", false},
		{"kvm -pidfile /var/run/qemu-server/10.pid", false},
		{"kvm -pidfile /run/qemu-server/100.pid", false},
		{"kvm -pidfile /var/run/qemu-server/100.pidx", false},
		{"kvm -pidfile -x /var/run/qemu-server/100.pid", false},
		{"kvm pidfile /var/run/qemu-server/100.pid", false},
		{"kvm -pidfile=/var/run/qemu-server/100.pid", false},
		{"cat /var/run/qemu-server/100.pid", false},
		{"kvm -pidfile", false},
		{"", false},
	};
	struct tree *tree = *state;

	tree_file(tree, "run/qemu-server/100.pid", "4711\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_process(tree, 4711, "kvm", rows[i].cmdline);
		if (pve_vm_runs(&tree->root, 100) != rows[i].runs)
			fail_msg("runs or not: %s", rows[i].cmdline);
	}
	/* Without a NUL at the end, and with nothing at all (a zombie). */
	tree_bytes(tree, "proc/4711/cmdline", "kvm\0-pidfile\0/var/run/qemu-server/100.pid", 42);
	assert_true(pve_vm_runs(&tree->root, 100));
	tree_bytes(tree, "proc/4711/cmdline", "", 0);
	assert_false(pve_vm_runs(&tree->root, 100));
}

static void test_pid_files(void **state)
{
	static const struct {
		const char *text;
		bool runs;
	} rows[] = {
		{"4711\n", true},   {"4711", true},
		{"4711\n\n", true}, {"", false},
		{"\n", false},	    {"0\n", false},
		{"-1\n", false},    {"-4711\n", false},
		{"self\n", false},  {"99999999999999999999\n", false},
		{"4712\n", false},
	};
	struct tree *tree = *state;

	tree_vm_runs(tree, 100, 4711);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_file(tree, "run/qemu-server/100.pid", rows[i].text);
		if (pve_vm_runs(&tree->root, 100) != rows[i].runs)
			fail_msg("runs or not: '%s'", rows[i].text);
	}
}

static void test_locked(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_ALL);
	pid_t holder;

	assert_false(pve_vm_is_locked(&tree->root, 100));
	tree_assert_is(tree, TREE_ALL, before);
	holder = scenario_lock_vm(tree, 100);
	assert_true(pve_vm_is_locked(&tree->root, 100));
	assert_true(pve_vm_is_locked(&tree->root, 100));
	assert_false(pve_vm_is_locked(&tree->root, 101));
	scenario_end_process(holder);
	/* The file is left, without a lock; the check takes none. */
	assert_false(pve_vm_is_locked(&tree->root, 100));
	assert_false(pve_vm_is_locked(&tree->root, 100));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vmid),
		cmocka_unit_test(test_config_path),
		TEST(test_runs),
		TEST(test_unreadable),
		TEST(test_command_lines),
		TEST(test_pid_files),
		TEST(test_locked),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
