// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether an initramfs is made at all, and whether it was. */
#include "hosttree.h"

#include "host/setup/loader/initramfs.h"

static void test_off(void **state)
{
	static const struct {
		const char *text;
		unsigned int line; /* 0: it is on */
	} rows[] = {
		{NULL, 0},
		{"", 0},
		{"update_initramfs=yes\n", 0},
		{"update_initramfs=all\n", 0},
		{"update_initramfs=no\n", 1},
		{"update_initramfs=no", 1},
		{"# x\n\tupdate_initramfs='no' # y\n", 2},
		{"update_initramfs=\"no\";\r\n", 1},
		{"#update_initramfs=no\n", 0},
		{"backup_initramfs=no\n", 0},
		{"update_initramfs=none\n", 0},
		{"update_initramfs=no\nupdate_initramfs=yes\n", 0},
		{"update_initramfs=yes\nupdate_initramfs=no\n", 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_hosttree struct hosttree tree = {0};
		unsigned int line = 0;
		int off;

		hosttree_open(&tree, true);
		if (rows[i].text)
			hosttree_text(&tree, INITRAMFS_CONF, rows[i].text);
		off = initramfs_is_off(&tree.root, &line);
		if (off != (rows[i].line > 0) || line != rows[i].line)
			fail_msg("row %zu: %d, line %u", i, off, line);
	}
}

/* What is left of initramfs-tools decides nothing where dracut makes the initramfs. */
static void test_off_of_dracut(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	unsigned int line = 0;

	(void)state;
	hosttree_open(&tree, true);
	hosttree_text(&tree, INITRAMFS_CONF, "update_initramfs=no\n");
	assert_int_equal(initramfs_is_off(&tree.root, &line), 1);
	hosttree_text(&tree, "usr/bin/dracut", "");
	hosttree_text(&tree, "var/lib/dpkg/info/initramfs-tools.list", "");
	assert_int_equal(initramfs_is_off(&tree.root, &line), 0);
}

/* An image without its kernel is nobody's. */
static void test_made_anew(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_free char *before = NULL, *after = NULL, *same = NULL, *anew = NULL;
	auto_free char *all = NULL, *move = NULL;
	bool any;

	(void)state;
	hosttree_open(&tree, true);
	hosttree_text(&tree, "boot/vmlinuz-6.1", "");
	hosttree_text(&tree, "boot/vmlinuz-6.8", "");
	hosttree_text(&tree, "boot/initrd.img-5.4", "x");
	hosttree_text(&tree, "boot/initrd.img-6.1", "x");
	hosttree_text(&tree, "boot/initrd.img-6.8", "x");
	assert_int_equal(initramfs_stamp(&tree.root, &before), 0);
	assert_null(strstr(before, "5.4"));
	hosttree_text(&tree, "boot/new", "x");
	move = fs_path("mv %s/boot/new %s/boot/initrd.img-6.1", tree.dir, tree.dir);
	assert_int_equal(system(move), 0);
	assert_int_equal(initramfs_stamp(&tree.root, &after), 0);
	assert_int_equal(initramfs_find_same(before, after, &same, &any), 0);
	assert_string_equal(same, "/boot/initrd.img-6.8");
	assert_true(any);
	assert_int_equal(initramfs_find_same(before, "", &anew, &any), 0);
	assert_null(anew);
	assert_true(any);
	assert_int_equal(initramfs_find_same(before, before, &all, &any), 0);
	assert_string_equal(all, "/boot/initrd.img-6.1");
	assert_false(any);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_off_of_dracut),
		cmocka_unit_test(test_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
