// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of a VM's entry for a virtual function of a network card. */
#include "hookscript/settings/settings_read.h"

#include "tree.h"

static struct settings read_good(struct tree *tree, const char *text)
{
	struct settings settings = settings_default;

	tree_settings(tree, text);
	if (settings_read(&tree->root, 100, &settings))
		fail_msg("refused: %s", settings_error(&settings));
	return settings;
}

static void cluster(struct tree *tree, const char *text)
{
	tree_link(tree, "etc/pve/local", "nodes/pve1");
	tree_file(tree, SETTINGS_CLUSTER_PATH, text);
}

static void test_keys(void **state)
{
	auto_settings struct settings s = read_good(
		*state,
		"vm100 = { hostpci0 = { mac = \"52:54:00:AB:cd:01\"; vlan = 30; trust = true; "
		"spoofchk = false; fdb = false; };\n hostpci15 = { mac = \"stable\"; }; };\n"
		"vm101 = { hostpci1 = { vlan = 7; }; };\n");

	assert_string_equal(s.vfs[0].mac, "52:54:00:ab:cd:01");
	assert_int_equal(s.vfs[0].vlan, 30);
	assert_true(s.vfs[0].trust);
	assert_false(s.vfs[0].spoofchk);
	assert_false(vf_setting_fdb(&s.vfs[0]));
	for (enum vf_key key = 0; key < VF_KEYS; key++)
		assert_true(vf_setting_has(&s.vfs[0], key));
	assert_null(s.vfs[15].mac);
	assert_true(vf_setting_has(&s.vfs[15], VF_KEY_MAC));
	assert_int_equal(vf_setting_first(&s.vfs[15]), VF_KEY_MAC);
	assert_int_equal(s.vfs[15].from[VF_KEY_MAC].line, 2);
	assert_true(vf_setting_fdb(&s.vfs[15]));
	assert_int_equal(vf_setting_first(&s.vfs[1]), VF_KEYS);
}

/* Key by key, the node's file beats the cluster's. */
static void test_precedence(void **state)
{
	auto_settings struct settings s = settings_default;

	cluster(*state,
		"vm100 = { hostpci0 = { mac = \"52:54:00:00:00:01\"; vlan = 1; fdb = false; }; };");
	s = read_good(*state,
		      "vm100 = { hostpci0 = { mac = \"stable\"; trust = true; fdb = true; }; };");
	assert_null(s.vfs[0].mac);
	assert_string_equal(s.vfs[0].from[VF_KEY_MAC].path, SETTINGS_PATH);
	assert_int_equal(s.vfs[0].vlan, 1);
	assert_string_equal(s.vfs[0].from[VF_KEY_VLAN].path, SETTINGS_CLUSTER_PATH);
	assert_true(s.vfs[0].trust);
	assert_true(vf_setting_fdb(&s.vfs[0]));
	assert_false(vf_setting_has(&s.vfs[0], VF_KEY_SPOOFCHK));
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{"vm100 = { hostpci0 = { mac = \"52:54:00:00:00\"; }; };",
		 "line 1: key 'mac' must be"},
		{"vm100 = { hostpci0 = { mac = \"53:54:00:00:00:01\"; }; };",
		 "the MAC of one device"},
		{"vm100 = { hostpci0 = { mac = \"00:00:00:00:00:00\"; }; };",
		 "the MAC of one device"},
		{"vm100 = { hostpci0 = { mac = 7; }; };", "not 7"},
		{"vm100 = { hostpci0 = { vlan = 4095; }; };", "from 1 to 4094"},
		{"vm100 = { hostpci0 = { vlan = -1; }; };", "from 1 to 4094"},
		{"vm100 = { hostpci0 = { vlan = \"30\"; }; };", "from 1 to 4094"},
		{"vm100 = { hostpci0 = { trust = 1; }; };", "'trust' must be true or false"},
		{"vm100 = { hostpci0 = { vlans = 1; }; };", "key 'vlans' is unknown"},
		{"vm100 = { hostpci0 = 30; };", "key 'hostpci0' must be a group"},
		{"vm100 = { hostpci16 = { vlan = 1; }; };", "key 'hostpci16' is unknown"},
		{"vm100 = { hostpci01 = { vlan = 1; }; };", "key 'hostpci01' is unknown"},
		/* Of all VMs: no two may have one MAC. */
		{"hostpci0 = { vlan = 1; };", "key 'hostpci0' is unknown"},
		/* Of another VM: checked as well. */
		{"vm101 = { hostpci0 = { vlan = 5000; }; };", "from 1 to 4094"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tree *tree = *state;
		auto_settings struct settings settings = settings_default;

		tree_settings(tree, rows[i].text);
		assert_int_equal(settings_read(&tree->root, 100, &settings), -EINVAL);
		if (!strstr(settings_error(&settings), rows[i].what))
			fail_msg("'%s' is not in '%s'", rows[i].what, settings_error(&settings));
		assert_int_equal(vf_setting_first(&settings.vfs[0]), VF_KEYS);
	}
}

/* Nodes are upgraded one after the other. */
static void test_unknown_in_cluster(void **state)
{
	auto_settings struct settings s = settings_default;

	cluster(*state, "vm100 = { hostpci0 = { vlan = 30; rate = 5; }; };");
	s = read_good(*state, "");
	assert_int_equal(s.vfs[0].vlan, 30);
	assert_int_equal(s.n_warnings, 1);
	assert_non_null(strstr(s.warnings[0], "key 'rate' is unknown"));
}

static void test_describe(void **state)
{
	auto_settings struct settings s = read_good(
		*state, "vm100 = { hostpci0 = { mac = \"stable\"; fdb = false; };\n"
			" hostpci3 = { vlan = 0; trust = false; }; };\n");
	auto_settings struct settings again = settings_default;
	auto_free char *text = settings_describe(&s), *second = NULL;
	const char *at = strstr(text, "vm100");

	assert_non_null(at);
	assert_string_equal(
		at,
		"vm100 = {\n"
		"  hostpci0 = {\n"
		"    mac = \"stable\";                             # /etc/pve-passthrough.conf, line 1\n"
		"    fdb = false;                                # /etc/pve-passthrough.conf, line 1\n"
		"  };\n"
		"  hostpci3 = {\n"
		"    vlan = 0;                                   # /etc/pve-passthrough.conf, line 2\n"
		"    trust = false;                              # /etc/pve-passthrough.conf, line 2\n"
		"  };\n"
		"};\n");
	again = read_good(*state, text);
	second = settings_describe(&again);
	at = strstr(second, "vm100");
	assert_non_null(at);
	assert_non_null(strstr(at, "    vlan = 0; "));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keys),     TEST(test_precedence),
		TEST(test_bad),	     TEST(test_unknown_in_cluster),
		TEST(test_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
