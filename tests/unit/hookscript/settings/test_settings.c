// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/settings/settings_read.h"

#include <stdio.h>

#include "tree.h"

/* Reads settings that must be good; settings_free() is the caller's. */
static struct settings read_good(struct tree *tree, unsigned int vmid)
{
	struct settings settings = settings_default;

	if (settings_read(&tree->root, vmid, &settings))
		fail_msg("refused: %s", settings_error(&settings));
	assert_int_equal(settings.err, 0);
	return settings;
}

/* Reads settings that must be refused with ERR and a text that holds WHAT: the defaults hold. */
static void read_bad(struct tree *tree, int err, const char *what)
{
	auto_settings struct settings settings = {.deadline = -7};

	assert_int_equal(settings_read(&tree->root, 100, &settings), err);
	assert_int_equal(settings.err, err);
	if (!strstr(settings_error(&settings), what))
		fail_msg("'%s' is not in '%s'", what, settings_error(&settings));
	assert_int_equal(settings.deadline, settings_default.deadline);
	assert_int_equal(settings.n_devices, 0);
}

/* For VM 100. */
static void assert_settings(struct tree *tree, enum policy machine, enum policy pcie, int deadline)
{
	auto_settings struct settings s = read_good(tree, 100);

	assert_int_equal(s.machine, machine);
	assert_int_equal(s.pcie, pcie);
	assert_int_equal(s.deadline, deadline);
}

static void test_no_file(void **state)
{
	assert_settings(*state, POLICY_REFUSE, POLICY_REFUSE, 30);
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
		assert_settings(*state, rows[i].machine, rows[i].pcie, rows[i].deadline);
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
		{"devices = ( 1 );",
		 "line 1: key 'devices' must be a list of { address = \"0000:BB:DD.F\"; "
		 "id = \"VENDOR:DEVICE\"; … }, not 1"},
		{"devices = (\n{ address = \"0000:03:00.0\"; } );",
		 "line 2: an entry of 'devices' needs 'id', as lspci -Dn shows it"},
		{"devices = ( { id = \"8086:10fb\"; } );",
		 "line 1: an entry of 'devices' needs 'address'"},
		{"devices = ( { address = \"03:00.0\";\nid = \"8086:10fb\"; } );",
		 "line 1: key 'address' must be an address as lspci -D shows it, "
		 "\"0000:BB:DD.F\", not \"03:00.0\""},
		{"devices = ( { address = 3; id = \"8086:10fb\"; } );",
		 "line 1: key 'address' must be an address as lspci -D shows it"},
		{"devices = ( { address = \"0000:03:00.0\";\nid = \"8086:10FB\"; } );",
		 "line 2: key 'id' must be vendor and device as lspci -n shows them, "
		 "\"8086:10fb\", not \"8086:10FB\""},
		{"devices = ( { address = \"0000:03:00.0\"; id = \"808610fbx\"; } );",
		 "line 1: key 'id' must be"},
		{"devices = ( { address = \"0000:03:00.0\"; id = true; } );",
		 "line 1: key 'id' must be"},
		{"devices = ( { address = \"0000:03:00.0\"; id = \"8086:10fb\";\nalow = [ ]; } );",
		 "line 2: key 'alow' is unknown"},
		{"devices = ( { address = \"0000:03:00.0\"; id = \"8086:10fb\"; },\n"
		 "{ address = \"0000:03:00.0\"; id = \"8086:10fb\"; } );",
		 "line 2: this list of 'devices' has an entry for that device already"},
		{"maschine = \"warn\";", "line 1: key 'maschine' is unknown"},
		{"\n\npci = 1;", "line 3: key 'pci' is unknown"},
		{"Machine = \"warn\";", "line 1: key 'Machine' is unknown"},
		{"machine = \"warm\";",
		 "line 1: key 'machine' must be \"refuse\", \"warn\" or \"off\", not \"warm\""},
		{"machine = \"\";", "line 1: key 'machine' must be"},
		{"machine = true;", "line 1: key 'machine' must be"},
		{"machine = 1;", "line 1: key 'machine' must be"},
		{"machine = [ \"warn\" ];", "line 1: key 'machine' must be"},
		{"machine = ( \"warn\" );", "line 1: key 'machine' must be"},
		{"pcie = { };", "line 1: key 'pcie' must be"},
		{"deadline = 0;",
		 "line 1: key 'deadline' must be a whole number of seconds from 1 to 3600, not 0"},
		{"deadline = 3601;", "line 1: key 'deadline' must be"},
		{"deadline = -1;", "line 1: key 'deadline' must be"},
		{"deadline = 1.5;",
		 "line 1: key 'deadline' must be a whole number of seconds from 1 to 3600, not "
		 "1.5"},
		{"deadline = \"30\";", "line 1: key 'deadline' must be"},
		{"deadline = 30L;", "line 1: key 'deadline' must be"},
		{"deadline = true;",
		 "line 1: key 'deadline' must be a whole number of seconds from 1 to 3600, not "
		 "true"},
		{"machine = \"warn\";\nvm100 = 1;", "line 2: key 'vm100' must be a group"},
		{"vm100 = \"warn\";", "line 1: key 'vm100' must be a group"},
		{"vm100 = {\n  machin = \"warn\";\n};", "line 2: key 'machin' is unknown"},
		{"vm100 = { vm101 = { }; };", "line 1: key 'vm101' is unknown"},
		{"next = 1;",
		 "line 1: key 'next' must be another hookscript than this one, as "
		 "Proxmox VE names it, \"STORAGE:snippets/NAME\", or \"\" for none, not 1"},
		{"next = \"old.pl\";", "line 1: key 'next' must be"},
		{"next = \"local:old.pl\";", "line 1: key 'next' must be"},
		{"next = \"local:iso/old.pl\";", "line 1: key 'next' must be"},
		{"next = \"local:snippets/\";", "line 1: key 'next' must be"},
		{"next = \"local:snippets/a/b\";", "line 1: key 'next' must be"},
		{"next = \"local:snippets/..\";", "line 1: key 'next' must be"},
		{"next = \"local:snippets/.\";", "line 1: key 'next' must be"},
		{"next = \"local:snippets/a..b\";", "line 1: key 'next' must be"},
		{"next = \"local:snippets/a b\";", "line 1: key 'next' must be"},
		{"next = \"local:snippets/a\\n\";", "line 1: key 'next' must be"},
		{"next = \"l:snippets/a\";", "line 1: key 'next' must be"},
		{"next = \"9local:snippets/a\";", "line 1: key 'next' must be"},
		{"next = \"local-:snippets/a\";", "line 1: key 'next' must be"},
		{"next = \"lo/al:snippets/a\";", "line 1: key 'next' must be"},
		{"next = \":snippets/a\";", "line 1: key 'next' must be"},
		{"next = \"/var/lib/vz/snippets/a\";", "line 1: key 'next' must be"},
		{"next = \"local:snippets/pve-passthrough\";",
		 "line 1: key 'next' must be another hookscript than this one"},
		{"language = \"de\";",
		 "line 1: key 'language' must be \"en\", \"zh_CN\", or \"\" for what the "
		 "environment says, not \"de\""},
		{"language = \"zh_CN.UTF-8\";", "line 1: key 'language' must be"},
		{"language = 1;", "line 1: key 'language' must be"},
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

#define NIC "address = \"0000:03:00.0\"; id = \"8086:10fb\"; "
#define GPU "address = \"0000:04:00.0\"; id = \"10de:1b80\"; "

/* What is wrong with one key of a device, after "line 2: key 'KEY' must be ". */
static void test_bad_devices(void **state)
{
	static const struct {
		const char *text, *key, *what;
	} rows[] = {
		{"allow = \"disk\";", "allow", "a list that holds only \"disk\", \"network\""},
		{"allow = [ \"disks\" ];", "allow", "a list that holds only"},
		{"allow = ( \"disk\", 1 );", "allow", "a list that holds only"},
		{"return_to = 1;", "return_to",
		 "\"recorded\", \"none\" or the name of a driver (letters, digits, '_', '-'), not 1"},
		{"return_to = \"\";", "return_to", "\"recorded\""},
		{"return_to = \"a b\";", "return_to", "\"recorded\""},
		{"return_to = \"../x\";", "return_to", "\"recorded\""},
		{"return_to = \"x\\n\";", "return_to", "\"recorded\""},
		{"return_to = \"-x\";", "return_to", "\"recorded\""},
		{"return_to = \"nvme,x\";", "return_to", "\"recorded\""},
		{"return_to = \"\xc3\xa9\";", "return_to", "\"recorded\""},
		{"return_to = \"a234567890a234567890a234567890a234567890a234567890a23456\";",
		 "return_to", "\"recorded\""},
		{"return_to = [ \"nvme\" ];", "return_to", "\"recorded\""},
		{"reset_method = \"flrr\";", "reset_method",
		 "\"default\", \"\" (no reset at all), or one or more of"},
		{"reset_method = \"fl\";", "reset_method", "\"default\""},
		{"reset_method = \"FLR\";", "reset_method", "\"default\""},
		{"reset_method = \"flr,bus\";", "reset_method", "\"default\""},
		{"reset_method = \"flr\\n\";", "reset_method", "\"default\""},
		{"reset_method = \"flr bus flr\";", "reset_method", "\"default\""},
		{"reset_method = \"default flr\";", "reset_method", "\"default\""},
		{"reset_method = \"flr default\";", "reset_method", "\"default\""},
		{"reset_method = [ \"flr\" ];", "reset_method", "\"default\""},
		{"reset_method = true;", "reset_method", "\"default\""},
		{"d3cold = 1;", "d3cold", "true or false, not 1"},
		{"d3cold = \"true\";", "d3cold", "true or false, not \"true\""},
		{"stop_units = \"a.service\";", "stop_units",
		 "a list of systemd units that can be stopped and started, each once, with their "
		 "type: \"display-manager.service\", not \"a.service\""},
		{"stop_units = [ \"a\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \".service\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"-.mount\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"--now.service\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"a b.service\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"a/b.service\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"a*.service\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"a.Service\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"a.service\\n\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"sys-x.device\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"session-1.scope\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"user.slice\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"getty@.service\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"@tty1.service\" ];", "stop_units", "a list of systemd units"},
		{"stop_units = [ \"a.service\", \"a.service\" ];", "stop_units",
		 "a list of systemd units"},
		{"stop_units = [ 1 ];", "stop_units", "a list of systemd units"},
		{"stop_units = ( \"a.service\", [ ] );", "stop_units", "a list of systemd units"},
		{"stop_ct = 105;", "stop_ct",
		 "a list of numbers of containers, 100 to 999999999, each once: [ 105 ], not 105"},
		{"stop_ct = [ 99 ];", "stop_ct", "a list of numbers of containers"},
		{"stop_ct = [ -105 ];", "stop_ct", "a list of numbers of containers"},
		{"stop_ct = [ 1000000000 ];", "stop_ct", "a list of numbers of containers"},
		{"stop_ct = [ 105, 105 ];", "stop_ct", "a list of numbers of containers"},
		{"stop_ct = [ 105L ];", "stop_ct", "a list of numbers of containers"},
		{"stop_ct = [ 105.0 ];", "stop_ct", "a list of numbers of containers"},
		{"stop_ct = [ \"105\" ];", "stop_ct", "a list of numbers of containers"},
		{"unload = \"nouveau\";", "unload", "a list of names of modules"},
		{"unload = [ \"nouveau.ko\" ];", "unload", "a list of names of modules"},
		{"unload = [ \"-r\" ];", "unload", "a list of names of modules"},
		{"unload = [ \"a\", \"a\" ];", "unload", "a list of names of modules"},
		{"unload = [ \"a b\" ];", "unload", "a list of names of modules"},
		{"unload = [ true ];", "unload", "a list of names of modules"},
		{"driver = \"\";", "driver", "the name of a vfio variant driver"},
		{"driver = 5;", "driver", "the name of a vfio variant driver"},
		{"driver = \"mlx5/vfio\";", "driver", "the name of a vfio variant driver"},
		{"unload = [ \"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\", \"j\", "
		 "\"k\", \"l\", \"m\", \"n\", \"o\", \"p\", \"q\" ];",
		 "unload", "a list of at most 16, not 17"},
		{"stop_ct = [ 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, "
		 "114, 115, 116, 117 ];",
		 "stop_ct", "a list of at most 16, not 17"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = fs_path("devices = ( { " NIC "\n%s } );", rows[i].text);
		auto_free char *what = fs_path(
			"/etc/pve-passthrough.conf, line 2: key '%s' must be %s", rows[i].key,
			rows[i].what);

		tree_settings(*state, text);
		read_bad(*state, -EINVAL, what);
	}
}

/* A long text is not said in full. */
static void test_long_value(void **state)
{
	char text[512] = "machine = \"";

	memset(text + strlen(text), 'x', 300);
	strcat(text, "\";");
	tree_settings(*state, text);
	read_bad(*state, -EINVAL, "xxxxx\" …");
}

static void test_devices(void **state)
{
	struct tree *tree = *state;
	auto_settings struct settings s = settings_default;
	auto_settings struct settings other = settings_default;

	tree_settings(tree, "group = \"refuse\";\n"
			    "devices = ( { " NIC "allow = [ \"network\", \"vfs\" ]; },\n"
			    "{ id = \"10de:0001\"; address = \"0000:04:00.1\"; } );\n"
			    "vm100 = { group = \"take\"; devices = ( { address = \"0000:05:00.0\"; "
			    "id = \"1b36:0010\"; allow = ( \"disk\" ); } ); };");
	s = read_good(tree, 100);
	assert_int_equal(s.group, GROUP_TAKE);
	assert_int_equal(s.n_devices, 3);
	/* The VM's own first. */
	assert_int_equal(s.devices[0].allow, 1 << USAGE_DISK);
	assert_int_equal(s.devices[0].source.line, 4);
	assert_int_equal(s.devices[1].bdf.bus, 3);
	assert_int_equal(s.devices[1].vendor, 0x8086);
	assert_int_equal(s.devices[1].device, 0x10fb);
	assert_int_equal(s.devices[1].allow, 1 << USAGE_NETWORK | 1 << USAGE_VFS);
	assert_int_equal(s.devices[2].bdf.func, 1);
	assert_int_equal(s.devices[2].allow, 0);
	other = read_good(tree, 101);
	assert_int_equal(other.group, GROUP_REFUSE);
	assert_int_equal(other.n_devices, 2);
}

static void test_device_keys(void **state)
{
	auto_settings struct settings s = settings_default;
	const struct device_setting *d;

	tree_settings(*state,
		      "devices = ( { " GPU "\n"
		      "return_to = \"nvidia-drm_2\";\n"
		      "reset_method = \"  device_specific   flr bus \";\n"
		      "d3cold = false;\n"
		      "stop_units = [ \"display-manager.service\", \"getty@tty1.service\",\n"
		      "\"dev-disk-by\\\\x2duuid-1.swap\" ];\n"
		      "stop_ct = [ 105, 100, 999999999 ];\n"
		      "unload = [ \"nvidia_drm\", \"nvidia-modeset\" ];\n"
		      "driver = \"mlx5_vfio_pci\"; } );");
	s = read_good(*state, 100);
	d = settings_device(&s, &(struct bdf){.bus = 4}, 0x10de, 0x1b80);
	assert_non_null(d);
	assert_string_equal(d->return_to, "nvidia-drm_2");
	assert_string_equal(d->reset_method, "device_specific flr bus");
	assert_int_equal(d->d3cold, D3COLD_FORBID);
	assert_int_equal(d->n_stop_units, 3);
	assert_string_equal(d->stop_units[0], "display-manager.service");
	assert_string_equal(d->stop_units[1], "getty@tty1.service");
	assert_string_equal(d->stop_units[2], "dev-disk-by\\x2duuid-1.swap");
	assert_int_equal(d->n_stop_ct, 3);
	assert_string_equal(d->stop_ct[0], "105");
	assert_string_equal(d->stop_ct[2], "999999999");
	assert_int_equal(d->n_unload, 2);
	assert_string_equal(d->unload[1], "nvidia-modeset");
	assert_string_equal(d->driver, "mlx5_vfio_pci");
	assert_int_equal(d->from[DEVICE_DRIVER].line, 9);
	assert_string_equal(d->from[DEVICE_DRIVER].path, SETTINGS_PATH);
	assert_null(d->from[DEVICE_ALLOW].path);
}

/* An entry is for one device alone. */
static void test_which_device(void **state)
{
	static const struct bdf bdf = {.bus = 4};
	auto_settings struct settings s = settings_default;

	tree_settings(*state, "devices = ( { " GPU "d3cold = true; },\n"
			      "{ address = \"0000:04:00.0\"; id = \"10de:1b81\"; } );");
	s = read_good(*state, 100);
	assert_ptr_equal(settings_device(&s, &bdf, 0x10de, 0x1b80), &s.devices[0]);
	assert_ptr_equal(settings_device(&s, &bdf, 0x10de, 0x1b81), &s.devices[1]);
	assert_null(settings_device(&s, &bdf, 0x10de, 0x1b82));
	assert_null(settings_device(&s, &bdf, 0x10df, 0x1b80));
	assert_null(settings_device(&s, &(struct bdf){.bus = 4, .func = 1}, 0x10de, 0x1b80));
	assert_null(settings_device(&settings_default, &bdf, 0x10de, 0x1b80));
}

/* What the text of one device's keys comes to. */
static void test_return_and_reset(void **state)
{
	static const struct {
		const char *text, *return_to, *method;
		enum d3cold d3cold;
	} rows[] = {
		{"", NULL, NULL, D3COLD_AS_IT_IS},
		{"return_to = \"recorded\";", NULL, NULL, D3COLD_AS_IT_IS},
		{"return_to = \"none\";", "none", NULL, D3COLD_AS_IT_IS},
		{"return_to = \"e1000e\";", "e1000e", NULL, D3COLD_AS_IT_IS},
		{"reset_method = \"\";", NULL, "", D3COLD_AS_IT_IS},
		{"reset_method = \"  \";", NULL, "", D3COLD_AS_IT_IS},
		{"reset_method = \"default\";", NULL, "default", D3COLD_AS_IT_IS},
		{"reset_method = \"flr\";", NULL, "flr", D3COLD_AS_IT_IS},
		{"reset_method = \"cxl_bus bus pm af_flr flr acpi device_specific\";", NULL,
		 "cxl_bus bus pm af_flr flr acpi device_specific", D3COLD_AS_IT_IS},
		{"d3cold = true;", NULL, NULL, D3COLD_ALLOW},
		{"d3cold = false;", NULL, NULL, D3COLD_FORBID},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = fs_path("devices = ( { " GPU "%s } );", rows[i].text);
		auto_settings struct settings s = settings_default;
		const struct device_setting *d;

		tree_settings(*state, text);
		s = read_good(*state, 100);
		d = s.devices;
		assert_int_equal(s.n_devices, 1);
		assert_int_equal(d->d3cold, rows[i].d3cold);
		if (rows[i].return_to)
			assert_string_equal(d->return_to, rows[i].return_to);
		else
			assert_null(d->return_to);
		if (rows[i].method)
			assert_string_equal(d->reset_method, rows[i].method);
		else
			assert_null(d->reset_method);
	}
}

/* What the VM's entry says holds; the rest comes from the general one. */
static void test_devices_hold_together(void **state)
{
	auto_settings struct settings s = settings_default;
	const struct device_setting *d;

	tree_settings(*state, "devices = ( { " NIC "d3cold = true; }, { " GPU "\n"
			      "allow = [ \"display\", \"sound\" ]; return_to = \"nouveau\";\n"
			      "stop_units = [ \"a.service\", \"b.service\" ]; stop_ct = [ 105 ];\n"
			      "unload = [ \"nouveau\" ]; reset_method = \"bus\"; } );\n"
			      "vm100 = { devices = ( { " GPU "allow = [ ];\n"
			      "return_to = \"none\"; stop_units = [ \"c.service\" ];\n"
			      "stop_ct = [ ]; d3cold = false; } ); };");
	s = read_good(*state, 100);
	d = s.devices;
	assert_int_equal(s.n_devices, 2);
	assert_int_equal(d->vendor, 0x10de);
	assert_int_equal(d->allow, 0);
	assert_string_equal(d->return_to, "none");
	assert_int_equal(d->n_stop_units, 1);
	assert_string_equal(d->stop_units[0], "c.service");
	assert_int_equal(d->n_stop_ct, 0);
	assert_int_equal(d->d3cold, D3COLD_FORBID);
	assert_string_equal(d->reset_method, "bus");
	assert_int_equal(d->n_unload, 1);
	assert_int_equal(d->source.line, 5);
	assert_int_equal(d->from[DEVICE_RETURN_TO].line, 6);
	assert_int_equal(d->from[DEVICE_UNLOAD].line, 4);
	assert_int_equal(s.devices[1].vendor, 0x8086);
	settings_free(&s);
	s = read_good(*state, 101);
	assert_int_equal(s.devices[1].n_stop_units, 2);
	assert_string_equal(s.devices[1].return_to, "nouveau");
}

static void test_next_and_language(void **state)
{
	auto_settings struct settings s = settings_default;
	auto_settings struct settings other = settings_default;

	tree_settings(*state,
		      "next = \"local:snippets/old.pl\"; language = \"zh_CN\";\n"
		      "vm100 = { next = \"Nfs-1.b:snippets/h\xc3\xa4-x_2\"; language = \"en\"; };\n"
		      "vm101 = { next = \"\"; language = \"\"; };");
	s = read_good(*state, 100);
	assert_string_equal(s.next, "Nfs-1.b:snippets/h\xc3\xa4-x_2");
	assert_string_equal(s.language, "en");
	assert_int_equal(s.from[SETTING_NEXT].line, 2);
	other = read_good(*state, 101);
	assert_null(other.next);
	assert_null(other.language);
	assert_int_equal(other.from[SETTING_LANGUAGE].line, 3);
	settings_free(&other);
	other = read_good(*state, 102);
	assert_string_equal(other.next, "local:snippets/old.pl");
	assert_null(other.from[SETTING_MACHINE].path);
}

static void test_too_many_devices(void **state)
{
	char text[(SETTINGS_DEVICES_MAX + 1) * 64] = "devices = (";

	for (int i = 0; i <= SETTINGS_DEVICES_MAX; i++)
		sprintf(text + strlen(text),
			"%s{ address = \"0000:%02x:00.0\"; id = \"8086:10fb\"; }", i ? ",\n" : "",
			i);
	strcat(text, ");");
	tree_settings(*state, text);
	read_bad(*state, -EINVAL,
		 "/etc/pve-passthrough.conf, line 65: there are more than 64 devices");
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
		assert_settings(*state, POLICY_REFUSE, POLICY_REFUSE, 5);
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

static void test_directory_in_its_place(void **state)
{
	tree_folder(*state, SETTINGS_PATH);
	read_bad(*state, -EISDIR, "/etc/pve-passthrough.conf: cannot be read");
}

/* ---- several files ---- */

static void cluster(struct tree *tree, const char *text)
{
	tree_file(tree, SETTINGS_CLUSTER_PATH, text);
	tree_link(tree, "etc/pve/local", "nodes/pve1");
}

static void assert_source(const struct setting_source *source, const char *path, unsigned int line)
{
	if (path)
		assert_string_equal(source->path, path);
	else
		assert_null(source->path);
	assert_int_equal(source->line, line);
}

/* Who wins: the node's file, and in a file the VM's group. */
static void test_precedence(void **state)
{
	static const char in_node[] = SETTINGS_PATH, in_cluster[] = SETTINGS_CLUSTER_PATH;
	static const struct {
		const char *cluster, *node;
		int deadline;
		const char *path;
		unsigned int line;
	} rows[] = {
		{"", "", 30, NULL, 0},
		{"deadline = 1;", "", 1, in_cluster, 1},
		{"", "\ndeadline = 2;", 2, in_node, 2},
		{"deadline = 1;", "\ndeadline = 2;", 2, in_node, 2},
		{"vm100 = { deadline = 3; };", "", 3, in_cluster, 1},
		{"deadline = 1;\nvm100 = { deadline = 3; };", "", 3, in_cluster, 2},
		{"vm100 = { deadline = 3; };\ndeadline = 1;", "", 3, in_cluster, 1},
		{"deadline = 1; vm100 = { deadline = 3; };", "deadline = 2;", 2, in_node, 1},
		{"deadline = 1; vm100 = { deadline = 3; };", "vm100 = { deadline = 4; };", 4,
		 in_node, 1},
		{"deadline = 1; vm100 = { deadline = 3; };",
		 "deadline = 2;\nvm100 = { deadline = 4; };", 4, in_node, 2},
		{"vm101 = { deadline = 3; };", "vm102 = { deadline = 4; };", 30, NULL, 0},
		/* The same value, said again, is from where it was said last. */
		{"deadline = 30;", "", 30, in_cluster, 1},
		{"deadline = 5;", "deadline = 5;", 5, in_node, 1},
		/* Key by key. */
		{"deadline = 1;", "machine = \"warn\";", 1, in_cluster, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_settings struct settings s = settings_default;

		cluster(*state, rows[i].cluster);
		tree_settings(*state, rows[i].node);
		s = read_good(*state, 100);
		assert_int_equal(s.deadline, rows[i].deadline);
		assert_source(&s.from[SETTING_DEADLINE], rows[i].path, rows[i].line);
	}
}

/* A device's keys, from four places. */
static void test_devices_of_two_files(void **state)
{
	auto_settings struct settings s = settings_default;
	const struct device_setting *d;

	cluster(*state, "devices = ( { node = \"pve1\"; " NIC "unload = [ \"a\" ];\n"
			"driver = \"a\"; return_to = \"a\"; reset_method = \"bus\"; },\n"
			"{ node = \"pve1\"; " GPU "d3cold = true; } );\n"
			"vm100 = { devices = ( { node = \"pve1\"; " NIC
			"driver = \"b\"; return_to = \"b\"; reset_method = \"pm\"; } ); };");
	tree_settings(*state,
		      "vm100 = { devices = ( { " NIC "reset_method = \"acpi\"; } ); };\n"
		      "devices = ( { " NIC "return_to = \"c\"; reset_method = \"flr\"; } );");
	s = read_good(*state, 100);
	d = s.devices;
	assert_int_equal(s.n_devices, 2);
	assert_source(&d->source, SETTINGS_PATH, 1);
	assert_string_equal(d->unload[0], "a");
	assert_source(&d->from[DEVICE_UNLOAD], SETTINGS_CLUSTER_PATH, 1);
	assert_string_equal(d->driver, "b");
	assert_source(&d->from[DEVICE_DRIVER], SETTINGS_CLUSTER_PATH, 4);
	assert_string_equal(d->return_to, "c");
	assert_source(&d->from[DEVICE_RETURN_TO], SETTINGS_PATH, 2);
	assert_string_equal(d->reset_method, "acpi");
	assert_source(&d->from[DEVICE_RESET_METHOD], SETTINGS_PATH, 1);
	assert_int_equal(s.devices[1].d3cold, D3COLD_ALLOW);
}

/* Devices of other nodes are checked, and count neither as this node's nor as named twice. */
static void test_devices_of_nodes(void **state)
{
	auto_settings struct settings s = settings_default;

	cluster(*state, "devices = ( { node = \"pve2\"; " NIC "return_to = \"a\"; },\n"
			"{ node = \"pve1\"; " NIC "return_to = \"b\"; },\n"
			"{ node = \"pve11\"; " NIC "return_to = \"c\"; },\n"
			"{ node = \"pve2\"; " GPU "return_to = \"d\"; },\n"
			"{ node = \"pve1\"; " GPU "return_to = \"e\"; } );");
	s = read_good(*state, 100);
	assert_int_equal(s.n_devices, 2);
	assert_string_equal(s.devices[0].return_to, "b");
	assert_string_equal(s.devices[1].return_to, "e");
	/* The node's file may say it too. */
	settings_free(&s);
	tree_settings(*state, "devices = ( { node = \"pve2\"; " NIC "return_to = \"x\"; },\n"
			      "{ node = \"pve1\"; " GPU "return_to = \"y\"; } );");
	s = read_good(*state, 100);
	assert_int_equal(s.n_devices, 2);
	assert_string_equal(s.devices[0].return_to, "y");
	assert_string_equal(s.devices[1].return_to, "b");
}

static void test_bad_cluster(void **state)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{"machine = 1;", "key 'machine' must be \"refuse\""},
		{"vm101 = { machine = 1; };", "key 'machine' must be \"refuse\""},
		{"devices = ( { " NIC "} );",
		 "an entry of 'devices' needs 'node' in the cluster's file: the name of the node "
		 "that has the device"},
		{"devices = ( 1 );", "key 'devices' must be a list of {"},
		{"devices = ( { node = \"\"; " NIC "} );",
		 "key 'node' must be the name of a node, as in /etc/pve/nodes, not \"\""},
		{"devices = ( { node = \"pve1.lan\"; " NIC "} );", "key 'node' must be the name"},
		{"devices = ( { node = \"../x\"; " NIC "} );", "key 'node' must be the name"},
		{"devices = ( { node = 1; " NIC "} );", "key 'node' must be the name"},
		{"devices = ( { node = \"pve2\"; address = \"x\"; id = \"8086:10fb\"; } );",
		 "key 'address' must be"},
		{"devices = ( { node = \"pve2\"; " NIC "allow = 1; } );", "key 'allow' must be"},
		{"vm101 = 1;", "key 'vm101' must be a group"},
		{"machine =", "syntax error"},
		{"@include \"/etc/shadow\"", "@include is not supported"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *what = fs_path("/etc/pve/pve-passthrough.conf, line 1: %s",
					       rows[i].what);

		cluster(*state, rows[i].text);
		read_bad(*state, -EINVAL, what);
	}
}

/* What a newer node's version put there is no error, except in this node's own file. */
static void test_unknown_in_cluster(void **state)
{
	auto_settings struct settings s = settings_default;

	cluster(*state, "color = { x = 1; };\ndeadline = 5;\n"
			"vm100 = { shape = [ 1 ]; pcie = \"off\"; };\n"
			"vm101 = { others = 1; };\n"
			"devices = ( { node = \"pve1\"; " NIC "d3cold = true;\n weight = 2; },\n"
			"{ node = \"pve2\"; " NIC "size = 2; } );");
	s = read_good(*state, 100);
	assert_int_equal(s.deadline, 5);
	assert_int_equal(s.pcie, POLICY_OFF);
	assert_int_equal(s.devices[0].d3cold, D3COLD_ALLOW);
	/* Of what is this node's and this VM's. */
	assert_int_equal(s.n_warnings, 3);
	assert_string_equal(
		s.warnings[0],
		"/etc/pve/pve-passthrough.conf, line 1: key 'color' is unknown to this "
		"node's version, so it is ignored here; see: man 5 pve-passthrough.conf");
	assert_non_null(strstr(s.warnings[1], "line 6: key 'weight' is unknown"));
	assert_non_null(strstr(s.warnings[2], "line 3: key 'shape' is unknown"));
	tree_settings(*state, "color = 1;");
	read_bad(*state, -EINVAL, "/etc/pve-passthrough.conf, line 1: key 'color' is unknown; see");
}

/* As pmxcfs has its files; anything wider is not pmxcfs. */
static void test_writable_cluster(void **state)
{
	static const mode_t bad[] = {0660, 0644 | 020, 0666, 0602};

	cluster(*state, "deadline = 5;");
	tree_mode(*state, SETTINGS_CLUSTER_PATH, 0640);
	assert_settings(*state, POLICY_REFUSE, POLICY_REFUSE, 5);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		tree_mode(*state, SETTINGS_CLUSTER_PATH, bad[i]);
		read_bad(*state, -EPERM,
			 "/etc/pve/pve-passthrough.conf: others than root can write it");
		read_bad(*state, -EPERM,
			 "cure: mount /etc/pve, where Proxmox VE lets only root "
			 "write: systemctl restart pve-cluster");
	}
}

static void test_cluster_of_www_data(void **state)
{
	struct tree *tree = *state;
	auto_free char *full = fs_path("%s/" SETTINGS_CLUSTER_PATH, tree->root.path);

	if (geteuid())
		skip(); /* only root can give a file away */
	cluster(tree, "deadline = 5;");
	tree_mode(tree, SETTINGS_CLUSTER_PATH, 0640);
	assert_int_equal(chown(full, 0, 33), 0); /* www-data */
	assert_settings(tree, POLICY_REFUSE, POLICY_REFUSE, 5);
	assert_int_equal(chown(full, 33, 33), 0);
	read_bad(tree, -EPERM, "owner 33");
}

/* ---- back to text ---- */

/* TEXT without its comments, which no value here holds. */
static char *without_comments(const char *text)
{
	char *bare = calloc(1, strlen(text) + 1);
	char *end = bare;

	assert_non_null(bare);
	for (; *text; text++) {
		if (*text == '#')
			text += strcspn(text, "\n");
		while (*text == '\n' && end > bare && end[-1] == ' ')
			end--;
		*end++ = *text;
	}
	return bare;
}

static char *describe(const struct settings *settings)
{
	char *text = settings_describe(settings);

	assert_non_null(text);
	return text;
}

static void test_describe(void **state)
{
	auto_settings struct settings s = settings_default;
	auto_free char *text = NULL;

	cluster(*state, "deadline = 40; group = \"refuse\";\n"
			"devices = ( { node = \"pve1\"; " NIC "allow = [ \"vfs\", \"network\" ];\n"
			"return_to = \"recorded\"; d3cold = true; } );");
	tree_settings(*state,
		      "machine = \"warn\"; pcie = \"off\"; ifreload = true;\n"
		      "at_shutdown = \"return\"; language = \"zh_CN\";\n"
		      "vm100 = { next = \"local:snippets/a\\\"b\\\\c\"; devices = ( { " GPU
		      "return_to = \"nouveau\"; reset_method = \"\";\n"
		      "d3cold = false; stop_units = [ \"a\\\\x2db.service\", \"c.target\" ];\n"
		      "stop_ct = [ 105, 106 ]; unload = [ \"nouveau\" ]; allow = [ ];\n"
		      "driver = \"x\"; }, { " NIC "return_to = \"none\"; stop_ct = [ ]; } ); };");
	s = read_good(*state, 100);
	text = describe(&s);
	assert_string_equal(
		text,
		"machine = \"warn\";                               # /etc/pve-passthrough.conf, line 1\n"
		"pcie = \"off\";                                   # /etc/pve-passthrough.conf, line 1\n"
		"deadline = 40;                                  # /etc/pve/pve-passthrough.conf, line 1\n"
		"group = \"refuse\";                               # /etc/pve/pve-passthrough.conf, line 1\n"
		"ifreload = true;                                # /etc/pve-passthrough.conf, line 1\n"
		"at_shutdown = \"return\";                         # /etc/pve-passthrough.conf, line 2\n"
		"next = \"local:snippets/a\\\"b\\\\c\";                # /etc/pve-passthrough.conf, line 3\n"
		"language = \"zh_CN\";                             # /etc/pve-passthrough.conf, line 2\n"
		"mail = true;                                    # default\n"
		"devices = (\n"
		"  { address = \"0000:04:00.0\"; id = \"10de:1b80\"; # /etc/pve-passthrough.conf, line 3\n"
		"    allow = [ ];                                # /etc/pve-passthrough.conf, line 5\n"
		"    return_to = \"nouveau\";                      # /etc/pve-passthrough.conf, line 3\n"
		"    reset_method = \"\";                          # /etc/pve-passthrough.conf, line 3\n"
		"    d3cold = false;                             # /etc/pve-passthrough.conf, line 4\n"
		"    stop_units = [ \"a\\\\x2db.service\", \"c.target\" ]; # /etc/pve-passthrough.conf, line 4\n"
		"    stop_ct = [ 105, 106 ];                     # /etc/pve-passthrough.conf, line 5\n"
		"    unload = [ \"nouveau\" ];                     # /etc/pve-passthrough.conf, line 5\n"
		"    driver = \"x\";                               # /etc/pve-passthrough.conf, line 6\n"
		"  },\n"
		"  { address = \"0000:03:00.0\"; id = \"8086:10fb\"; # /etc/pve-passthrough.conf, line 6\n"
		"    allow = [ \"network\", \"vfs\" ];               # /etc/pve/pve-passthrough.conf, line 2\n"
		"    return_to = \"none\";                         # /etc/pve-passthrough.conf, line 6\n"
		"    d3cold = true;                              # /etc/pve/pve-passthrough.conf, line 3\n"
		"    stop_ct = [ ];                              # /etc/pve-passthrough.conf, line 6\n"
		"    # default: reset_method, stop_units, unload, driver\n"
		"  }\n"
		");\n");
}

/* The text, comments or not, is a settings file that comes to the same. */
static void test_describe_reads_back(void **state)
{
	static const char *const texts[] = {
		"",
		"machine = \"warn\"; pcie = \"off\"; deadline = 7; group = \"refuse\"; ifreload = true;",
		"at_shutdown = \"return\"; next = \"local:snippets/\\\\x\\\"\"; language = \"en\";",
		"mail = false;",
		"devices = ( { " NIC "} );",
		("devices = ( { " NIC "allow = [ \"disk\", \"network\", \"display\", \"sound\", "
		 "\"process\", \"container\", \"chipset\", \"vfs\" ]; }, { " GPU
		 "return_to = \"recorded\"; reset_method = \"pm bus\"; d3cold = true; "
		 "stop_units = [ \"a@b\\\\x20.service\" ]; stop_ct = [ 999999999 ]; "
		 "unload = [ \"a-b\", \"c\" ]; driver = \"d\"; } );"),
		("devices = ( { address = \"10000:e1:1f.7\"; id = \"ffff:0001\"; allow = [ ]; "
		 "reset_method = \"\"; return_to = \"none\"; stop_units = [ ]; unload = [ ]; } );"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_settings struct settings first = settings_default;
		auto_settings struct settings second = settings_default;
		auto_settings struct settings third = settings_default;
		auto_free char *text = NULL, *bare = NULL, *again = NULL, *bare_again = NULL;

		tree_settings(*state, texts[i]);
		first = read_good(*state, 100);
		text = describe(&first);
		bare = without_comments(text);
		assert_null(strchr(bare, '#'));
		tree_settings(*state, text);
		second = read_good(*state, 100);
		again = describe(&second);
		tree_settings(*state, bare);
		third = read_good(*state, 100);
		bare_again = describe(&third);
		/* Lines differ now, values do not. */
		free(TAKE_PTR(text));
		text = without_comments(again);
		assert_string_equal(text, bare);
		free(TAKE_PTR(text));
		text = without_comments(bare_again);
		assert_string_equal(text, bare);
	}
}

/* ---- the example ---- */

static char *read_example(void)
{
	auto_root struct fs_root root = {.fd = -1};
	char *text = NULL;

	assert_int_equal(fs_root_open(TESTS_DIR "/..", &root), 0);
	assert_int_equal(fs_read(&root, "snippets/pve-passthrough.conf", 65536, &text, NULL), 0);
	return text;
}

/* "What stands here as values is what holds without the file." */
static void test_example_holds_the_defaults(void **state)
{
	auto_settings struct settings s = settings_default;
	auto_free char *example = read_example();
	auto_free char *text = NULL, *bare = NULL, *defaults = NULL, *bare_defaults = NULL;

	tree_settings(*state, example);
	s = read_good(*state, 100);
	/* All but the one that has no effect yet (planner_check_config()). */
	for (int key = 0; key < SETTING_KEYS; key++)
		assert_true(s.from[key].path || key == SETTING_LANGUAGE);
	text = describe(&s);
	bare = without_comments(text);
	defaults = describe(&settings_default);
	bare_defaults = without_comments(defaults);
	assert_string_equal(bare, bare_defaults);
}

/* Every key that has an effect is there, and all examples are good, in either file. */
static void test_example_uncommented(void **state)
{
	static const char *const paths[] = {SETTINGS_PATH, SETTINGS_CLUSTER_PATH};
	auto_free char *example = read_example();

	for (char *at = example; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (*at == '#' && at[1] && !(at[1] == ' ' && at[2] != ' ') && at[1] != '\n')
			*at = ' ';
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_settings struct settings s = settings_default;
		bool seen[DEVICE_KEYS] = {false};

		cluster(*state, "");
		tree_settings(*state, "");
		tree_file(*state, paths[i], example);
		s = read_good(*state, 100);
		assert_int_equal(s.n_warnings, 0);
		assert_int_equal(s.machine, POLICY_WARN);
		assert_string_equal(s.next, "local:snippets/old.pl");
		assert_int_equal(s.n_devices, 1);
		assert_string_equal(s.devices[0].return_to, "none");
		for (size_t n = 0; n < s.n_devices; n++)
			for (int key = 0; key < DEVICE_KEYS; key++)
				seen[key] = seen[key] || s.devices[n].from[key].path;
		for (int key = 0; key < DEVICE_KEYS; key++)
			assert_true(seen[key] || key == DEVICE_DRIVER);
	}
}

/* ---- garbage ---- */

/* libconfig forgets a text that stands where none may ('a "x"'), once per refused file. Asked by
 * LeakSanitizer. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\n";
}

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* Words of the grammar in any order, and good files with bytes changed: never a crash, and either
 * an error with its reason or settings that read back. */
static void test_garbage(void **state)
{
	static const char *const words[] = {
		"devices",  "vm100",  "vm101",
		"machine",  "next",   "node",
		"address",  "id",     "allow",
		"stop_ct",  "unload", "=",
		":",	    "(",      ")",
		"{",	    "}",      "[",
		"]",	    ";",      ",",
		"\"warn\"", "105",    "1.5",
		"true",	    "\"",     "\\",
		"#",	    "\n",     "-1",
		"\xff",	    "\x01",   "99999999999999999999",
	};
	auto_free char *good = read_example();
	size_t len = strlen(good);
	unsigned int seed = 1;
	int n_good = 0;

	for (char *c = good; *c; c++)
		if (*c == '#' && c[1] != ' ')
			*c = ' ';
	for (int round = 0; round < 2000; round++) {
		auto_settings struct settings s = settings_default;
		auto_free char *text = strdup(good), *back = NULL;

		assert_non_null(text);
		if (round % 2)
			for (int i = 0; i < 1 + round % 3; i++)
				text[next_random(&seed) % len] = (char)(1 +
									next_random(&seed) % 255);
		else
			for (*text = '\0'; strlen(text) < 300;)
				strcat(strcat(text, words[next_random(&seed) % ARRAY_SIZE(words)]),
				       " ");
		cluster(*state, round % 4 < 2 ? text : "");
		tree_settings(*state, round % 4 < 2 ? "" : text);
		if (settings_read(&((struct tree *)*state)->root, 100, &s)) {
			assert_non_null(s.error);
			continue;
		}
		n_good++;
		back = describe(&s);
		settings_free(&s);
		tree_settings(*state, back);
		s = read_good(*state, 100);
	}
	assert_true(n_good > 100);
}

/* Deeper than any stack should go. */
static void test_deep(void **state)
{
	auto_free char *text = malloc(200001);

	assert_non_null(text);
	memcpy(text, "x = ", 4);
	memset(text + 4, '(', 199996);
	text[200000] = '\0';
	tree_settings(*state, text);
	read_bad(*state, -EINVAL, "/etc/pve-passthrough.conf, line 1: ");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_no_file),
		TEST(test_good),
		TEST(test_bad),
		TEST(test_bad_devices),
		TEST(test_long_value),
		TEST(test_devices),
		TEST(test_device_keys),
		TEST(test_which_device),
		TEST(test_return_and_reset),
		TEST(test_devices_hold_together),
		TEST(test_next_and_language),
		TEST(test_too_many_devices),
		TEST(test_includes_nothing),
		TEST(test_nul),
		TEST(test_too_long),
		TEST(test_writable_by_others),
		TEST(test_owned_by_another),
		TEST(test_directory_in_its_place),
		TEST(test_precedence),
		TEST(test_devices_of_two_files),
		TEST(test_devices_of_nodes),
		TEST(test_bad_cluster),
		TEST(test_unknown_in_cluster),
		TEST(test_writable_cluster),
		TEST(test_cluster_of_www_data),
		TEST(test_describe),
		TEST(test_describe_reads_back),
		TEST(test_example_holds_the_defaults),
		TEST(test_example_uncommented),
		TEST(test_garbage),
		TEST(test_deep),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
