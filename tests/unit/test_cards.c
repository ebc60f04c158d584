// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/cards.h"

#include "scenario.h"

/* All but the bridge with a bus below and the platform's own, in order of address. */
static void test_cards(void **state)
{
	static const char *const expected[] = {"0000:00:1f.3", GPU,  SOUND, NEIGHBOUR,
					       PARKED,	       DISK, TWIN,  USB};
	struct tree *tree = *state;
	auto_cards struct cards cards = {0};
	auto_free char *before = NULL;

	tree_device(tree, &(struct tree_device){.bdf = "0000:00:1f.3",
						.vendor = 0x8086,
						.class = 0x040300,
						.group = -1});
	tree_device(tree, &(struct tree_device){.bdf = "0000:00:00.0",
						.vendor = 0x8086,
						.class = 0x060000,
						.group = 0});
	tree_device(tree, &(struct tree_device){.bdf = "0000:00:1f.0",
						.vendor = 0x8086,
						.class = 0x060100,
						.group = 1});
	before = tree_render(tree, TREE_ALL);
	assert_int_equal(cards_read(&tree->root, &cards), 0);
	tree_assert_is(tree, TREE_ALL, before);
	assert_int_equal(cards.n, ARRAY_SIZE(expected));
	for (size_t i = 0; i < cards.n; i++) {
		char address[BDF_TEXT_SIZE];

		assert_string_equal(bdf_format(&cards.items[i].bdf, address), expected[i]);
	}
	assert_true(cards.items[0].group < 0);
	assert_true(card_is_display(&cards.items[1]));
	assert_false(card_is_display(&cards.items[2]));
	assert_int_equal(cards.items[1].group, 10);
	assert_string_equal(cards.items[1].driver, "gpu");
	assert_non_null(strstr(cards.items[1].name, "[10de:1001]"));
	assert_null(cards.items[3].driver);
	assert_true(cards.items[6].express);
	assert_false(cards.items[7].express);
}

/* Who has a card, and what the host does with it. */
static void test_uses(void **state)
{
	struct tree *tree = *state;
	auto_cards struct cards cards = {0};

	tree_vm(tree, 101, "hostpci0: 03:00\n");
	tree_link(tree, "sys/devices/pci0000:00/" PARKED "/net/eth0/upper_vmbr0",
		  "/sys/class/net/vmbr0");
	tree_folder(tree, "sys/class/net/vmbr0");
	assert_int_equal(cards_read(&tree->root, &cards), 0);
	assert_int_equal(cards.n, 7);
	assert_string_equal(cards.items[3].vms, "VM 100 (hostpci1), VM 101 (hostpci0)");
	assert_string_equal(cards.items[3].used,
			    "its interface eth0 carries the host's network: below vmbr0");
	assert_null(cards.items[5].vms);
	assert_null(cards.items[5].used);
}

static void test_none(void **state)
{
	struct tree *tree = *state;
	auto_cards struct cards cards = {0};

	tree_folder(tree, "sys/bus/pci/devices");
	assert_int_equal(cards_read(&tree->root, &cards), 0);
	assert_int_equal(cards.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cards, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_uses, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_none, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
