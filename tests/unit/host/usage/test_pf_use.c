// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host would miss while a PF makes its VFs. */
#include "tree.h"

#include "host/usage/pf_use.h"

#define PF "0000:03:00.0"
#define AT "sys/bus/pci/devices/" PF "/"

static const struct bdf pf = {0, 3, 0, 0};

static const char conf[] =
	"totem {\n  cluster_name: lab\n  interface {\n    linknumber: 0\n  }\n}\n"
	"nodelist {\n  node {\n    name: other\n    ring0_addr: 192.0.2.12\n    ring1_addr: other\n  }\n"
	"  node {\n    ring0_addr: 192.0.2.11\n\tring1_addr :\t2001:DB8:0::1 \n    name: pve1\n"
	"    ring2_addr: pve1-ring\n    ring3_addr: pve1.example\n    #ring4_addr: 192.0.2.99\n"
	"  }\n}\n";
static const char hosts[] = "127.0.0.1 localhost\n# 192.0.2.13 pve1-ring\n"
			    "198.51.100.7\tPVE1-ring.lab pve1-ring # the second card\n"
			    "2001:db8::7 pve1-ring\nname pve1.example\n";

/* What is said of an address of eth0, in few words, when NODE is this node. */
static void assert_links(const char *node, const char *address, const char *expected)
{
	auto_cluster_links struct cluster_links links = {0};
	auto_usage struct usage usage = {0};
	auto_free char *text = NULL;

	assert_int_equal(cluster_links_parse(conf, hosts, node, &links), 0);
	assert_int_equal(pf_use_add_links(&pf, "eth0", address, &links, &usage), 0);
	/* What is not known is said once, not of each address. */
	assert_int_equal(pf_use_add_links(&pf, "eth0", "203.0.113.9", &links, &usage), 0);
	text = pf_use_text(&usage);
	assert_string_equal(text, expected);
}

static void assert_unreachable(const char *address)
{
	auto_cluster_links struct cluster_links links = {0};
	auto_usage struct usage usage = {0};

	assert_int_equal(cluster_links_parse(conf, hosts, "pve1", &links), 0);
	assert_int_equal(pf_use_add_links(&pf, "eth0", address, &links, &usage), 0);
	assert_int_equal(usage.n, 0);
}

static void test_links(void **state)
{
	static const char unknown[] =
		"the cluster's link (corosync) may go over it, by eth0: its "
		"address is the name pve1.example, which is not in /etc/hosts";
	static const char *const addresses[] = {"192.0.2.11", "2001:db8::1", "198.51.100.7",
						"2001:db8::7"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		auto_free char *both = fs_path(
			"the cluster's link (corosync, %s) goes over it, by eth0; %s", addresses[i],
			unknown);

		assert_links("pve1", addresses[i], both);
	}
	/* That of another node, and one that is not the whole address. */
	assert_links("pve1", "192.0.2.12", unknown);
	assert_links("pve1", "192.0.2.1", unknown);
	/* No other node reaches these. */
	assert_unreachable("fe80::1%eth0");
	assert_unreachable("169.254.3.4");
	/* A name of another node decides nothing; without a node of that name each may be this one.
	 */
	assert_links(
		"other", "192.0.2.12",
		"the cluster's link (corosync, 192.0.2.12) goes over it, by eth0; the cluster's "
		"link (corosync) may go over it, by eth0: its address is the name other, which "
		"is not in /etc/hosts");
}

static void test_link_texts(void **state)
{
	static const struct {
		const char *conf, *node;
		size_t n;
	} rows[] = {
		{"", "a", 0},
		{"totem {\n}\n", "a", 0},
		{"ring0_addr: 192.0.2.11", "a", 1},
		{"node {\n name: b\n ring0_addr: 192.0.2.11\n}\nnode {\n ring0_addr: x\n}\n", "a",
		 2},
		{"node {\n name: b\n ring0_addr: 192.0.2.11\n}\nnode {\n ring0_addr: x\n}\n", "B",
		 1},
		{"node {\r\n name: a\r\n ring10_addr: 192.0.2.11\r\n}\r\n", "a", 1},
		{"node {\n ring_addr: x\n ring0_address: y\n ringx_addr: z\n}\n", "a", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_cluster_links struct cluster_links links = {0};

		assert_int_equal(cluster_links_parse(rows[i].conf, "", rows[i].node, &links), 0);
		if (links.n != rows[i].n)
			fail_msg("row %zu: %zu links", i, links.n);
	}
}

/* How many uses there are. */
static size_t uses(struct tree *tree)
{
	auto_usage struct usage usage = {0};
	auto_free char *text = NULL;

	assert_int_equal(pf_use_read(&tree->root, &pf, &usage), 0);
	text = pf_use_text(&usage);
	assert_non_null(text);
	return usage.n;
}

static void test_uses(void **state)
{
	struct tree *tree = *state;

	tree_process(tree, 1, "systemd", "/sbin/init");
	tree_driver(tree, "ixgbe", "ixgbe");
	tree_driver(tree, "xe", "xe");
	tree_device(tree, &(struct tree_device){PF, 0x8086, 0x10fb, 0, 0, 0x020000, 20, "ixgbe",
						NULL, NULL, true, false});
	assert_int_equal(uses(tree), 0);
	/* Its VFs alone are no use of the PF. */
	tree_link(tree, AT "virtfn0", "../" PF);
	assert_int_equal(uses(tree), 0);
	tree_folder(tree, AT "net/eno1/upper_bond0");
	tree_link(tree, "sys/class/net/eno1", "../../bus/pci/devices/" PF "/net/eno1");
	assert_int_equal(uses(tree), 1);
	tree_bind(tree, PF, "xe");
	assert_int_equal(uses(tree), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_link_texts),
		cmocka_unit_test_setup_teardown(test_uses, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
