// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/net_uses.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static char systemd[] = "process 1 (systemd)", container[] = "container 105";
static struct netns spaces[] = {{.inode = 1, .name = systemd}, {.inode = 2, .name = container}};

/* The NIC, and what may lie on it; each test takes as many as it needs. */
static char none[] = "", eth0[] = "eth0", eth1[] = "eth1", eth1_7[] = "eth1.7";
static char is_vlan[] = "vlan", is_macvlan[] = "macvlan", device[] = "0000:03:00.0";
static struct net_link nic = {.index = 4, .name = eth1, .kind = none, .parent = device};
static struct net_link vlan = {
	.index = 5, .name = eth1_7, .kind = is_vlan, .parent = none, .lower = 4};
static struct net_link macvlan = {
	.ns = 1, .index = 4, .name = eth0, .kind = is_macvlan, .parent = none, .lower = 4};

static struct net_use use_of(enum net_use_kind kind, const char *ip)
{
	struct net_use use = {.kind = kind, .family = strchr(ip, ':') ? AF_INET6 : AF_INET};

	assert_int_equal(inet_pton(use.family, ip, &use.ip), 1);
	return use;
}

/* Asserts what the uses of the first of the links are, and what they warn of (NULL: nothing). */
static void assert_uses(struct net_link *links, size_t n_links, struct net_use *uses, size_t n_uses,
			const char *what, const char *warning, const char *elsewhere)
{
	struct net_tables tables = {.spaces = {spaces, ARRAY_SIZE(spaces)},
				    .links = links,
				    .n_links = n_links,
				    .uses = uses,
				    .n_uses = n_uses};
	const struct fs_names uppers = {0};
	auto_net_uses struct net_uses found = {0};

	assert_int_equal(net_uses_describe(&tables, &links[0], &uppers, &found), 0);
	assert_string_equal(found.what, what);
	if (warning)
		assert_non_null(found.warning);
	else
		assert_null(found.warning);
	if (warning)
		assert_string_equal(found.warning, warning);
	assert_string_equal(found.elsewhere ? found.elsewhere : "", elsewhere ? elsewhere : "");
}

static void test_stacked(void **state)
{
	struct net_link other = macvlan, unknown = macvlan;
	struct net_link here[] = {nic, vlan}, there[] = {nic, macvlan};

	(void)state;
	assert_uses(here, 2, NULL, 0, "below eth1.7", NULL, NULL);
	assert_uses(there, 2, NULL, 0,
		    "below the macvlan eth0 in the network namespace of container 105", NULL,
		    "container 105");
	/* On an interface of that number in its own namespace; and in one that cannot be told. */
	other.lower_ns = 1;
	assert_uses((struct net_link[]){nic, other}, 2, NULL, 0, "", NULL, NULL);
	unknown.lower_ns = SIZE_MAX;
	assert_uses((struct net_link[]){nic, unknown}, 2, NULL, 0,
		    "below the macvlan eth0 in the network namespace of container 105", NULL,
		    "container 105");
}

static void test_named(void **state)
{
	struct net_use uses[] = {
		use_of(NET_ADDRESS, "192.0.2.7"), use_of(NET_ROUTE, "198.51.100.0"),
		use_of(NET_ROUTE, "::"),	  use_of(NET_NEXTHOP, "0.0.0.0"),
		use_of(NET_RULE, "0.0.0.0"),	  use_of(NET_ADDRESS, "192.0.2.8")};

	(void)state;
	uses[2].is_default = true;
	uses[3].number = 7;
	uses[4].number = 32765;
	uses[5].link = 1;
	assert_uses((struct net_link[]){nic, macvlan}, 2, uses, ARRAY_SIZE(uses),
		    "address 192.0.2.7, route to 198.51.100.0, the IPv6 default route, nexthop 7, "
		    "the routing rule 32765, below the macvlan eth0 in the network namespace of "
		    "container 105",
		    NULL, NULL);
}

static void test_warnings(void **state)
{
	struct net_link up = nic;
	struct net_use link_only[] = {use_of(NET_LINK_ADDRESS, "fe80::7"),
				      use_of(NET_LINK_ADDRESS, "169.254.3.1")};

	(void)state;
	assert_uses(&nic, 1, NULL, 0, "", NULL, NULL);
	up.up = true;
	assert_uses(&up, 1, NULL, 0, "", "is up, although it has neither an address nor a bridge",
		    NULL);
	assert_uses(&up, 1, link_only, 2, "",
		    "is up, with the address fe80::7, 169.254.3.1, which is valid on its link "
		    "only, as on direct links between the nodes of a cluster",
		    NULL);
	up.captured = true;
	assert_uses(&up, 1, NULL, 0, "a program captures all packets that it receives",
		    "is up, although it has neither an address nor a bridge", NULL);
}

static void test_pppoe(void **state)
{
	static const struct {
		const char *line, *name;
	} rows[] = {{"42000000 52:54:00:12:34:56     eth1\n", "eth1"},
		    {"00000000 00:00:00:00:00:00 enp4s0f1np1\nx", "enp4s0f1np1"},
		    {"42000000 52:54:00:12:34:56", ""},
		    {"", ""}};
	struct net_use uses[] = {use_of(NET_PPPOE, "0.0.0.0")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *name = net_pppoe_name(rows[i].line);

		assert_string_equal(name, rows[i].name);
		free(name);
	}
	assert_uses(&nic, 1, uses, 1, "a PPPoE connection", NULL, NULL);
	assert_uses(&nic, 1, uses, 0, "", NULL, NULL);
}

/* What the administrator has set listens to nothing: lldpd has a packet socket on every card. */
static void test_captured(void **state)
{
	(void)state;
	assert_false(net_is_captured(0, false, IFF_UP));
	assert_true(net_is_captured(1, false, IFF_UP));
	assert_false(net_is_captured(1, true, IFF_UP));
	assert_false(net_is_captured(1, false, IFF_UP | IFF_PROMISC));
	assert_true(net_is_captured(2, false, IFF_UP | IFF_PROMISC));
}

static void test_uppers_alone(void **state)
{
	char bond[] = "bond0", bridge[] = "vmbr0";
	char *names[] = {bond, bridge};
	const struct fs_names uppers = {names, 2};
	auto_net_uses struct net_uses found = {0};

	(void)state;
	assert_int_equal(net_uses_describe(NULL, NULL, &uppers, &found), 0);
	assert_string_equal(found.what, "below bond0, below vmbr0");
	assert_null(found.warning);
}

static void test_find(void **state)
{
	struct net_link links[] = {macvlan, nic};
	struct net_tables tables = {.links = links, .n_links = 2};

	(void)state;
	assert_ptr_equal(net_tables_find(&tables, "0000:03:00.0", "eth1"), &links[1]);
	assert_ptr_equal(net_tables_find(&tables, "0000:03:00.0", NULL), &links[1]);
	assert_null(net_tables_find(&tables, "0000:03:00.0", "eth0"));
	assert_null(net_tables_find(&tables, "0000:04:00.0", NULL));
}

static void test_local_only(void **state)
{
	static const struct {
		const char *ip;
		bool local;
	} rows[] = {{"169.254.0.1", true}, {"224.0.0.0", true}, {"192.0.2.1", false},
		    {"fe80::", true},	   {"ff02::1", true},	{"2001:db8::", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct net_use use = use_of(NET_ADDRESS, rows[i].ip);

		assert_int_equal(net_is_local_only(use.family, &use.ip), rows[i].local);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacked),	 cmocka_unit_test(test_named),
		cmocka_unit_test(test_warnings), cmocka_unit_test(test_pppoe),
		cmocka_unit_test(test_captured), cmocka_unit_test(test_uppers_alone),
		cmocka_unit_test(test_find),	 cmocka_unit_test(test_local_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
