// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/port.h"

#include "fake_netlink.h"

#define NIC "0000:07:00.0"

static const struct bdf nic = {0, 7, 0, 0};

static int setup(void **state)
{
	static const struct tree_device device = {
		.bdf = NIC, .vendor = 0x8086, .device = 0x10c9, .group = -1};

	if (tree_setup(state))
		return -1;
	tree_device(*state, &device);
	return 0;
}

static void assert_port(struct tree *tree, const char *name, const char *bridge)
{
	auto_net_port struct net_port port = {0};

	assert_int_equal(net_port_read(&tree->root, &nic, &port), 0);
	assert_true(name ? port.name && !strcmp(port.name, name) : !port.name);
	assert_true(bridge ? port.bridge && !strcmp(port.bridge, bridge) : !port.bridge);
}

/* A master that is no bridge. */
static void bond(struct tree *tree, const char *interface, const char *name)
{
	auto_free char *path = fs_path("sys/devices/virtual/net/%s/bridge", name);

	fake_netlink_bridge(tree, interface, name);
	tree_delete(tree, path);
}

static void test_port(void **state)
{
	struct tree *tree = *state;

	assert_port(tree, NULL, NULL);
	fake_netlink_interface(tree, NIC, "eth7", 7);
	assert_port(tree, "eth7", NULL);
	bond(tree, "eth7", "bond0");
	assert_port(tree, "eth7", NULL);
	fake_netlink_bridge(tree, "bond0", "vmbr0");
	assert_port(tree, "eth7", "vmbr0");
	/* Beside it, an interface that stands for a VF. */
	fake_netlink_interface(tree, NIC, "eth1", 1);
	assert_port(tree, "eth7", "vmbr0");
}

static void test_unreadable(void **state)
{
	struct tree *tree = *state;
	struct net_port port = {0};

	fake_netlink_interface(tree, NIC, "eth7", 7);
	fake_netlink_bridge(tree, "eth7", "vmbr0");
	tree_obscure(tree, "sys/devices/virtual/net/vmbr0");
	assert_int_equal(net_port_read(&tree->root, &nic, &port), -ELOOP);
	assert_null(port.name);
}

/* vmbr0.30, a VLAN of the bridge, is a port of another one. */
static void test_bridges(void **state)
{
	struct tree *tree = *state;
	auto_names struct fs_names names = {0};

	fake_netlink_interface(tree, NIC, "eth7", 7);
	fake_netlink_bridge(tree, "eth7", "vmbr0");
	tree_link(tree, "sys/devices/virtual/net/vmbr0/upper_vmbr0.30", "../vmbr0.30");
	tree_link(tree, "sys/devices/virtual/net/vmbr0/upper_vmbr0.31", "../vmbr0.31");
	tree_folder(tree, "sys/devices/virtual/net/vmbr0.30");
	tree_folder(tree, "sys/devices/virtual/net/vmbr0.31");
	tree_link(tree, "sys/class/net/vmbr0.30", "../../devices/virtual/net/vmbr0.30");
	tree_link(tree, "sys/class/net/vmbr0.31", "../../devices/virtual/net/vmbr0.31");
	fake_netlink_bridge(tree, "vmbr0.30", "vnet0");
	assert_int_equal(net_port_bridges(&tree->root, "vmbr0", &names), 0);
	assert_int_equal(names.n, 2);
	assert_true(fs_names_has(&names, "vmbr0") && fs_names_has(&names, "vnet0"));
}

/* As ifupdown2 has "bridge-ports bond0.30": the card itself is in no bridge, its VLANs are. */
static void test_vlan_of_the_card(void **state)
{
	struct tree *tree = *state;
	auto_names struct fs_names names = {0};

	fake_netlink_interface(tree, NIC, "eth7", 7);
	bond(tree, "eth7", "bond0");
	tree_link(tree, "sys/devices/virtual/net/bond0/upper_bond0.30", "../bond0.30");
	tree_link(tree, "sys/devices/virtual/net/bond0/upper_bond0.31", "../bond0.31");
	tree_folder(tree, "sys/devices/virtual/net/bond0.30");
	tree_folder(tree, "sys/devices/virtual/net/bond0.31");
	tree_link(tree, "sys/class/net/bond0.30", "../../devices/virtual/net/bond0.30");
	tree_link(tree, "sys/class/net/bond0.31", "../../devices/virtual/net/bond0.31");
	assert_port(tree, "eth7", NULL);
	fake_netlink_bridge(tree, "bond0.30", "vmbr30");
	fake_netlink_bridge(tree, "bond0.31", "vmbr31");
	assert_port(tree, "eth7", "vmbr30");
	assert_int_equal(net_port_bridges(&tree->root, "eth7", &names), 0);
	assert_int_equal(names.n, 2);
	assert_true(fs_names_has(&names, "vmbr30") && fs_names_has(&names, "vmbr31"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_port),
		TEST(test_unreadable),
		TEST(test_bridges),
		TEST(test_vlan_of_the_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
