// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether HA lets this node reboot by itself. */
#include "hookscript/pve/ha_node.h"

#include "hookscript/pve/cluster.h"
#include "hookscript/pve/exit.h"
#include "hookscript/pve/ha.h"
#include "scenario.h"

static int refuse(const struct fs_root *root, unsigned int vmid)
{
	(void)vmid;
	return ha_node_refuse(root);
}

static void put(struct tree *tree, const char *path, const char *text)
{
	if (text)
		tree_file(tree, path, text);
	else
		tree_delete(tree, path);
}

static void test_refused(void **state)
{
	static const char maintenance[] =
		"{\"node_status\":{\"a\":\"maintenance\",\"b\":\"online\"}}";
	static const struct {
		const char *resources, *status;
		int code;
		const char *says;
	} rows[] = {
		{NULL, NULL, 0, ""},
		{"", NULL, 0, ""},
		{"vm: 100\n\tstate started\n", NULL, EXIT_REFUSED,
		 "HA manages vm:100 on this node"},
		{"vm: 100\n\tstate ignored\n", NULL, 0, ""},
		{"vm: 100\n\n"
		 "vm: 100\n\tstate ignored\n",
		 NULL, 0, ""},
		{"vm: 101\n\nct: 100\n", NULL, 0, ""},
		{"vm: 100\n\nct: 200\n", "{\"node_status\":{\"a\":\"online\"}}", EXIT_REFUSED,
		 "HA manages vm:100, ct:200 on this node"},
		{"vm: 100\n", "{\"node_status\":{\"b\":\"maintenance\"}}", EXIT_REFUSED,
		 "first: ha-manager crm-command node-maintenance enable a"},
		{"vm: 100\n", "{\"node_status\":[]}", EXIT_REFUSED, "once the change is confirmed"},
		{"vm: 100\n", maintenance, 0, ""},
		{"vm: 100\n", "torn", EXIT_REFUSED, "could not be read"},
		{"vm: 100\n", "", EXIT_REFUSED, "could not be read"},
	};
	struct tree *tree = *state;

	tree_link(tree, "etc/pve/local", "nodes/a");
	tree_file(tree, CLUSTER_MEMBERS, "{\"nodename\": \"a\", \"version\": 4}\n");
	tree_file(tree, "etc/pve/qemu-server/100.conf", "");
	tree_file(tree, "etc/pve/lxc/200.conf", "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_run struct run run = {0};

		put(tree, HA_RESOURCES, rows[i].resources);
		put(tree, HA_STATUS, rows[i].status);
		run_hook(tree, refuse, 0, &run);
		run_assert_code(&run, rows[i].code);
		run_assert_says(&run, rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, scenario_setup, fake_kernel_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
