// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/module_text.h"
#include "host/pci/modules.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tree.h"

static const struct pci_identity nic = {0x8086, 0x10d3, 0x1043, 0xa01f, 0x020000};

#define NIC_ALIAS "pci:v00008086d000010D3sv00001043sd0000A01Fbc02sc00i00"

static void test_ids(void **state)
{
	static const struct {
		const char *ids;
		bool match;
	} rows[] = {
		{"8086:10d3", true},
		{"8086:10D3", true},
		{"8086:10d3,10de:1001", true},
		{"10de:1001,8086:10d3", true},
		{"10de:1001 8086:10d3", true},
		{",,8086:10d3,", true},
		{"8086:10d3:1043:a01f", true},
		{"8086:10d3:1043", true},
		{"8086:10d3:1043:a01f:020000", true},
		{"8086:10d3:ffffffff:ffffffff:020000:ffff00", true},
		{"8086:ffffffff", true},
		{"ffffffff:ffffffff:ffffffff:ffffffff:020000:ff0000", true},
		{"ffffffff:ffffffff:ffffffff:ffffffff:020155:ff0000", true},
		{"ffffffff:ffffffff:ffffffff:ffffffff:030000:ff0000", false},
		{"8086:10d3:1043:a01f:020001", false},
		{"8086:10d3:1043:a01f:030000", false},
		{"8086:10d3:1028", false},
		{"8086:10d3:1043:0001", false},
		{"8086:10d4", false},
		{"8087:10d3", false},
		{"10d3:8086", false},
		{"8086", false},
		{"", false},
		{",", false},
		{"8086:10d3x", false},
		{"x8086:10d3", false},
		{"8086-10d3", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (module_ids_match(rows[i].ids, &nic) != rows[i].match)
			fail_msg("matches or not: '%s'", rows[i].ids);
}

static void test_is_loaded(void **state)
{
	struct tree *tree = *state;

	tree_folder(tree, "sys/module/vfio_pci");
	tree_folder(tree, "sys/module/nvme");
	assert_true(module_is_loaded(&tree->root, "vfio_pci"));
	assert_true(module_is_loaded(&tree->root, "vfio-pci"));
	assert_true(module_is_loaded(&tree->root, "nvme"));
	assert_false(module_is_loaded(&tree->root, "vfio"));
	assert_false(module_is_loaded(&tree->root, "nvm"));
}

static struct modules *open_modules(struct tree *tree)
{
	struct modules *modules = NULL;

	assert_int_equal(modules_open(&tree->root, &modules), 0);
	return modules;
}

#define auto_modules cleanup_with(modules_closep)

static void test_alias(void **state)
{
	struct tree *tree = *state;
	auto_modules struct modules *modules = NULL;
	auto_free char *name = NULL;
	bool blacklisted = true;

	tree_file(tree, "etc/modprobe.d/a.conf",
		  "alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e\n");
	modules = open_modules(tree);
	assert_int_equal(modules_for_alias(modules, NIC_ALIAS, &name, &blacklisted), 0);
	assert_string_equal(name, "e1000e");
	assert_false(blacklisted);
}

static void test_alias_blacklisted(void **state)
{
	static const struct {
		const char *config;
		bool blacklisted;
	} rows[] = {
		{"blacklist e1000e\n", true},
		{"install e1000e /bin/false\n", true},
		{"install e1000e modprobe -i e1000e\n", false},
	};
	struct tree *tree = *state;

	tree_file(tree, "lib/modprobe.d/a.conf", "alias pci:v00008086d*sv*sd*bc*sc*i* e1000e\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_modules struct modules *modules = NULL;
		auto_free char *name = NULL;
		bool blacklisted = !rows[i].blacklisted;

		tree_file(tree, "run/modprobe.d/b.conf", rows[i].config);
		modules = open_modules(tree);
		assert_int_equal(modules_for_alias(modules, NIC_ALIAS, &name, &blacklisted), 0);
		assert_string_equal(name, "e1000e");
		assert_int_equal(blacklisted, rows[i].blacklisted);
	}
}

/* One of two is not blacklisted: that one will be loaded. */
static void test_alias_of_two(void **state)
{
	struct tree *tree = *state;
	auto_modules struct modules *modules = NULL;
	auto_free char *name = NULL;
	bool blacklisted = true;

	tree_file(tree, "etc/modprobe.d/a.conf",
		  "alias pci:v00008086d*sv*sd*bc*sc*i* bad\n"
		  "alias pci:v00008086d000010D3sv*sd*bc*sc*i* good\nblacklist bad\n");
	modules = open_modules(tree);
	assert_int_equal(modules_for_alias(modules, NIC_ALIAS, &name, &blacklisted), 0);
	assert_string_equal(name, "good");
	assert_false(blacklisted);
}

static void test_alias_on_the_command_line(void **state)
{
	static const struct {
		const char *cmdline, *name;
		bool blacklisted;
	} rows[] = {
		{"modprobe.blacklist=one\n", "two", false},
		{"quiet module_blacklist=x,one,two", "one", true},
		{"module_blacklist=two modprobe.blacklist=one quiet", "one", true},
		{"module_blacklist=onex,xtwo", "one", false},
	};
	struct tree *tree = *state;

	tree_file(tree, "etc/modprobe.d/a.conf",
		  "alias pci:v00008086d*sv*sd*bc*sc*i* one\n"
		  "alias pci:v00008086d000010D3sv*sd*bc*sc*i* two\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_modules struct modules *modules = open_modules(tree);
		auto_free char *name = NULL;
		bool blacklisted = !rows[i].blacklisted;

		tree_file(tree, "proc/cmdline", rows[i].cmdline);
		assert_int_equal(modules_for_alias(modules, NIC_ALIAS, &name, &blacklisted), 0);
		assert_string_equal(name, rows[i].name);
		assert_int_equal(blacklisted, rows[i].blacklisted);
	}
}

/* A line that modprobe ignores is not printed for everybody who asks about a module. */
static void test_silent(void **state)
{
	struct tree *tree = *state;
	auto_modules struct modules *modules = NULL;
	auto_free char *printed = NULL;
	int file, before;

	tree_file(tree, "etc/modprobe.d/vfio.conf", "10de:2206,10de:1aef\n");
	tree_file(tree, "printed", "");
	file = fs_open(&tree->root, "printed", O_WRONLY, 0);
	before = dup(STDERR_FILENO);
	assert_true(file >= 0 && before >= 0);
	dup2(file, STDERR_FILENO);
	modules = open_modules(tree);
	dup2(before, STDERR_FILENO);
	close(before);
	close(file);
	assert_int_equal(fs_read(&tree->root, "printed", 4096, &printed, NULL), 0);
	assert_string_equal(printed, "");
	assert_null(getenv("KMOD_LOG"));
}

static void test_vfio_ids(void **state)
{
	static const struct {
		const char *config;
		bool match;
	} rows[] = {
		{"options vfio-pci ids=8086:10d3\n", true},
		/* The last one is the only one. */
		{"options vfio-pci ids=8086:10d3\noptions vfio-pci ids=10de:1001\n", false},
		{"options vfio-pci ids=10de:1001\noptions vfio-pci ids=8086:10d3\n", true},
		{"options vfio_pci ids=8086:10d3\n", true},
		{"options vfio-pci disable_vga=1 ids=10de:1001,8086:10d3 nointxmask=1\n", true},
		{"options vfio-pci disable_vga=1\noptions vfio-pci ids=8086:10d3\n", true},
		{"options vfio-pci ids=10de:1001\n", false},
		{"options vfio-pci disable_ids=8086:10d3\n", false},
		{"options vfio ids=8086:10d3\n", false},
		{"options e1000e ids=8086:10d3\n", false},
		{"# options vfio-pci ids=8086:10d3\n", false},
		{"blacklist vfio-pci\n", false},
		{"", false},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_modules struct modules *modules = NULL;

		tree_file(tree, "etc/modprobe.d/vfio.conf", rows[i].config);
		modules = open_modules(tree);
		if (modules_vfio_ids_match(modules, &nic) != rows[i].match)
			fail_msg("matches or not: %s", rows[i].config);
	}
}

static void test_vfio_ids_on_the_command_line(void **state)
{
	static const struct {
		const char *cmdline;
		bool match;
	} rows[] = {
		{"quiet vfio-pci.ids=10de:1001,8086:10d3 ro\n", true},
		{"vfio_pci.ids=8086:10d3", true},
		{"vfio-pci.ids=8086:10d3 vfio-pci.ids=10de:1001", false},
		{"vfio.ids=8086:10d3 xvfio-pci.ids=8086:10d3 vfio-pci.idss=8086:10d3", false},
	};
	struct tree *tree = *state;

	/* It is the last one, whatever modprobe.d says. */
	tree_file(tree, "etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:1001\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_modules struct modules *modules = open_modules(tree);

		tree_file(tree, "proc/cmdline", rows[i].cmdline);
		if (modules_vfio_ids_match(modules, &nic) != rows[i].match)
			fail_msg("matches or not: %s", rows[i].cmdline);
	}
}

static void test_has(void **state)
{
	struct tree *tree = *state;
	auto_modules struct modules *modules = open_modules(tree);

	assert_false(modules_has(modules, "vfio_virqfd"));
	tree_folder(tree, "sys/module/vfio_virqfd");
	assert_true(modules_has(modules, "vfio_virqfd"));
	assert_true(modules_has(modules, "vfio-virqfd"));
}

static char *obstacle_to(struct modules *modules, const char *name, bool any)
{
	struct module_obstacle obstacle;

	assert_int_equal(modules_find_obstacle(modules, name, any, &obstacle), 0);
	assert_int_equal(obstacle.on_cmdline, obstacle.text && *obstacle.text == 'm');
	return obstacle.text;
}

/* Only a command that loads nothing is known to keep the module away before it is run. */
static void test_install_lines(void **state)
{
	static const struct {
		const char *config, *name, *line, *any;
	} rows[] = {
		{"install vfio-pci /bin/true\n", "vfio_pci", "install vfio_pci /bin/true",
		 "install vfio_pci /bin/true"},
		{"install vfio_pci /bin/false\n", "vfio-pci", "install vfio_pci /bin/false",
		 "install vfio_pci /bin/false"},
		{"install vfio_p?? :\n", "vfio_pci", "install vfio_pci :", "install vfio_pci :"},
		{"install vfio_pci modprobe -i vfio-pci\n", "vfio_pci", NULL,
		 "install vfio_pci modprobe -i vfio-pci"},
		{"install vfio_pci true # not; ever\n", "vfio_pci",
		 "install vfio_pci true # not; ever", "install vfio_pci true # not; ever"},
		{"install vfio_pci true; modprobe -i vfio-pci\n", "vfio_pci", NULL,
		 "install vfio_pci true; modprobe -i vfio-pci"},
		{"# install vfio_pci /bin/true\nblacklist vfio_pci\n", "vfio_pci", NULL, NULL},
		{"install vfio /bin/true\n", "vfio_pci", NULL, NULL},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *line = NULL, *any = NULL;

		tree_file(tree, "etc/modprobe.d/a.conf", rows[i].config);
		{
			auto_modules struct modules *modules = open_modules(tree);

			line = obstacle_to(modules, rows[i].name, false);
			any = obstacle_to(modules, rows[i].name, true);
		}
		if (!same_text(line, rows[i].line) || !same_text(any, rows[i].any))
			fail_msg("%s: %s, %s", rows[i].config, line ? line : "none",
				 any ? any : "none");
	}
}

/* The kernel reads the last of such words, and names as they are. */
static void test_kernels_blacklist(void **state)
{
	static const struct {
		const char *cmdline, *obstacle;
	} rows[] = {
		{"quiet module_blacklist=vfio_pci\n", "module_blacklist=vfio_pci"},
		{"module_blacklist=nouveau,vfio_pci ro", "module_blacklist=nouveau,vfio_pci"},
		{"module_blacklist=vfio_pci module_blacklist=nouveau", NULL},
		{"module_blacklist=vfio-pci module_blacklist.x=vfio_pci", NULL},
		{"modprobe.blacklist=vfio_pci", NULL},
	};
	struct tree *tree = *state;
	auto_modules struct modules *modules = open_modules(tree);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *obstacle = NULL;

		tree_file(tree, "proc/cmdline", rows[i].cmdline);
		obstacle = obstacle_to(modules, "vfio-pci", false);
		if (!same_text(obstacle, rows[i].obstacle))
			fail_msg("%s: %s", rows[i].cmdline, obstacle ? obstacle : "none");
	}
}

/* The real one: a tree's kernel is not asked for anything. */
static void test_load(void **state)
{
	struct tree *tree = *state;
	auto_modules struct modules *modules = open_modules(tree);

	assert_int_equal(modules_load(modules, "vfio_pci"), -EOPNOTSUPP);
	tree_folder(tree, "sys/module/vfio_pci");
	assert_int_equal(modules_load(modules, "vfio-pci"), 0);
	modules_close(NULL);
}

/* A module may be unloaded only when it is known that nobody else needs it. */
static void test_serves_others(void **state)
{
#define DRIVERS "sys/module/nvme/drivers"
	const struct bdf bdf = {0, 1, 0, 0};
	struct tree *tree = *state;

	assert_false(module_serves_others(&tree->root, "none", &bdf));
	tree_folder(tree, DRIVERS "/pci:nvme/0000:01:00.0");
	assert_false(module_serves_others(&tree->root, "nvme", &bdf));
	tree_folder(tree, DRIVERS "/pci:nvme/0000:02:00.0");
	assert_true(module_serves_others(&tree->root, "nvme", &bdf));
	tree_delete(tree, DRIVERS "/pci:nvme/0000:02:00.0");
	tree_obscure(tree, DRIVERS "/pci:nvme");
	assert_true(module_serves_others(&tree->root, "nvme", &bdf));
	tree_reveal(tree, DRIVERS "/pci:nvme");
	tree_obscure(tree, DRIVERS);
	assert_true(module_serves_others(&tree->root, "nvme", &bdf));
	tree_reveal(tree, DRIVERS);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		TEST(test_is_loaded),
		TEST(test_alias),
		TEST(test_alias_blacklisted),
		TEST(test_alias_of_two),
		TEST(test_alias_on_the_command_line),
		TEST(test_silent),
		TEST(test_vfio_ids),
		TEST(test_vfio_ids_on_the_command_line),
		TEST(test_has),
		TEST(test_install_lines),
		TEST(test_kernels_blacklist),
		TEST(test_load),
		TEST(test_serves_others),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
