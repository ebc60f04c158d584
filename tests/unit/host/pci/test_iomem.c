// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/iomem.h"

#include "tree.h"

#define BDF    "0000:01:00.0"
#define FOLDER "sys/devices/pci0000:00/" BDF

static const struct bdf card = {0, 1, 0, 0};

/* What is found with these BARs and claims, or "none". */
static void assert_found(struct tree *tree, const char *resource, const char *iomem,
			 const char *expected)
{
	auto_free char *name = NULL;

	tree_file(tree, FOLDER "/resource", resource);
	tree_file(tree, "proc/iomem", iomem);
	assert_int_equal(iomem_boot_framebuffer(&tree->root, &card, &name), 0);
	assert_string_equal(name ? name : "none", expected);
}

static int setup(void **state)
{
	if (tree_setup(state))
		return -1;
	tree_device(*state, &(struct tree_device){.bdf = BDF, .vendor = 0x10de, .class = 0x030000});
	return 0;
}

#define BAR "0x00000000e0000000 0x00000000e0ffffff 0x0000000000042208\n"

static void test_found(void **state)
{
	static const char *const names[] = {
		"BOOTFB", "efifb",   "simplefb", "simpledrm",
		"vesafb", "vesadrm", "efidrm",	 "simple-framebuffer.0"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *iomem = fs_path(
			"00000000-00000fff : Reserved\ne0000000-efffffff : PCI Bus 0000:01\n"
			"  e0000000-e0ffffff : " BDF "\n    e0000000-e02fffff : %s\n",
			names[i]);

		assert_found(*state, BAR, iomem, names[i]);
	}
}

/* Any of its BARs, above 4 GiB too, and by a single byte. */
static void test_other_bars(void **state)
{
	assert_found(*state,
		     "0x0000000000000000 0x0000000000000000 0x0000000000000000\n" BAR
		     "0x0000004000000000 0x000000400fffffff 0x000000000014220c\n",
		     "4000000000-400fffffff : PCI Bus 0000:01\n  4000000000-40007fffff : BOOTFB\n",
		     "BOOTFB");
	assert_found(*state, BAR, "dff00000-e0000000 : BOOTFB\n", "BOOTFB");
	assert_found(*state, BAR, "e0ffffff-e1ffffff : BOOTFB\n", "BOOTFB");
}

static void test_none(void **state)
{
	static const char line[] = "e0000000-e02fffff : BOOTFB\n";

	assert_found(*state, BAR, "", "none");
	assert_found(*state, "", line, "none");
	assert_found(*state, BAR, "e0000000-e02fffff : vfio-pci\n", "none");
	assert_found(*state, BAR, "e0000000-e02fffff : BOOTFBX\n", "none");
	/* Beside it, on either side. */
	assert_found(*state, BAR, "e1000000-e12fffff : BOOTFB\n", "none");
	assert_found(*state, BAR, "dfd00000-dfffffff : BOOTFB\n", "none");
	/* Ports are numbers, too, and another space. */
	assert_found(*state, "0x00000000e0000000 0x00000000e0ffffff 0x0000000000040101\n", line,
		     "none");
	/* As everybody but root sees it. */
	assert_found(*state, "0x0 0xffff 0x0000000000042208\n", "00000000-00000000 : BOOTFB\n",
		     "none");
	assert_found(*state, "garbage\n0x\n", "garbage\n-\nx-y : BOOTFB\ne0000000 : BOOTFB\n",
		     "none");
}

static void test_no_files(void **state)
{
	struct tree *tree = *state;
	char *name = NULL;

	assert_int_equal(iomem_boot_framebuffer(&tree->root, &card, &name), -ENOENT);
	tree_file(tree, FOLDER "/resource", BAR);
	assert_int_equal(iomem_boot_framebuffer(&tree->root, &card, &name), -ENOENT);
	assert_null(name);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_found),
		TEST(test_other_bars),
		TEST(test_none),
		TEST(test_no_files),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
