// SPDX-License-Identifier: GPL-2.0-or-later
/* PFs and their VFs, and /etc/pve-passthrough.d/host.conf. */
#include "fake_kernel.h"
#include "host/pci/sriov.h"
#include "host/pci/sriov_conf.h"

#include <stdio.h>

#define PF "0000:03:00.0"
#define AT "sys/bus/pci/devices/" PF "/"

static const struct bdf pf = {0, 3, 0, 0};

static int set(struct tree *tree, unsigned int vfs, int autoprobe)
{
	const struct sriov_wish wish = {pf, vfs, autoprobe};
	auto_free char *log = NULL;

	return sriov_set_in_worker(&tree->root, &wish, &log);
}

static void test_read_and_set(void **state)
{
	auto_sriov struct sriov sriov = {0}, none = {0};
	const struct bdf other = {0, 4, 0, 0};
	struct tree *tree = *state;

	tree_igb(tree, PF, 20);
	assert_int_equal(set(tree, 2, 0), 0);
	assert_int_equal(sriov_read(&tree->root, &pf, &sriov), 0);
	assert_int_equal(sriov.total, 7);
	assert_int_equal(sriov.autoprobe, 0);
	assert_int_equal(sriov.n_vfs, 2);
	assert_string_equal(bdf_text(&sriov.vfs[1].bdf), "0000:03:10.2");
	/* By way of none. */
	fake_kernel_reset(NULL);
	assert_int_equal(set(tree, 4, -1), 0);
	assert_string_equal(fake_kernel_log(), PF "/sriov_numvfs=0\n" PF "/sriov_numvfs=4\n");
	/* The VFs go before the kernel may look for drivers for them. */
	fake_kernel_reset(NULL);
	assert_int_equal(set(tree, 0, 1), 0);
	assert_string_equal(fake_kernel_log(),
			    PF "/sriov_numvfs=0\n" PF "/sriov_drivers_autoprobe=1\n");
	/* What is as wanted is not written. */
	fake_kernel_reset(NULL);
	assert_int_equal(set(tree, 0, 1), 0);
	assert_string_equal(fake_kernel_log(), "");
	/* No PF, and no device. */
	assert_int_equal(sriov_read(&tree->root, &other, &none), 0);
	assert_int_equal(none.total, 0);
	assert_int_equal(none.autoprobe, -1);
}

/* As the kernel counts: 7 VFs from 03:10.0, of which two are made, every second address. */
static void test_find_pf(void **state)
{
	static const struct {
		struct bdf vf;
		unsigned int number;
	} rows[] = {
		{{0, 3, 0x10, 0}, 1}, {{0, 3, 0x10, 2}, 2}, {{0, 3, 0x11, 4}, 7},
		{{0, 3, 0x10, 1}, 0}, {{0, 3, 0x11, 6}, 0}, {{0, 3, 0x0f, 6}, 0},
		{{0, 4, 0x10, 0}, 0}, {{1, 3, 0x10, 0}, 0}, {{0, 3, 0, 0}, 0},
	};
	struct tree *tree = *state;

	tree_igb(tree, PF, 20);
	assert_int_equal(set(tree, 2, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int number = 99;
		struct bdf found = {0};

		assert_int_equal(sriov_find_pf(&tree->root, &rows[i].vf, &found, &number), 0);
		if (number != rows[i].number)
			fail_msg("%s is number %u", bdf_text(&rows[i].vf), number);
		if (number)
			assert_int_equal(bdf_compare(&found, &pf), 0);
	}
	tree_file(tree, AT "sriov_stride", "x\n");
	assert_int_equal(sriov_find_pf(&tree->root, &pf, &(struct bdf){0}, &(unsigned int){0}),
			 -EINVAL);
}

static void test_driver_makes_fewer(void **state)
{
	struct tree *tree = *state;

	tree_igb(tree, PF, 20);
	tree_file(tree, AT "sriov_limit", "3\n");
	assert_int_equal(set(tree, 4, -1), -ENOMEM);
	assert_int_equal(set(tree, 8, -1), -ERANGE);
	tree_bind(tree, PF, NULL);
	assert_int_equal(set(tree, 1, -1), -ENOENT);
}

static void test_conf(void **state)
{
	const struct sriov_entry entries[] = {
		{{0, 0x81, 0, 0}, 0x15b3, 0x1017, 16, true, -1},
		{{0, 3, 0, 0}, 0x8086, 0x10fb, 4, false, 1},
	};
	static const char text[] =
		"made_directory = true;\n"
		"enabled_service = false;\n"
		"sriov = (\n"
		"  { address = \"0000:03:00.0\"; id = \"8086:10fb\"; vfs = 4; host_driver = false; "
		"autoprobe_was = true; },\n"
		"  { address = \"0000:81:00.0\"; id = \"15b3:1017\"; vfs = 16; host_driver = true; "
		"}\n"
		");\n";
	auto_sriov_conf struct sriov_conf conf = {.made_directory = true}, read = {0}, none = {0};
	auto_free char *made = NULL, *again = NULL;
	struct tree *tree = *state;

	assert_int_equal(sriov_conf_read(&tree->root, &none), 0);
	assert_false(none.exists);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		assert_int_equal(sriov_conf_put(&conf, &entries[i]), 0);
	made = sriov_conf_text(&conf);
	assert_non_null(strstr(made, text));
	tree_file(tree, SRIOV_CONF_PATH, made);
	assert_int_equal(sriov_conf_read(&tree->root, &read), 0);
	again = sriov_conf_text(&read);
	assert_string_equal(made, again);
	assert_int_equal(sriov_conf_at(&read, &entries[0].bdf)->vfs, 16);
	sriov_conf_drop(&read, &entries[1].bdf);
	assert_null(sriov_conf_at(&read, &entries[1].bdf));
	assert_int_equal(read.n, 1);
}

/* Damaged, newer, or unreadable: never taken for empty. */
static void test_conf_damaged(void **state)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{"", -EINVAL},
		{"format = 1;", -EINVAL},
		{"format = 2; sriov = ();", -EPROTONOSUPPORT},
		{"format = 1; sriov = ( 1 );", -EINVAL},
		{"format = 1; sriov = ( { address = \"03:00.0\"; id = \"8086:10fb\"; vfs = 1; } );",
		 -EINVAL},
		{"format = 1; sriov = ( { address = \"0000:03:00.0\"; id = \"8086\"; vfs = 1; } );",
		 -EINVAL},
		{"format = 1; sriov = ( { address = \"0000:03:00.0\"; id = \"8086:10fb\"; vfs = 0; } "
		 ");",
		 -EINVAL},
		{"format = 1; sriov = ( { address = \"0000:03:00.0\"; id = \"8086:10fb\"; vfs = 1; }, "
		 "{ address = \"0000:03:00.0\"; id = \"8086:10fb\"; vfs = 2; } );",
		 -EINVAL},
	};
	struct tree *tree = *state;
	struct sriov_conf conf;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_file(tree, SRIOV_CONF_PATH, rows[i].text);
		if (sriov_conf_read(&tree->root, &conf) != rows[i].err)
			fail_msg("'%s' is not %d", rows[i].text, rows[i].err);
	}
	tree_obscure(tree, SRIOV_CONF_PATH);
	assert_int_equal(sriov_conf_read(&tree->root, &conf), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read_and_set, fake_kernel_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_find_pf, fake_kernel_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_driver_makes_fewer, fake_kernel_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_conf, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_conf_damaged, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
