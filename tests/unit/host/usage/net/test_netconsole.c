// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/netconsole.h"

#include "tree.h"

#define BDF    "0000:03:00.0"
#define TARGET "sys/kernel/config/netconsole/log"

static void test_interface(void **state)
{
	static const struct {
		const char *value, *name;
	} rows[] = {
		{"6665@10.0.0.1/eth1,6666@10.0.0.2/00:11:22:33:44:55", "eth1"},
		{"@/enp3s0,@10.0.0.2/", "enp3s0"},
		{"+r6665@fe80::1/eth2,@fe80::2/", "eth2"},
		{"@/,@10.0.0.2/", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = 0;
		const char *name = netconsole_interface(rows[i].value, &len);

		assert_int_equal(!!name, !!rows[i].name);
		if (name)
			assert_int_equal(len, strlen(rows[i].name));
		if (name)
			assert_memory_equal(name, rows[i].name, len);
	}
}

/* Whether netconsole is found to use eth1 of the device. */
static void assert_found(struct tree *tree, bool found)
{
	const struct usage_device device = {.bdf = {0, 3, 0, 0}, .class = 0x020000};
	char dir[] = "sys/x/net", path[] = "sys/x/net/eth1", name[] = "eth1";
	struct survey_net nets[] = {{&device, dir, NULL}, {&device, path, name}};
	const struct survey survey = {.nets = nets, .n_nets = 2};
	auto_usage struct usage usage = {0};

	assert_int_equal(usage_find_netconsole(&tree->root, &survey, &usage), 0);
	assert_int_equal(usage.n, found);
	if (found) {
		assert_true(usage.items[0].harmless);
		assert_string_equal(usage.items[0].what, "netconsole sends the kernel's messages "
							 "through its interface eth1");
	}
}

static void test_targets(void **state)
{
	struct tree *tree = *state;

	assert_found(tree, false);
	tree_file(tree, TARGET "/enabled", "0\n");
	tree_file(tree, TARGET "/dev_name", "eth1\n");
	assert_found(tree, false);
	tree_file(tree, TARGET "/enabled", "1\n");
	assert_found(tree, true);
	tree_file(tree, TARGET "/dev_name", "eth10\n");
	assert_found(tree, false);
}

static void test_parameters(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "proc/cmdline",
		  "ro netconsole=@/eth0,@10.0.0.2/;@/eth1,@10.0.0.3/ quiet\n");
	/* The module is not loaded, so nothing reads the word. */
	assert_found(tree, false);
	tree_file(tree, "sys/module/netconsole/initstate", "live\n");
	assert_found(tree, true);
	tree_file(tree, "proc/cmdline", "ro\n");
	assert_found(tree, false);
	tree_file(tree, "etc/modprobe.d/log.conf",
		  "options netconsole netconsole=@/eth1,@10.0.0.2/\n");
	assert_found(tree, true);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_interface),
					   WITH_TREE(test_targets), WITH_TREE(test_parameters)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
