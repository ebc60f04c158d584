// SPDX-License-Identifier: GPL-2.0-or-later
/* Which nodes Proxmox VE's HA may start a VM on, and the node list. */
#include "hookscript/pve/ha.h"

#include <stdio.h>

#include "hookscript/pve/cluster.h"
#include "tree.h"

#define MEMBERS(quorate)                                                               \
	"{\n\"nodename\": \"a\",\n\"version\": 4,\n\"cluster\": { \"name\": \"c\", "   \
	"\"version\": 3, \"nodes\": 3, \"quorate\": " quorate " },\n\"nodelist\": {\n" \
	"  \"a\": { \"id\": 1, \"online\": 1, \"ip\": \"10.0.0.1\"},\n"                \
	"  \"b\": { \"id\": 2, \"online\": 1, \"ip\": \"10.0.0.2\"},\n"                \
	"  \"c\": { \"id\": 3, \"online\": 0}\n  }\n}\n"

static int setup(void **state)
{
	if (tree_setup(state))
		return -1;
	tree_link(*state, "etc/pve/local", "nodes/a");
	tree_file(*state, CLUSTER_MEMBERS, MEMBERS("1"));
	return 0;
}

/* "-" when HA does not manage VM 100, else the other nodes that it may start it on. */
static char *read_nodes(struct tree *tree)
{
	auto_ha struct ha ha = {0};
	char *nodes;

	assert_int_equal(ha_read(&tree->root, 100, &ha), 0);
	if (!ha.managed)
		return strdup("-");
	nodes = ha_other_nodes(&ha);
	assert_non_null(nodes);
	assert_int_equal(ha_moves(&ha), *nodes != '\0');
	return nodes;
}

#define VM "vm: 100\n\tstate started\n"

static void test_nodes(void **state)
{
	static const struct {
		const char *resources, *groups, *rules, *nodes;
	} rows[] = {
		{NULL, NULL, NULL, "-"},
		{"", NULL, NULL, "-"},
		{"vm: 1000\n\n ct: 100\n", NULL, NULL, "-"},
		{"ct: 100\n", NULL, NULL, "-"},
		{VM, NULL, NULL, "b, c"},
		{"VM: 100\n", NULL, NULL, "b, c"},
		{"vm:100\n", NULL, NULL, "b, c"},
		{"vm: 100\n\tstate ignored\n", NULL, NULL, "-"},
		{"vm: 100\n\tstate stopped\n", NULL, NULL, "b, c"},
		{"vm: 100\n\tstate ignored\n\n" VM, NULL, NULL, "b, c"},
		/* Proxmox VE 8. */
		{VM "\tgroup g\n", "group: g\n\tnodes a:2,b:1\n\trestricted 1\n", NULL, "b"},
		{VM "\tgroup g\n", "group: g\n\tnodes a,b\n\trestricted 0\n", NULL, "b, c"},
		{VM "\tgroup g\n", "group: g\n\tnodes a,b\n", NULL, "b, c"},
		{VM "\tgroup g\n", "group: g\n\tnodes a\n\trestricted 1\n", NULL, ""},
		{VM "\tgroup g\n", "group: h\n\tnodes a\n\trestricted 1\n", NULL, "b, c"},
		{VM, "group: g\n\tnodes a\n\trestricted 1\n", NULL, "b, c"},
		/* Since 9. */
		{VM, NULL, "node-affinity: r\n\tresources ct:1,vm:100\n\tnodes a,c:9\n\tstrict 1\n",
		 "c"},
		{VM, NULL, "node-affinity: r\n\tresources vm:100\n\tnodes a,c\n", "b, c"},
		{VM, NULL, "node-affinity: r\n\tresources vm:100\n\tnodes a\n\tstrict\n", ""},
		{VM, NULL,
		 "node-affinity: r\n\tdisable 1\n\tresources vm:100\n\tnodes a\n"
		 "\tstrict 1\n",
		 "b, c"},
		{VM, NULL, "node-affinity: r\n\tresources vm:1000\n\tnodes a\n\tstrict 1\n",
		 "b, c"},
		{VM, NULL, "resource-affinity: r\n\tresources vm:100\n\taffinity negative\n",
		 "b, c"},
		/* HA drops both. */
		{VM, NULL,
		 "node-affinity: r\n\tresources vm:100\n\tnodes a\n\tstrict 1\n\n"
		 "node-affinity: s\n\tresources vm:100\n\tnodes b\n\tstrict 1\n",
		 "b, c"},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *nodes = NULL;

		tree_delete(tree, "etc/pve/ha");
		if (rows[i].resources)
			tree_file(tree, HA_RESOURCES, rows[i].resources);
		if (rows[i].groups)
			tree_file(tree, HA_GROUPS, rows[i].groups);
		if (rows[i].rules)
			tree_file(tree, HA_RULES, rows[i].rules);
		nodes = read_nodes(tree);
		if (strcmp(nodes, rows[i].nodes) != 0)
			print_error("row %zu\n", i);
		assert_string_equal(nodes, rows[i].nodes);
	}
}

/* Unknown is not absent. */
static void test_unreadable(void **state)
{
	static const char *const files[] = {HA_RESOURCES, HA_GROUPS, HA_RULES, CLUSTER_MEMBERS};
	struct tree *tree = *state;
	struct ha ha;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		tree_file(tree, HA_RESOURCES, VM "\tgroup g\n");
		tree_file(tree, HA_GROUPS, "");
		tree_file(tree, HA_RULES, "");
		tree_obscure(tree, files[i]);
		assert_int_equal(ha_read(&tree->root, 100, &ha), -ELOOP);
		tree_reveal(tree, files[i]);
	}
	tree_file(tree, CLUSTER_MEMBERS, "no JSON");
	assert_int_equal(ha_read(&tree->root, 100, &ha), -EBADMSG);
}

static void test_cluster(void **state)
{
	static const struct {
		const char *members;
		size_t n, n_gone;
		bool no_quorum;
	} rows[] = {
		{MEMBERS("1"), 3, 1, false},
		{MEMBERS("0"), 3, 1, true},
		{"{\"nodename\": \"a\", \"version\": 3}", 1, 0, false},
		{"{\"nodelist\": {\"a\": {}, \"b/..\": {}}}", 1, 0, false},
		{NULL, 2, 0, false},
	};
	struct tree *tree = *state;

	tree_folder(tree, "etc/pve/nodes/z");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_cluster struct cluster cluster = {0};

		tree_delete(tree, CLUSTER_MEMBERS);
		if (rows[i].members)
			tree_file(tree, CLUSTER_MEMBERS, rows[i].members);
		assert_int_equal(cluster_read(&tree->root, &cluster), 0);
		assert_string_equal(cluster.here, "a");
		assert_int_equal(cluster.nodes.n, rows[i].n);
		assert_int_equal(cluster.gone.n, rows[i].n_gone);
		assert_int_equal(cluster.no_quorum, rows[i].no_quorum);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nodes),
		TEST(test_unreadable),
		TEST(test_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
