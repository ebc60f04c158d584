// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/netns.h"

#include "tree.h"

static void test_list(void **state)
{
	struct tree *tree = *state;
	auto_netns_list struct netns_list list = {0};
	auto_mounts struct mounts mounts = {0};

	tree_process(tree, 1, "systemd", "init");
	tree_link(tree, "proc/1/ns/net", "net:[4026531840]");
	tree_process(tree, 30, "bash", "bash");
	tree_link(tree, "proc/30/ns/net", "net:[4026531840]");
	tree_process(tree, 31, "dnsmasq", "dnsmasq");
	tree_link(tree, "proc/31/ns/net", "net:[4026532201]");
	tree_process(tree, 32, "nginx", "nginx");
	tree_file(tree, "proc/32/cgroup", "0::/lxc/105/ns\n");
	tree_link(tree, "proc/32/ns/net", "net:[4026532202]");
	tree_process(tree, 33, "nginx", "nginx");
	tree_link(tree, "proc/33/ns/net", "net:[4026532202]");
	tree_process(tree, 34, "gone", "gone"); /* without ns/net: it is a zombie */
	tree_file(tree, "proc/1/mountinfo",
		  "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		  "50 22 0:4 net:[4026532201] /run/netns/seen rw - nsfs nsfs rw\n"
		  "51 22 0:4 net:[4026532203] /run/netns/a\\040b rw shared:9 - nsfs nsfs rw\n"
		  "52 22 0:4 mnt:[4026532204] /run/other rw - nsfs nsfs rw\n");
	assert_int_equal(mounts_read(&tree->root, 1, &mounts), 0);
	assert_int_equal(netns_list_read(&tree->root, &mounts, &list), 0);
	assert_int_equal(list.n, 4);
	assert_int_equal(list.items[0].inode, 4026531840);
	assert_string_equal(list.items[0].name, "process 1 (systemd)");
	assert_string_equal(list.items[1].name, "process 31 (dnsmasq)");
	assert_string_equal(list.items[1].path, "proc/31/ns/net");
	assert_string_equal(list.items[2].name, "container 105");
	assert_string_equal(list.items[3].name, "/run/netns/a b");
	assert_string_equal(list.items[3].path, "run/netns/a b");
	assert_int_equal(list.items[3].pid, 0);
}

/* Without the host's own namespace nothing can be said of any. */
static void test_no_process_1(void **state)
{
	struct tree *tree = *state;
	struct netns_list list = {0};

	tree_file(tree, "proc/1/mountinfo", "");
	assert_int_equal(netns_list_read(&tree->root, &(struct mounts){0}, &list), -ENOENT);
	assert_null(list.items);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {WITH_TREE(test_list), WITH_TREE(test_no_process_1)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
