// SPDX-License-Identifier: GPL-2.0-or-later
/* What is on a disk, and the commands that end it: hosts as people have them. */
#include "host/usage/disk/disk_uses.h"

#include <string.h>

#include "tree.h"

#define SDA "sys/devices/pci0000:00/0000:03:00.0/block/sda"

static void put_holder(struct tree *tree, const char *below, const char *holder)
{
	auto_free char *path = fs_path("%s/holders/%s", below, holder);

	tree_folder(tree, path);
}

static void put_mapped(struct tree *tree, const char *holder, const char *name, const char *uuid)
{
	auto_free char *name_path = fs_path("sys/class/block/%s/dm/name", holder);
	auto_free char *uuid_path = fs_path("sys/class/block/%s/dm/uuid", holder);
	auto_free char *dev = fs_path("sys/class/block/%s/dev", holder);
	auto_free char *numbers = fs_path("253:%s\n", strchr(holder, '-') + 1);

	tree_file(tree, name_path, name);
	if (uuid)
		tree_file(tree, uuid_path, uuid);
	tree_file(tree, dev, numbers);
}

/* The uses of sda, and the commands with " && " between them; "?" after them for what none ends,
 * "!" for what the host runs from. */
static void assert_uses(struct tree *tree, const char *what, const char *steps)
{
	auto_disk_uses struct disk_uses uses = {0};
	auto_strbuf struct strbuf text = {0};
	auto_free char *command = NULL;
	auto_mounts struct mounts mounts = {0};
	struct disk_tables tables;

	assert_int_equal(mounts_read(&tree->root, 1, &mounts), 0);
	assert_int_equal(disk_tables_read(&tree->root, &mounts, &tables), 0);
	assert_int_equal(disk_uses_add_block(&tables, SDA, "sda", 8, 0, &uses), 0);
	if (!uses.what.len)
		assert_int_equal(disk_uses_add_pool(&tables, 8, 0, &uses), 0);
	command = disk_uses_command(&uses);
	assert_non_null(command);
	strbuf_add(&text, "%s%s%s", command, uses.unclear ? "?" : "", uses.vital ? "!" : "");
	assert_string_equal(uses.what.text ? uses.what.text : "", what);
	assert_string_equal(text.text ? text.text : "", steps);
	disk_tables_free(&tables);
}

static void test_none(void **state)
{
	assert_uses(*state, "", "");
}

/* What was mounted last goes first; a name that no terminal should get is no command. */
static void test_mounts(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "proc/1/mountinfo",
		  "22 1 8:0 / /srv rw - ext4 /dev/sda rw\n"
		  "23 1 8:0 /x /srv/it's\\040x rw - ext4 /dev/sda rw\n");
	assert_uses(tree, "mounted at /srv, mounted at /srv/it's x",
		    "umount '/srv/it'\\''s x' && umount /srv");
	tree_file(tree, "proc/1/mountinfo", "22 1 8:0 / /a\\012ok rw - ext4 /dev/sda rw\n");
	assert_uses(tree, "mounted at /a\nok", "?");
	tree_file(tree, "proc/1/mountinfo", "22 1 8:0 / / rw - ext4 /dev/sda rw\n");
	assert_uses(tree, "mounted at /", "umount /!");
	tree_file(tree, "proc/1/mountinfo", "");
	tree_file(tree, "proc/swaps", "Filename\n/dev/sda partition 1 0 -2\n");
	assert_uses(tree, "swap on /dev/sda", "swapoff /dev/sda");
}

/* DRBD claims the disk, and holds it. */
static void test_drbd(void **state)
{
	struct tree *tree = *state;

	put_holder(tree, SDA, "drbd12");
	tree_file(tree, "proc/1/mountinfo", "22 1 147:12 / /mnt rw - ext4 /dev/drbd12 rw\n");
	tree_file(tree, "sys/class/block/drbd12/dev", "147:12\n");
	assert_uses(tree, "part of drbd12, mounted at /mnt", "umount /mnt && drbdsetup detach 12");
}

/* An md that udev assembled, and LVM on top of it. */
static void test_md(void **state)
{
	struct tree *tree = *state;

	put_holder(tree, SDA, "md127");
	assert_uses(tree, "part of md127", "mdadm --stop /dev/md127");
	put_holder(tree, "sys/class/block/md127", "dm-1");
	put_mapped(tree, "dm-1", "tank--1-vm--100--disk--0\n", "LVM-x\n");
	tree_file(tree, "proc/1/mountinfo",
		  "22 1 253:1 / /mnt rw - ext4 /dev/mapper/tank--1-vm--100--disk--0 rw\n");
	assert_uses(tree, "part of md127, part of dm-1 (tank--1-vm--100--disk--0), mounted at /mnt",
		    "umount /mnt && vgchange -an tank-1 && mdadm --stop /dev/md127");
}

/* A partition of an md, as firmware RAID has them. */
static void test_md_partition(void **state)
{
	struct tree *tree = *state;

	put_holder(tree, SDA, "md126");
	tree_file(tree, "sys/class/block/md126/md126p1/dev", "259:1\n");
	tree_file(tree, "proc/1/mountinfo", "22 1 259:1 / /data rw - ext4 /dev/md126p1 rw\n");
	assert_uses(tree, "part of md126, mounted at /data",
		    "umount /data && mdadm --stop /dev/md126");
}

/* The volumes of a thin pool, of which there may be many: the group says it all. */
static void test_thin_pool(void **state)
{
	struct tree *tree = *state;

	put_holder(tree, SDA, "dm-0");
	put_holder(tree, "sys/class/block/dm-0", "dm-1");
	put_holder(tree, "sys/class/block/dm-1", "dm-2");
	put_holder(tree, "sys/class/block/dm-1", "dm-3");
	put_mapped(tree, "dm-0", "ssd-data_tdata\n", "LVM-a-tdata\n");
	put_mapped(tree, "dm-1", "ssd-data-tpool\n", "LVM-b-tpool\n");
	put_mapped(tree, "dm-2", "ssd-vm--100--disk--0\n", "LVM-c\n");
	put_mapped(tree, "dm-3", "ssd-vm--101--disk--0\n", "LVM-d\n");
	tree_file(tree, "proc/1/mountinfo",
		  "22 1 253:3 / /mnt rw - ext4 /dev/mapper/ssd-vm--101--disk--0 rw\n");
	assert_uses(tree,
		    "part of dm-0 (ssd-data_tdata), part of dm-1 (ssd-data-tpool), mounted "
		    "at /mnt",
		    "umount /mnt && vgchange -an ssd");
}

/* Several volumes of one group, which is ended once; and a group from which the host runs. */
static void test_lvm(void **state)
{
	struct tree *tree = *state;

	put_holder(tree, SDA, "dm-0");
	put_holder(tree, SDA, "dm-1");
	put_mapped(tree, "dm-0", "data-a\n", NULL);
	put_mapped(tree, "dm-1", "data-b\n", "LVM-y\n");
	assert_uses(tree, "part of dm-0 (data-a), part of dm-1 (data-b)", "vgchange -an data");
	tree_file(tree, "proc/1/mountinfo", "22 1 253:9 / / rw - ext4 /dev/mapper/data-root rw\n");
	assert_uses(tree, "part of dm-0 (data-a), part of dm-1 (data-b)", "!");
	tree_file(tree, "proc/1/mountinfo",
		  "22 1 253:9 / / rw - ext4 /dev/mapper/data--2-root rw\n");
	assert_uses(tree, "part of dm-0 (data-a), part of dm-1 (data-b)", "vgchange -an data");
}

static void test_other_maps(void **state)
{
	static const struct {
		const char *name, *uuid, *command;
	} rows[] = {
		{"luks-1", "CRYPT-LUKS2-1-luks-1", "cryptsetup close luks-1"},
		{"3600a-b", "mpath-3600a-b", "multipath -f 3600a-b"},
		{"it", "", "dmsetup remove it"},
		{"a--b", "", "dmsetup remove a--b"},
		{"a b-c", "other", "dmsetup remove 'a b-c'"},
	};
	struct tree *tree = *state;

	put_holder(tree, SDA, "dm-0");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *what = fs_path("part of dm-0 (%s)", rows[i].name);

		put_mapped(tree, "dm-0", rows[i].name, rows[i].uuid);
		assert_uses(tree, what, rows[i].command);
	}
}

static void test_other_holders(void **state)
{
	struct tree *tree = *state;

	put_holder(tree, SDA, "bcache0");
	assert_uses(tree, "part of bcache0", "?");
	tree_delete(tree, SDA "/holders/bcache0");
	tree_file(tree, "sys/class/block/loop3/loop/backing_file", "/dev/sda\n");
	tree_file(tree, "sys/class/block/loop3/dev", "7:3\n");
	tree_file(tree, "proc/1/mountinfo", "22 1 7:3 / /iso rw - iso9660 /dev/loop3 rw\n");
	assert_uses(tree, "part of loop3, mounted at /iso", "umount /iso && losetup -d /dev/loop3");
}

/* Of a holder whose number cannot be read, it is not known that it is not mounted. */
static void test_unread_holder(void **state)
{
	auto_disk_uses struct disk_uses uses = {0};
	auto_mounts struct mounts mounts = {0};
	struct tree *tree = *state;
	struct disk_tables tables;

	put_holder(tree, SDA, "md0");
	tree_folder(tree, "sys/class/block/md0/dev");
	assert_int_equal(disk_tables_read(&tree->root, &mounts, &tables), 0);
	assert_int_equal(disk_uses_add_block(&tables, SDA, "sda", 8, 0, &uses), -EISDIR);
	disk_tables_free(&tables);
}

/* Holders that hold each other. */
static void test_cycle(void **state)
{
	auto_disk_uses struct disk_uses uses = {0};
	struct tree *tree = *state;
	auto_mounts struct mounts mounts = {0};
	struct disk_tables tables;

	put_holder(tree, SDA, "md0");
	put_holder(tree, "sys/class/block/md0", "md1");
	put_holder(tree, "sys/class/block/md1", "md0");
	assert_int_equal(mounts_read(&tree->root, 1, &mounts), 0);
	assert_int_equal(disk_tables_read(&tree->root, &mounts, &tables), 0);
	assert_int_equal(disk_uses_add_block(&tables, SDA, "sda", 8, 0, &uses), 0);
	assert_true(uses.unclear);
	disk_tables_free(&tables);
}

/* The pool of a disk behind an HBA, as the guest's own may be; and the host's. */
static void test_zfs(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "run/udev/data/b8:0", "S:x\nE:ID_FS_TYPE=zfs_member\nE:ID_FS_LABEL=tank\n");
	assert_uses(tree, "part of the ZFS pool tank", "zpool export tank");
	tree_file(tree, "proc/1/mountinfo", "22 1 0:30 / / rw - zfs tank/ROOT/pve-1 rw\n");
	assert_uses(tree, "part of the ZFS pool tank", "!");
	tree_file(tree, "proc/1/mountinfo", "22 1 0:30 / / rw - zfs tank2/ROOT/pve-1 rw\n");
	assert_uses(tree, "part of the ZFS pool tank", "zpool export tank");
	tree_file(tree, "run/udev/data/b8:0", "E:ID_FS_TYPE=ext4\nE:ID_FS_LABEL=tank\n");
	assert_uses(tree, "", "");
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(test_none),
		WITH_TREE(test_mounts),
		WITH_TREE(test_md),
		WITH_TREE(test_lvm),
		WITH_TREE(test_other_maps),
		WITH_TREE(test_other_holders),
		WITH_TREE(test_unread_holder),
		WITH_TREE(test_cycle),
		WITH_TREE(test_md_partition),
		WITH_TREE(test_thin_pool),
		WITH_TREE(test_drbd),
		WITH_TREE(test_zfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
