// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/iommu.h"

#include "tree.h"

static const struct bdf bdf = {0, 1, 0, 0};

static void put_device(struct tree *tree, const char *address, int group)
{
	tree_device(tree, &(struct tree_device){.bdf = address, .vendor = 1, .group = group});
}

/* Both must hold something: a class without groups, or groups without a class, is no IOMMU. */
static void test_active(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(iommu_is_active(&tree->root), 0);
	tree_iommu(tree);
	assert_int_equal(iommu_is_active(&tree->root), 0);
	put_device(tree, "0000:01:00.0", 0);
	assert_int_equal(iommu_is_active(&tree->root), 1);
	tree_delete(tree, "sys/class/iommu/dmar0");
	assert_int_equal(iommu_is_active(&tree->root), 0);
	tree_link(tree, "sys/class/iommu/dmar1", "x");
	tree_obscure(tree, "sys/kernel/iommu_groups");
	assert_int_equal(iommu_is_active(&tree->root), -ELOOP);
	assert_int_equal(iommu_group_is_reserved(&tree->root, 0), -ELOOP);
	tree_delete(tree, "sys");
	assert_int_equal(iommu_is_active(&tree->root), 0);
}

static void test_offered(void **state)
{
	static const char *const tables[] = {"DMAR", "IVRS", "VIOT"};
	struct tree *tree = *state;

	tree_file(tree, "sys/firmware/acpi/tables/APIC", "");
	assert_null(iommu_table(&tree->root));
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		auto_free char *path = fs_path("sys/firmware/acpi/tables/%s", tables[i]);

		tree_file(tree, path, "");
		assert_non_null(iommu_table(&tree->root));
		tree_delete(tree, path);
	}
	assert_null(iommu_table(&tree->root));
}

static void test_group_of(void **state)
{
	static const char *const bad[] = {"", "x", "12x", "-1", "99999999999", "12 "};
	struct tree *tree = *state;

	assert_int_equal(iommu_group_of(&tree->root, &bdf), -ENOENT);
	put_device(tree, "0000:01:00.0", -1);
	assert_int_equal(iommu_group_of(&tree->root, &bdf), -ENOENT);
	put_device(tree, "0000:01:00.0", 0);
	assert_int_equal(iommu_group_of(&tree->root, &bdf), 0);
	put_device(tree, "0000:01:00.0", 12345);
	assert_int_equal(iommu_group_of(&tree->root, &bdf), 12345);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_free char *target = fs_path("../groups/%s", bad[i]);

		tree_link(tree, "sys/devices/pci0000:00/0000:01:00.0/iommu_group", target);
		assert_int_equal(iommu_group_of(&tree->root, &bdf), -EINVAL);
	}
}

static void test_members(void **state)
{
	struct tree *tree = *state;
	auto_free struct bdf *members = NULL;
	struct bdf *none;
	size_t n = 0;

	assert_int_equal(iommu_group_members(&tree->root, 7, &none, &n), -ENOENT);
	put_device(tree, "0000:02:00.0", 7);
	put_device(tree, "0000:01:00.1", 7);
	put_device(tree, "0000:01:00.0", 7);
	put_device(tree, "0000:03:00.0", 8);
	/* A platform's device is none that can be passed. */
	tree_link(tree, "sys/kernel/iommu_groups/7/devices/arm-smmu.0.auto", "nowhere");
	assert_int_equal(iommu_group_members(&tree->root, 7, &members, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(bdf_compare(&members[0], &(struct bdf){0, 1, 0, 0}), 0);
	assert_int_equal(bdf_compare(&members[1], &(struct bdf){0, 1, 0, 1}), 0);
	assert_int_equal(bdf_compare(&members[2], &(struct bdf){0, 2, 0, 0}), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_active),
		TEST(test_offered),
		TEST(test_group_of),
		TEST(test_members),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
