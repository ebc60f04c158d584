// SPDX-License-Identifier: GPL-2.0-or-later
/* Groups of machines that were read nowhere, and what would split them. */
#include "host/setup/groups/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ACS_ALL 0x1d

#define ROOT_PORT(...)                                                            \
	{                                                                         \
		.type = PCI_LINK_ROOT_PORT, .slot = true, .width = 4, __VA_ARGS__ \
	}
#define ENDPOINT(...)                                  \
	{                                              \
		.type = PCI_LINK_ENDPOINT, __VA_ARGS__ \
	}
#define ACS	.acs = true, .acs_able = ACS_ALL, .acs_control = ACS_ALL
#define ACS_OFF .acs = true, .acs_able = ACS_ALL

#define PORT(b, s, f, g, above, ...)                                               \
	{                                                                          \
		{0, b, s, f}, 0x0604, g, true, true, ROOT_PORT(__VA_ARGS__), above \
	}
#define CARD(b, f, g, class, above, ...)                                          \
	{                                                                         \
		{0, b, 0, f}, class, g, false, true, ENDPOINT(__VA_ARGS__), above \
	}

/* Two root ports of one slot without ACS, a card with two functions below each. */
static struct topology_device no_acs[] = {
	PORT(0, 0x1c, 0, 1, -1, .multifunction = true),
	PORT(0, 0x1c, 1, 1, -1, .multifunction = true),
	CARD(1, 0, 1, 0x0300, 0, .multifunction = true),
	CARD(1, 1, 1, 0x0403, 0, .multifunction = true),
	CARD(2, 0, 1, 0x0200, 1, .multifunction = false),
};

/* The same, and a port of a group of its own with nothing in it. */
static struct topology_device free_slot[] = {
	PORT(0, 0x1b, 0, 9, -1, ACS),
	PORT(0, 0x1c, 0, 1, -1, .multifunction = true),
	PORT(0, 0x1c, 1, 1, -1, .multifunction = true),
	CARD(1, 0, 1, 0x0300, 1, .multifunction = false),
	CARD(2, 0, 1, 0x0200, 2, .multifunction = false),
};

static const char command[] = "host-setup enable --acs-override=downstream && reboot";

struct host {
	struct topology topology;
	struct conf_items cmdline;
	struct split_facts facts;
	struct splits splits;
};

static void find(struct host *host, struct topology_device *items, size_t n, const char *cmdline,
		 const char *release)
{
	*host = (struct host){.topology = {items, n}};
	host->facts = (struct split_facts){&host->topology, &host->cmdline, release, false};
	assert_int_equal(cmdline_split(&host->cmdline, cmdline, NULL), 0);
	assert_int_equal(splits_find(&host->facts, 1, &host->splits), 0);
}

static void free_host(struct host *host)
{
	conf_items_free(&host->cmdline);
	splits_free(&host->splits);
}

#define auto_host	       cleanup_with(free_host)
#define FIND(host, items, ...) find(host, items, ARRAY_SIZE(items), __VA_ARGS__)

/* One that says nothing, when there is none. */
static const struct split *way(const struct host *host, enum split_how how)
{
	static const struct split none = {0};

	for (size_t i = 0; i < host->splits.n; i++)
		if (host->splits.items[i].how == how)
			return &host->splits.items[i];
	return &none;
}

static void assert_ways(const struct host *host, const char *names)
{
	char seen[256] = "";

	for (size_t i = 0; i < host->splits.n; i++) {
		strcat(seen, i ? " " : "");
		strcat(seen, split_how_name(host->splits.items[i].how));
	}
	assert_string_equal(seen, names);
}

static void assert_why(struct topology_device *items, size_t n, const char *wanted)
{
	const struct topology topology = {items, n};
	auto_free char *why = NULL;

	assert_int_equal(split_explain(&topology, 1, &why), 0);
	if (wanted)
		assert_string_equal(why, wanted);
	else
		assert_null(why);
}

/* The ports by name; the firmware; the override, by its least word, with its price. */
static void test_no_acs(void **state)
{
	auto_host struct host host;
	auto_splits struct splits in_vm = {0};
	const struct split *split;

	(void)state;
	FIND(&host, no_acs, "quiet", "6.8.12-4-pve");
	assert_ways(&host, "firmware acs-override");
	split = way(&host, SPLIT_FIRMWARE);
	assert_string_equal(split->what,
			    "ports 0000:00:1c.0, 0000:00:1c.1 show no ACS; if the firmware's setup "
			    "has ACS (often beside ARI and AER), switch it on there");
	assert_null(split->command);
	assert_null(split->price);
	assert_int_equal(split->ports.n, 2);
	split = way(&host, SPLIT_OVERRIDE);
	assert_string_equal(split->what, "the kernel can pretend that they are isolated");
	assert_string_equal(split->command, command);
	assert_non_null(strstr(split->price, "a guest that has one of them may reach the others"));
	assert_why(no_acs, ARRAY_SIZE(no_acs),
		   "bridges 0000:00:1c.0, 0000:00:1c.1 do not isolate what is below them (no ACS)");
	host.facts.in_vm = true;
	assert_int_equal(splits_find(&host.facts, 1, &in_vm), 0);
	assert_null(strstr(in_vm.items[0].what, "firmware"));
	assert_non_null(strstr(in_vm.items[0].what, "QEMU's pcie-root-port, without disable-acs"));
}

/* A word that the kernel does not know is no command. */
static void test_override_unknown(void **state)
{
	auto_host struct host debian = {0}, own = {0};

	(void)state;
	FIND(&debian, no_acs, "", "6.1.0-18-amd64");
	assert_null(way(&debian, SPLIT_OVERRIDE)->command);
	assert_string_equal(way(&debian, SPLIT_OVERRIDE)->what,
			    "the kernel can pretend, with pcie_acs_override=downstream; Proxmox "
			    "VE's kernels know that word, this one (6.1.0-18-amd64) does not");
	FIND(&own, no_acs, "", "6.9.1");
	assert_string_equal(way(&own, SPLIT_OVERRIDE)->command, command);
	assert_string_equal(way(&own, SPLIT_OVERRIDE)->what,
			    "the kernel can pretend that they are isolated, if this one (6.9.1) "
			    "has the patch, as Proxmox VE's have");
}

/* What is pretended already, and has not helped, is not advised again. */
static void test_override_in_vain(void **state)
{
	auto_host struct host host;

	(void)state;
	FIND(&host, no_acs, "pcie_acs_override=downstream,multifunction", "6.8.12-4-pve");
	assert_ways(&host, "");
}

/* What is pretended already, and splits other groups, stays. */
static void test_override_is_added(void **state)
{
	auto_host struct host host;

	(void)state;
	FIND(&host, no_acs, "pcie_acs_override=multifunction", "6.8.12-4-pve");
	assert_string_equal(way(&host, SPLIT_OVERRIDE)->command,
			    "host-setup enable --acs-override=both && reboot");
}

static void test_another_slot(void **state)
{
	auto_host struct host host;
	const struct split *split;

	(void)state;
	FIND(&host, free_slot, "", "6.8.12-4-pve");
	assert_ways(&host, "slot firmware acs-override");
	split = way(&host, SPLIT_SLOT);
	assert_string_equal(split->what, "another slot: a card in that of port 0000:00:1b.0 (x4), "
					 "which is empty, has a group of its own");
	assert_int_equal(split->ports.n, 1);
	assert_int_equal(split->ports.items[0].slot, 0x1b);
}

/* Not a slot: soldered; in use; not isolated; below what does not isolate; of an unknown kind. */
static void test_no_other_slot(void **state)
{
	struct topology_device hosts[5][ARRAY_SIZE(free_slot)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		memcpy(hosts[i], free_slot, sizeof(free_slot));
	hosts[0][0].link.slot = false;
	hosts[1][4].above = 0;
	hosts[2][0].link.acs = false;
	hosts[3][0].above = 1;
	hosts[4][0].read = false;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		auto_host struct host host;

		FIND(&host, hosts[i], "", "6.8.12-4-pve");
		assert_null(way(&host, SPLIT_SLOT)->what);
	}
}

/* A function of the chipset cannot be put anywhere. */
static void test_chipset(void **state)
{
	struct topology_device items[] = {
		PORT(0, 0x1b, 0, 9, -1, ACS),
		{{0, 0, 0x1f, 0}, 0x0601, 1, false, true, ENDPOINT(.multifunction = true), -1},
		{{0, 0, 0x1f, 3}, 0x0403, 1, false, true, ENDPOINT(.multifunction = true), -1},
	};
	auto_host struct host host;

	(void)state;
	FIND(&host, items, "", "6.8.12-4-pve");
	assert_ways(&host, "acs-override");
	assert_string_equal(way(&host, SPLIT_OVERRIDE)->command,
			    "host-setup enable --acs-override=multifunction && reboot");
	assert_why(items, ARRAY_SIZE(items), NULL);
}

/* One card is not too much, unless its functions are alike. */
static void test_one_card(void **state)
{
	struct topology_device items[] = {
		PORT(0, 0x1b, 0, 9, -1, ACS),
		PORT(0, 0x1c, 0, 8, -1, ACS),
		CARD(1, 0, 1, 0x0300, 1, .multifunction = true),
		CARD(1, 1, 1, 0x0403, 1, .multifunction = true),
	};
	const struct topology topology = {items, ARRAY_SIZE(items)};
	auto_host struct host card = {0}, ports = {0};

	(void)state;
	FIND(&card, items, "", "6.8.12-4-pve");
	assert_false(split_holds_much(&topology, 1));
	assert_ways(&card, "");
	items[3].class = 0x0300;
	assert_true(split_holds_much(&topology, 1));
	FIND(&ports, items, "", "6.8.12-4-pve");
	assert_ways(&ports, "slot acs-override");
	assert_string_equal(way(&ports, SPLIT_OVERRIDE)->command,
			    "host-setup enable --acs-override=multifunction && reboot");
}

/* Switched off, by a word or without one; the override does not touch a port that has ACS. */
static void test_off(void **state)
{
	struct topology_device items[] = {
		PORT(0, 0x1c, 0, 1, -1, .multifunction = true, ACS_OFF),
		PORT(0, 0x1c, 1, 1, -1, .multifunction = true, ACS_OFF),
		CARD(1, 0, 1, 0x0300, 0, .multifunction = false),
		CARD(2, 0, 1, 0x0200, 1, .multifunction = false),
	};
	auto_host struct host host = {0}, told = {0};

	(void)state;
	FIND(&host, items, "", "6.8.12-4-pve");
	assert_ways(&host, "acs-on");
	assert_string_equal(way(&host, SPLIT_ON)->what,
			    "the ACS of 0000:00:1c.0, 0000:00:1c.1 is off, and the kernel switches "
			    "it on when it finds them: reboot");
	assert_why(items, ARRAY_SIZE(items),
		   "0000:00:1c.0, 0000:00:1c.1 do not isolate: their ACS is off");
	FIND(&told, items, "pci=noaer,disable_acs_redir=pci:8086:a340", "6.8.12-4-pve");
	assert_string_equal(
		way(&told, SPLIT_ON)->what,
		"the ACS of 0000:00:1c.0, 0000:00:1c.1 is off: take "
		"pci=noaer,disable_acs_redir=pci:8086:a340 off the kernel command line, "
		"and reboot");
}

/* What a port cannot do and need not be told counts as done. */
static void test_not_controllable(void **state)
{
	struct topology_device items[] = {
		PORT(0, 0x1c, 0, 1, -1, .acs = true, .acs_able = 0x11, .acs_control = 0x11)};
	const struct topology topology = {items, 1};

	(void)state;
	assert_true(topology_isolates(&topology, 0, 0));
	items[0].link.acs_control = 0x10;
	assert_false(topology_isolates(&topology, 0, 0));
	assert_true(topology_isolates(&topology, 0, ASSUME_ON));
	assert_false(topology_isolates(&topology, 0, ASSUME_DOWNSTREAM));
}

/* Conventional PCI shares a bus, and no word changes that. */
static void test_conventional(void **state)
{
	struct topology_device items[] = {
		PORT(0, 0x1b, 0, 9, -1, ACS),
		PORT(0, 0x1c, 0, 8, -1, ACS),
		{{0, 1, 0, 0}, 0x0604, 1, true, true, {.type = PCI_LINK_TO_PCI}, 1},
		{{0, 2, 1, 0}, 0x0200, 1, false, true, {0}, 2},
		{{0, 2, 2, 0}, 0x0200, 1, false, true, {0}, 2},
	};
	auto_host struct host host;

	(void)state;
	FIND(&host, items, "", "6.8.12-4-pve");
	assert_ways(&host, "other-card");
	assert_string_equal(way(&host, SPLIT_CARD)->what,
			    "nothing splits conventional PCI (below 0000:01:00.0): only a card for "
			    "PCI Express in place of one of these, in a slot of its own");
	assert_why(items, ARRAY_SIZE(items),
		   "what is below bridge 0000:01:00.0 shares one bus of conventional PCI");
}

/* A switch whose ports isolate, below a root port that does not: all of it is one group. */
static void test_switch(void **state)
{
	struct topology_device items[] = {
		PORT(0, 0x1c, 0, 1, -1, .multifunction = false),
		{{0, 1, 0, 0}, 0x0604, 1, true, true, {.type = PCI_LINK_UPSTREAM}, 0},
		{{0, 2, 0, 0}, 0x0604, 1, true, true, {.type = PCI_LINK_DOWNSTREAM, ACS}, 1},
		{{0, 2, 1, 0}, 0x0604, 1, true, true, {.type = PCI_LINK_DOWNSTREAM, ACS}, 1},
		CARD(3, 0, 1, 0x0200, 2, .multifunction = false),
		CARD(4, 0, 1, 0x0200, 3, .multifunction = false),
	};
	auto_host struct host host = {0}, apart = {0};

	(void)state;
	FIND(&host, items, "", "6.8.12-4-pve");
	assert_ways(&host, "firmware acs-override");
	assert_int_equal(way(&host, SPLIT_FIRMWARE)->ports.n, 1);
	assert_why(items, ARRAY_SIZE(items),
		   "bridge 0000:00:1c.0 does not isolate what is below it (no ACS)");
	/* With it, they would not be together, so what holds them together is not seen. */
	items[0].link.acs = true;
	FIND(&apart, items, "", "6.8.12-4-pve");
	assert_ways(&apart, "");
}

/* Nothing is said of what cannot be seen. */
static void test_unread(void **state)
{
	struct topology_device items[ARRAY_SIZE(no_acs)];
	auto_host struct host host;

	(void)state;
	memcpy(items, no_acs, sizeof(no_acs));
	items[0].read = false;
	FIND(&host, items, "", "6.8.12-4-pve");
	assert_ways(&host, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_acs),
		cmocka_unit_test(test_override_unknown),
		cmocka_unit_test(test_override_is_added),
		cmocka_unit_test(test_override_in_vain),
		cmocka_unit_test(test_another_slot),
		cmocka_unit_test(test_no_other_slot),
		cmocka_unit_test(test_chipset),
		cmocka_unit_test(test_one_card),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_not_controllable),
		cmocka_unit_test(test_conventional),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
