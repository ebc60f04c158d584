// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings.h"

#include <stdio.h>

#include "tree.h"

/* Reads settings that must be good. */
static struct settings read_good(struct tree *tree, unsigned int vmid)
{
	struct settings settings;
	char *why = NULL;

	if (settings_read(&tree->root, vmid, &settings, &why))
		fail_msg("refused: %s", why);
	return settings;
}

/* Reads settings that must be refused with ERR and a text that holds WHAT; leaves *ret alone. */
static void read_bad(struct tree *tree, int err, const char *what)
{
	struct settings settings = {.deadline = -7};
	auto_free char *why = NULL;

	assert_int_equal(settings_read(&tree->root, 100, &settings, &why), err);
	assert_non_null(why);
	if (!strstr(why, what))
		fail_msg("'%s' is not in '%s'", what, why);
	assert_int_equal(settings.deadline, -7);
}

static void assert_settings(struct settings s, enum policy machine, enum policy pcie, int deadline)
{
	assert_int_equal(s.machine, machine);
	assert_int_equal(s.pcie, pcie);
	assert_int_equal(s.deadline, deadline);
}

static void test_no_file(void **state)
{
	assert_settings(read_good(*state, 100), POLICY_REFUSE, POLICY_REFUSE, 30);
}

static void test_good(void **state)
{
	static const struct {
		const char *text;
		enum policy machine, pcie;
		int deadline;
	} rows[] = {
		{"", POLICY_REFUSE, POLICY_REFUSE, 30},
		{"# nothing\n", POLICY_REFUSE, POLICY_REFUSE, 30},
		{"machine = \"warn\";", POLICY_WARN, POLICY_REFUSE, 30},
		{"machine = \"off\"; pcie = \"warn\"", POLICY_OFF, POLICY_WARN, 30},
		{"machine: \"refuse\"\npcie: \"off\"\n", POLICY_REFUSE, POLICY_OFF, 30},
		{"deadline = 1;", POLICY_REFUSE, POLICY_REFUSE, 1},
		{"deadline = 3600;", POLICY_REFUSE, POLICY_REFUSE, 3600},
		{"vm100 = { machine = \"warn\"; };", POLICY_WARN, POLICY_REFUSE, 30},
		/* A VM's own keys win, wherever they stand. */
		{"vm100 = { deadline = 5; }; deadline = 9;", POLICY_REFUSE, POLICY_REFUSE, 5},
		{"deadline = 9; vm100 = { deadline = 5; };", POLICY_REFUSE, POLICY_REFUSE, 5},
		{"machine = \"off\"; vm100 = { machine = \"refuse\"; pcie = \"warn\"; };",
		 POLICY_REFUSE, POLICY_WARN, 30},
		/* Another VM's do not count. */
		{"vm101 = { machine = \"off\"; deadline = 3; };", POLICY_REFUSE, POLICY_REFUSE, 30},
		{"vm1000 = { machine = \"off\"; }; vm999999999 = { }; vm100 = { }", POLICY_REFUSE,
		 POLICY_REFUSE, 30},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_settings(*state, rows[i].text);
		assert_settings(read_good(*state, 100), rows[i].machine, rows[i].pcie,
				rows[i].deadline);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		const char *what;
	} rows[] = {
		{"group = \"keep\";", "line 1: key 'group' must be \"take\" or \"refuse\""},
		{"devices = 1;", "line 1: key 'devices' must be a list"},
		{"devices = { };", "line 1: key 'devices' must be a list"},
		{"devices = ( 1 );", "line 1: key 'devices' must be a list of {"},
		{"devices = ( { address = \"0000:03:00.0\"; } );",
		 "line 1: key 'devices' must be a list of {"},
		{"devices = ( { id = \"8086:10fb\"; } );",
		 "line 1: key 'devices' must be a list of {"},
		{"devices = ( { address = \"03:00.0\"; id = \"8086:10fb\"; } );",
		 "line 1: key 'devices' must be a list of {"},
		{"devices = ( { address = \"0000:03:00.0\"; id = \"8086:10FB\"; } );",
		 "line 1: key 'devices' must be a list of {"},
		{"devices = ( { address = \"0000:03:00.0\"; id = \"808610fbx\"; } );",
		 "line 1: key 'devices' must be a list of {"},
		{"devices = ( { address = \"0000:03:00.0\"; id = \"8086:10fb\"; alow = [ ]; } );",
		 "line 1: key 'devices' must be a list of {"},
		{"devices = ( { address = \"0000:03:00.0\"; id = \"8086:10fb\"; "
		 "allow = [ \"disks\" ]; } );",
		 "line 1: key 'devices' must be a list whose 'allow' holds only"},
		{"devices = ( { address = \"0000:03:00.0\"; id = \"8086:10fb\"; "
		 "allow = \"disk\"; } );",
		 "line 1: key 'devices' must be a list whose 'allow' holds only"},
		{"maschine = \"warn\";", "line 1: key 'maschine' is unknown"},
		{"\n\npci = 1;", "line 3: key 'pci' is unknown"},
		{"Machine = \"warn\";", "line 1: key 'Machine' is unknown"},
		{"machine = \"warm\";",
		 "line 1: key 'machine' must be \"refuse\", \"warn\" or \"off\""},
		{"machine = \"\";", "line 1: key 'machine' must be"},
		{"machine = true;", "line 1: key 'machine' must be"},
		{"machine = 1;", "line 1: key 'machine' must be"},
		{"machine = [ \"warn\" ];", "line 1: key 'machine' must be"},
		{"machine = ( \"warn\" );", "line 1: key 'machine' must be"},
		{"pcie = { };", "line 1: key 'pcie' must be"},
		{"deadline = 0;", "line 1: key 'deadline' must be a whole number of seconds"},
		{"deadline = 3601;", "line 1: key 'deadline' must be"},
		{"deadline = -1;", "line 1: key 'deadline' must be"},
		{"deadline = 1.5;", "line 1: key 'deadline' must be"},
		{"deadline = \"30\";", "line 1: key 'deadline' must be"},
		{"deadline = 30L;", "line 1: key 'deadline' must be"},
		{"deadline = true;", "line 1: key 'deadline' must be"},
		{"machine = \"warn\";\nvm100 = 1;", "line 2: key 'vm100' must be a group"},
		{"vm100 = \"warn\";", "line 1: key 'vm100' must be a group"},
		{"vm100 = {\n  machin = \"warn\";\n};", "line 2: key 'machin' is unknown"},
		{"vm100 = { vm101 = { }; };", "line 1: key 'vm101' is unknown"},
		/* Another VM's group is checked too. */
		{"vm101 = {\n\n deadline = \"x\";\n};", "line 3: key 'deadline' must be"},
		{"vm101 = { foo = 1; };", "line 1: key 'foo' is unknown"},
		{"vm = { };", "line 1: key 'vm' is unknown"},
		{"vm0100 = { };", "line 1: key 'vm0100' is unknown"},
		{"vm1x = { };", "line 1: key 'vm1x' is unknown"},
		{"vm1234567890 = { };", "line 1: key 'vm1234567890' is unknown"},
		{"machine = \"warn\"\npcie = ;\n", "line 2: syntax error"},
		{"machine", "line 1: syntax error"},
		{"{", "line 1: syntax error"},
		{"deadline = 1;\ndeadline = 2;", "line 2: duplicate setting name"},
		{"@include \"other\"", "line 1: @include is not supported"},
		{"# one\n\n \t@include \"/etc/shadow\"\n", "line 3: @include is not supported"},
		{"\n\n@include \"other\"", "line 3: @include is not supported"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *what = fs_path("/etc/pve-passthrough.conf, %s", rows[i].what);

		tree_settings(*state, rows[i].text);
		read_bad(*state, -EINVAL, what);
	}
}

static void test_devices(void **state)
{
	struct tree *tree = *state;
	struct settings s;

	tree_settings(tree, "group = \"refuse\";\n"
			    "devices = ( { address = \"0000:03:00.0\"; id = \"8086:10fb\"; "
			    "allow = [ \"network\", \"vfs\" ]; },\n"
			    "{ id = \"10de:0001\"; address = \"0000:04:00.1\"; } );\n"
			    "vm100 = { group = \"take\"; devices = ( { address = \"0000:05:00.0\"; "
			    "id = \"1b36:0010\"; allow = ( \"disk\" ); } ); };");
	s = read_good(tree, 100);
	assert_int_equal(s.group, GROUP_TAKE);
	assert_int_equal(s.n_devices, 3);
	assert_int_equal(s.devices[0].bdf.bus, 3);
	assert_int_equal(s.devices[0].vendor, 0x8086);
	assert_int_equal(s.devices[0].device, 0x10fb);
	assert_int_equal(s.devices[0].allow, 1 << USAGE_NETWORK | 1 << USAGE_VFS);
	assert_int_equal(s.devices[1].bdf.func, 1);
	assert_int_equal(s.devices[1].allow, 0);
	assert_int_equal(s.devices[2].allow, 1 << USAGE_DISK);
	s = read_good(tree, 101);
	assert_int_equal(s.group, GROUP_REFUSE);
	assert_int_equal(s.n_devices, 2);
}

static void test_too_many_devices(void **state)
{
	char text[SETTINGS_DEVICES_MAX * 64 + 128] = "devices = (";

	for (int i = 0; i <= SETTINGS_DEVICES_MAX; i++) {
		strcat(text, i ? "," : "");
		strcat(text, "{ address = \"0000:03:00.0\"; id = \"8086:10fb\"; }");
	}
	strcat(text, ");");
	tree_settings(*state, text);
	read_bad(*state, -EINVAL, "key 'devices' must be a list of at most 64 devices");
}

static void test_includes_nothing(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "etc/other.conf", "machine = \"off\";\n");
	tree_settings(tree, "@include \"other.conf\"\n");
	read_bad(tree, -EINVAL, "@include");
}

static void test_nul(void **state)
{
	static const char text[] = "deadline = 5;\0deadline = x;";

	tree_bytes(*state, SETTINGS_PATH, text, sizeof(text));
	read_bad(*state, -EINVAL, "NUL byte");
}

static void test_too_long(void **state)
{
	size_t len = SETTINGS_TEXT_MAX + 1;
	auto_free char *text = malloc(len);

	assert_non_null(text);
	memset(text, ' ', len);
	tree_bytes(*state, SETTINGS_PATH, text, len);
	read_bad(*state, -EFBIG, "/etc/pve-passthrough.conf: cannot be read");
}

static void test_writable_by_others(void **state)
{
	static const mode_t bad[] = {0666, 0664, 0646, 0777, 0622};
	static const mode_t good[] = {0644, 0600, 0400, 0755, 0640};

	tree_settings(*state, "deadline = 5;");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		tree_mode(*state, SETTINGS_PATH, bad[i]);
		read_bad(*state, -EPERM, "others than root can write it");
		read_bad(*state, -EPERM, "chmod 644 /etc/pve-passthrough.conf");
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		tree_mode(*state, SETTINGS_PATH, good[i]);
		assert_int_equal(read_good(*state, 100).deadline, 5);
	}
}

static void test_owned_by_another(void **state)
{
	struct tree *tree = *state;
	auto_free char *full = fs_path("%s/" SETTINGS_PATH, tree->root.path);

	if (geteuid())
		skip(); /* only root can give a file away */
	tree_settings(tree, "deadline = 5;");
	assert_int_equal(chown(full, 12345, 0), 0);
	read_bad(tree, -EPERM, "owner 12345");
}

static void test_folder_in_its_place(void **state)
{
	tree_folder(*state, SETTINGS_PATH);
	read_bad(*state, -EISDIR, "/etc/pve-passthrough.conf: cannot be read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_file, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_good, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_bad, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_devices, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_too_many_devices, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_includes_nothing, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_nul, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_too_long, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_writable_by_others, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_owned_by_another, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_folder_in_its_place, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
