// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host would miss while a PF makes its VFs. */
#include "tree.h"

#include "host/usage/pf_use.h"

#define PF "0000:03:00.0"
#define AT "sys/bus/pci/devices/" PF "/"

static const struct bdf pf = {0, 3, 0, 0};

static void test_links(void **state)
{
	static const char text[] =
		"nodelist {\n  node {\n    name: a\n    ring0_addr: 192.0.2.11\n"
		"\tring1_addr :\t2001:db8::1 \n    ring2_addr: a.example\n  }\n}\n";
	static const struct {
		const char *address;
		bool link;
	} rows[] = {
		{"192.0.2.11", true}, {"192.0.2.1", false},   {"92.0.2.11", false},
		{"a", false},	      {"2001:db8::1", true},  {"2001:db8::", false},
		{"", false},	      {"192.0.2.110", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (pf_use_is_link(text, rows[i].address) != rows[i].link)
			fail_msg("%s", rows[i].address);
	assert_false(pf_use_is_link("", "192.0.2.11"));
	assert_true(pf_use_is_link("ring0_addr: 192.0.2.11", "192.0.2.11"));
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
		cmocka_unit_test_setup_teardown(test_uses, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
