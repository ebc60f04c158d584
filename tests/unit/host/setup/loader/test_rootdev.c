// SPDX-License-Identifier: GPL-2.0-or-later
#include "tree.h"

#include "host/setup/loader/rootdev.h"

/* A host with its root in LVM, a clone of that on another disk, two file systems in btrfs, one of
 * which has two devices, and links as udev makes them. */
static void prepare(struct tree *tree)
{
	tree_file(tree, "dev/dm-1", "");
	tree_file(tree, "dev/sda2", "");
	tree_file(tree, "dev/sdb2", "");
	tree_link(tree, "dev/mapper/pve-root", "../dm-1");
	tree_link(tree, "dev/pve/root", "../dm-1");
	tree_link(tree, "dev/disk/by-uuid/aaaa", "../../dm-1");
	tree_link(tree, "dev/disk/by-uuid/bbbb", "../../sdb2");
	tree_link(tree, "dev/disk/by-label/my\\x20root", "../../dm-1");
	tree_link(tree, "dev/disk/by-partuuid/p-2", "../../sda2");
	tree_link(tree, "dev/disk/by-partlabel/root\\x27s", "../../sda2");
	tree_file(tree, "dev/nvme0n1p3", "");
	tree_file(tree, "dev/dm-7", "");
	tree_file(tree, "dev/sdc1", "");
	tree_link(tree, "dev/disk/by-uuid/r-1", "../../nvme0n1p3");
	tree_link(tree, "dev/mapper/luks-2", "../dm-7");
	tree_folder(tree, "sys/fs/btrfs/features");
	tree_link(tree, "sys/fs/btrfs/o-1/devices/sdc1", "../../../../block");
	tree_link(tree, "sys/fs/btrfs/r-1/devices/nvme0n1p3", "../../../../block");
	tree_link(tree, "sys/fs/btrfs/r-1/devices/dm-7", "../../../../block");
	tree_folder(tree, "sys/block");
}

static void test_compare(void **state)
{
	static const struct {
		const char *one, *other;
		enum rootdev_match match;
	} rows[] = {
		{"/dev/mapper/pve-root", "UUID=aaaa", ROOTDEV_SAME},
		{"/dev/mapper/pve-root", "/dev/pve/root", ROOTDEV_SAME},
		{"/dev/mapper/pve-root", "UUID=bbbb", ROOTDEV_DIFFERENT},
		{"/dev/mapper/pve-root", "UUID=cccc", ROOTDEV_UNKNOWN},
		{"UUID=cccc", "UUID=cccc", ROOTDEV_SAME},
		{"UUID=aaaa\"", "UUID=aaaa", ROOTDEV_SAME},
		{"LABEL=my root\"", "/dev/dm-1", ROOTDEV_SAME},
		{"PARTUUID=p-2", "/dev/sda2", ROOTDEV_SAME},
		{"PARTUUID=p-2", "/dev/sdb2", ROOTDEV_DIFFERENT},
		{"PARTLABEL=root's", "PARTUUID=p-2", ROOTDEV_SAME},
		{"ZFS=rpool/ROOT/pve-1", "zfs:rpool/ROOT/pve-1", ROOTDEV_SAME},
		{"ZFS=rpool/ROOT/pve-1", "ZFS=rpool/ROOT/pve-2", ROOTDEV_DIFFERENT},
		{"ZFS=rpool/ROOT/pve-1", "UUID=aaaa", ROOTDEV_DIFFERENT},
		{"ZFS=rpool/ROOT/pve-1", "UUID=cccc", ROOTDEV_UNKNOWN},
		{"ZFS=rpool/ROOT/pve-1", "zfs:AUTO", ROOTDEV_UNKNOWN},
		{"0802", "/dev/sda2", ROOTDEV_UNKNOWN},
		{"PARTUUID=../../sdb2", "/dev/sdb2", ROOTDEV_UNKNOWN},
		{"", "/dev/sda2", ROOTDEV_UNKNOWN},
		/* btrfs: any of its devices will do. */
		{"UUID=r-1", "/dev/mapper/luks-2", ROOTDEV_SAME},
		{"/dev/nvme0n1p3", "/dev/dm-7", ROOTDEV_SAME},
		{"UUID=r-1", "/dev/sdc1", ROOTDEV_DIFFERENT},
		{"UUID=r-1", "/dev/sda2", ROOTDEV_DIFFERENT},
	};
	struct tree *tree = *state;

	prepare(tree);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum rootdev_match match = rootdev_compare(&tree->root, rows[i].one, rows[i].other);

		if (match != rows[i].match)
			fail_msg("%s and %s: %d", rows[i].one, rows[i].other, (int)match);
		assert_int_equal(rootdev_compare(&tree->root, rows[i].other, rows[i].one), match);
	}
}

/* What btrfs has cannot be told: no verdict. */
static void test_btrfs_cannot_be_read(void **state)
{
	struct tree *tree = *state;

	prepare(tree);
	tree_obscure(tree, "sys/fs/btrfs");
	assert_int_equal(rootdev_compare(&tree->root, "UUID=r-1", "/dev/dm-7"), ROOTDEV_UNKNOWN);
	assert_int_equal(rootdev_compare(&tree->root, "UUID=r-1", "/dev/nvme0n1p3"), ROOTDEV_SAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_compare, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_btrfs_cannot_be_read, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
