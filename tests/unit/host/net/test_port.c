// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/port.h"

#include "fake_netlink.h"

#include "host/base/clock.h"
#include "host/process/worker.h"

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

static int read_in_worker(const struct worker *self, void *arg)
{
	auto_net_port struct net_port port = {0};

	(void)self;
	return net_port_read(arg, &nic, &port) ?: !port.bridge || strcmp(port.bridge, "vmbr0") != 0;
}

/* As fdb_update() reads it. */
static void assert_in_worker(struct fs_root *running)
{
	struct worker worker;

	assert_int_equal(worker_start(&worker, read_in_worker, running, 0, &running->fd, 1), 0);
	worker_wait_all(&worker, 1, clock_now_ms() + 10000, NULL, NULL);
	assert_true(worker.finished);
	assert_int_equal(worker.result, 0);
	worker_release(&worker);
}

/* What Open vSwitch says; sysfs knows of its ports only that they have its master. */
static void test_open_vswitch(void **state)
{
	struct tree *tree = *state;
	struct fs_root running = {.fd = tree->root.fd, .path = (char *)""};
	auto_free char *path = fs_path("%s/fakes/ovs:%s", TESTS_DIR, getenv("PATH"));
	auto_free char *before = strdup(getenv("PATH"));
	auto_net_port struct net_port none = {0}, plain = {0}, bonded = {0}, unknown = {0};
	auto_names struct fs_names names = {0};

	fake_netlink_interface(tree, NIC, "eth7", 7);
	bond(tree, "eth7", "ovs-system");
	assert_int_equal(net_port_read(&running, &nic, &none), 0);
	assert_true(!none.bridge && !none.unknown); /* without ovs-vsctl */
	setenv("PATH", path, 1);
	setenv("FAKE_ROOT", tree->root.path, 1);
	tree_file(tree, "ovs", "eth1 vmbr1\neth7 vmbr0\n");
	assert_int_equal(net_port_read(&running, &nic, &plain), 0);
	assert_string_equal(plain.bridge, "vmbr0");
	assert_in_worker(&running);
	/* A VLAN on that bridge is a port of another one. */
	tree_link(tree, "sys/devices/virtual/net/vmbr0/upper_vmbr0.30", "../vmbr0.30");
	tree_link(tree, "sys/class/net/vmbr0", "../../devices/virtual/net/vmbr0");
	tree_folder(tree, "sys/devices/virtual/net/vmbr0.30");
	tree_link(tree, "sys/class/net/vmbr0.30", "../../devices/virtual/net/vmbr0.30");
	fake_netlink_bridge(tree, "vmbr0.30", "vmbr30");
	assert_int_equal(net_port_bridges(&running, "eth7", &names), 0);
	assert_int_equal(names.n, 2);
	assert_true(fs_names_has(&names, "vmbr0") && fs_names_has(&names, "vmbr30"));
	/* It does not know it, or its database is down: that is not to be in no bridge. */
	tree_file(tree, "ovs", "");
	assert_int_equal(net_port_read(&running, &nic, &unknown), 0);
	assert_null(unknown.bridge);
	assert_int_equal(unknown.unknown, -EIO);
	assert_int_equal(net_port_bridges(&running, "eth7", &names), -EIO);
	/* A bond of the kernel's is a port itself. */
	tree_delete(tree, "sys/devices/virtual/net/ovs-system");
	tree_delete(tree, "sys/class/net/ovs-system");
	tree_delete(tree, "sys/bus/pci/devices/" NIC "/net/eth7/master");
	bond(tree, "eth7", "bond0");
	bond(tree, "bond0", "ovs-system");
	tree_file(tree, "ovs", "bond0 vmbr2\n");
	assert_int_equal(net_port_read(&running, &nic, &bonded), 0);
	assert_string_equal(bonded.bridge, "vmbr2");
	setenv("PATH", before, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_port),	 TEST(test_unreadable),
		TEST(test_bridges),	 TEST(test_vlan_of_the_card),
		TEST(test_open_vswitch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
