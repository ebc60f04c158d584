// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/process.h"

#include <fcntl.h>

#include "tree.h"

static void put(struct tree *tree, int pid, const char *cgroup, unsigned int uid)
{
	auto_free char *dir = fs_path("proc/%d", pid), *path = fs_path("proc/%d/cgroup", pid);

	tree_process(tree, pid, "x", "x");
	tree_file(tree, path, cgroup);
	assert_int_equal(fchownat(tree->root.fd, dir, uid, uid, 0), 0);
}

static void test_order(void **state)
{
	static const pid_t by_number[] = {8, 9, 10, 11, 12, 13};
	static const pid_t by_rank[] = {11, 13, 12, 8, 9, 10};
	struct tree *tree = *state;
	cleanup_with(process_list_free) struct process_list list = {0};

	put(tree, 13, "0::/user.slice/user-0.slice\n", 0);
	put(tree, 12, "0::/system.slice/x.service\n", 33);
	put(tree, 11, "0::/system.slice/y.service\n", 0);
	put(tree, 10, "0::/user.slice/user-1000.slice\n", 1000);
	put(tree, 9, "0::/system.slice/cron.service\n", 1000);
	/* su, which a user has started. */
	put(tree, 8, "0::/user.slice/user-1000.slice\n", 0);
	tree_file(tree, "proc/8/status", "Name:\tsu\nUid:\t1000\t0\t0\t0\n");
	tree_file(tree, "proc/13/status", "Name:\tx\nUid:\t0\t0\t0\t0\n");
	tree_file(tree, "proc/self", "");
	assert_int_equal(process_list_read(&tree->root, &list), 0);
	assert_int_equal(list.n, ARRAY_SIZE(by_number));
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(list.items[i].pid, by_number[i]);
	assert_int_equal(process_list_rank(&tree->root, &list), 0);
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(list.items[i].pid, by_rank[i]);
	assert_int_equal(list.items[0].rank, PROCESS_ROOT);
	assert_int_equal(list.items[2].rank, PROCESS_SERVICE);
	for (size_t i = 3; i < list.n; i++)
		assert_int_equal(list.items[i].rank, PROCESS_USER);
}

/* None is no error in a tree; but the running system has processes. */
static void test_none(void **state)
{
	struct tree *tree = *state;
	auto_close int empty = fs_open(&tree->root, "proc", O_RDONLY | O_DIRECTORY, 0);
	struct fs_root running = {.fd = empty, .path = (char *)(uintptr_t) ""};
	struct process_list list;

	assert_int_equal(process_list_read(&tree->root, &list), 0);
	assert_int_equal(list.n, 0);
	assert_int_equal(process_list_rank(&tree->root, &list), 0);
	assert_int_equal(process_list_namespaces(&tree->root, &list, "net", NULL), 0);
	assert_int_equal(process_list_read(&running, &list), -ENOENT);
}

static void test_namespaces(void **state)
{
	struct tree *tree = *state;
	cleanup_with(process_list_free) struct process_list list = {0};
	unsigned long inodes[3] = {1, 1, 1};

	for (int pid = 1; pid <= 3; pid++)
		tree_process(tree, pid, "x", "x");
	tree_link(tree, "proc/1/ns/net", "net:[4026531840]");
	tree_link(tree, "proc/3/ns/net", "net:[4026532201]"); /* 2 has ended */
	assert_int_equal(process_list_read(&tree->root, &list), 0);
	assert_int_equal(process_list_namespaces(&tree->root, &list, "net", inodes), 0);
	assert_int_equal(inodes[0], 4026531840);
	assert_int_equal(inodes[1], 0);
	assert_int_equal(inodes[2], 4026532201);
	tree_file(tree, "proc/2/ns/net", ""); /* EINVAL: no absence */
	assert_int_equal(process_list_namespaces(&tree->root, &list, "net", inodes), -EINVAL);
}

static void test_ended(void **state)
{
	struct tree *tree = *state;

	tree_process(tree, 5, "x", "x");
	assert_true(process_has_ended(&tree->root, 5, -ENOENT));
	assert_true(process_has_ended(&tree->root, 5, -ESRCH));
	assert_false(process_has_ended(&tree->root, 5, -EACCES));
	assert_true(process_has_ended(&tree->root, 6, -EACCES));
	assert_false(process_has_ended(&tree->root, 6, -EIO));
	assert_false(process_has_ended(&tree->root, 6, 0));
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {WITH_TREE(test_order), WITH_TREE(test_none),
					   WITH_TREE(test_namespaces), WITH_TREE(test_ended)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
