// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/groups/groups.h"

#include <stdio.h>

#include "hookscript/plan/judge.h"
#include "tree.h"

enum { EXPRESS_CARD = 0x02, EXPRESS_PORT = 0x42 };

/* The configuration space of an Express device, as root sees it; with ACS, and what is switched on.
 */
static void put_express(struct tree *tree, const char *bdf, unsigned char type, bool acs,
			unsigned char control)
{
	auto_free char *path = fs_path("sys/devices/pci0000:00/%s/config", bdf);
	unsigned char space[4096] = {0x86, 0x80};

	space[0x06] = 0x10; /* it has capabilities: one, PCI Express */
	space[0x0b] = 0x06;
	space[0x0a] = 0x04;
	space[0x0e] = type == EXPRESS_PORT ? 0x81 : 0;
	space[0x34] = 0x40;
	space[0x40] = 0x10;
	space[0x42] = type;
	space[0x43] = type == EXPRESS_PORT;
	space[0x4c] = 0x41;
	space[0x100] = acs ? 0x0d : 0;
	space[0x102] = acs ? 0x01 : 0;
	space[0x104] = 0x1d;
	space[0x106] = control;
	tree_bytes(tree, path, space, sizeof(space));
}

static void prepare(struct tree *tree)
{
	static const struct tree_device devices[] = {
		{.bdf = "0000:00:1c.0",
		 .vendor = 0x8086,
		 .class = 0x060400,
		 .group = 10,
		 .driver = "pcieport",
		 .bridge = true},
		{.bdf = "0000:01:00.0",
		 .vendor = 0x10de,
		 .class = 0x030000,
		 .group = 2,
		 .driver = "gpu"},
		{.bdf = "0000:01:00.1", .vendor = 0x10de, .class = 0x040300, .group = 2},
		{.bdf = "0000:02:00.0", .vendor = 0x144d, .class = 0x010802, .group = 3},
		{.bdf = "0000:00:1d.0",
		 .vendor = 0x8086,
		 .class = 0x060400,
		 .group = 4,
		 .bridge = true},
		{.bdf = "0000:03:00.0", .vendor = 0x8086, .class = 0x020000, .group = 4},
	};

	tree_device(tree, &(struct tree_device){.bdf = "0000:00:00.0",
						.vendor = 0x8086,
						.class = 0x060000,
						.group = 11});
	tree_driver(tree, "pcieport", NULL);
	tree_driver(tree, "gpu", "gpu");
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		tree_device(tree, &devices[i]);
	put_express(tree, "0000:00:1c.0", EXPRESS_PORT, true, 0x1d);
	put_express(tree, "0000:00:1d.0", EXPRESS_PORT, false, 0);
	tree_file(tree, "sys/bus/pci/devices/0000:01:00.0/reset_method", "flr bus\n");
	tree_file(tree, "sys/kernel/iommu_groups/3/reserved_regions", "0xe0000 0xfffff direct\n");
}

static void test_groups(void **state)
{
	struct tree *tree = *state;
	auto_groups struct groups groups = {0};

	prepare(tree);
	assert_int_equal(groups_read(&tree->root, judge_devices, &groups), 0);
	assert_int_equal(groups.n, 5);

	/* In order of number, not of name. */
	assert_int_equal(groups.items[0].number, 2);
	assert_int_equal(groups.items[0].n_devices, 2);
	assert_null(groups.items[0].why_not);
	assert_null(groups.items[0].why_not_code);
	assert_non_null(strstr(groups.items[0].why_together, "functions of one card"));
	assert_string_equal(groups.items[0].devices[0]->driver, "gpu");
	assert_string_equal(groups.items[0].devices[0]->resets, "flr bus");
	assert_null(groups.items[0].devices[1]->driver);
	assert_null(groups.items[0].devices[1]->resets);

	assert_int_equal(groups.items[1].number, 3);
	assert_non_null(strstr(groups.items[1].why_not, "RMRR"));
	assert_string_equal(groups.items[1].why_not_code, "reserved-memory");
	assert_null(groups.items[1].why_together);

	assert_int_equal(groups.items[2].number, 4);
	assert_null(groups.items[2].why_not);
	assert_string_equal(groups.items[2].why_together,
			    "bridge 0000:00:1d.0 does not isolate what is below it (no ACS)");

	assert_int_equal(groups.items[3].number, 10);
	assert_non_null(strstr(groups.items[3].why_not, "only bridges"));
	assert_string_equal(groups.items[3].why_not_code, "bridge");
	assert_true(groups.items[3].devices[0]->bridge);

	/* A host bridge without a driver is taken like any other device. */
	assert_null(groups.items[4].why_not);
}

/* What libpci reads of a port. */
static void test_link(void **state)
{
	static const struct bdf bdf = {0, 0, 0x1c, 0}, other = {0, 1, 0, 0}, absent = {0, 9, 0, 0};
	cleanup_with(pci_closep) struct pci *pci = NULL;
	struct pci_link link = {.width = 7};
	struct tree *tree = *state;
	unsigned char header[64];

	prepare(tree);
	put_express(tree, "0000:00:1c.0", EXPRESS_PORT, true, 0x05);
	assert_int_equal(pci_open(&tree->root, &pci), 0);
	assert_true(pci_read_link(pci, &bdf, &link));
	assert_int_equal(link.type, PCI_LINK_ROOT_PORT);
	assert_true(link.multifunction && link.slot && link.acs);
	assert_int_equal(link.width, 4);
	assert_int_equal(link.acs_able, 0x1d);
	assert_int_equal(link.acs_control, 0x05);
	assert_true(pci_read_link(pci, &other, &link));
	assert_int_equal(link.type, PCI_LINK_NONE);
	assert_false(link.acs);
	link.width = 7;
	assert_false(pci_read_link(pci, &absent, &link));
	memset(header, 0xff, sizeof(header));
	tree_bytes(tree, "sys/devices/pci0000:00/0000:01:00.0/config", header, sizeof(header));
	assert_false(pci_read_link(pci, &other, &link));
	assert_int_equal(link.width, 7);
}

/* A configuration space that is cut short has no capabilities in it, and does not make a bridge of
 * PCI Express, which the kernel calls so (max_link_width), one of conventional PCI. */
static void test_cut_short(void **state)
{
	struct tree *tree = *state;

	prepare(tree);
	for (unsigned int express = 0; express < 2; express++) {
		auto_groups struct groups groups = {0};
		unsigned char header[64] = {0x86, 0x80, [0x0a] = 0x04, [0x0b] = 0x06, [0x0e] = 1};

		tree_bytes(tree, "sys/devices/pci0000:00/0000:00:1d.0/config", header,
			   sizeof(header));
		if (express)
			tree_file(tree, "sys/bus/pci/devices/0000:00:1d.0/max_link_width", "4\n");
		assert_int_equal(groups_read(&tree->root, judge_devices, &groups), 0);
		assert_int_equal(groups.items[2].number, 4);
		assert_int_equal(!strstr(groups.items[2].why_together, "conventional PCI"),
				 express);
	}
}

/* A group that holds two cards, as it is read: their ports are above them in sysfs. */
static void test_splits(void **state)
{
	static const char *const cards[] = {"0000:05:00.0", "0000:06:00.0"};
	static const char *const ports[] = {"0000:00:1e.0", "0000:00:1e.1"};
	struct tree *tree = *state;
	auto_groups struct groups groups = {0};
	const struct group *group;

	prepare(tree);
	tree_file(tree, "proc/sys/kernel/osrelease", "6.8.12-4-pve\n");
	for (size_t i = 0; i < ARRAY_SIZE(cards); i++) {
		auto_free char *link = fs_path("sys/bus/pci/devices/%s", cards[i]);
		auto_free char *below = fs_path("../../../devices/pci0000:00/%s/%s", ports[i],
						cards[i]);
		auto_free char *from = fs_path("%s/sys/devices/pci0000:00/%s", tree->root.path,
					       cards[i]);
		auto_free char *to = fs_path("%s/sys/devices/pci0000:00/%s/%s", tree->root.path,
					     ports[i], cards[i]);

		tree_device(tree, &(struct tree_device){.bdf = ports[i],
							.vendor = 0x8086,
							.class = 0x060400,
							.group = 1,
							.bridge = true});
		put_express(tree, ports[i], EXPRESS_PORT, false, 0);
		tree_device(tree, &(struct tree_device){.bdf = cards[i],
							.vendor = 0x10ec,
							.class = 0x020000,
							.group = 1});
		put_express(tree, cards[i], EXPRESS_CARD, false, 0);
		assert_int_equal(rename(from, to), 0);
		tree_link(tree, link, below);
	}
	assert_int_equal(groups_read(&tree->root, judge_devices, &groups), 0);
	group = &groups.items[0];
	assert_int_equal(group->number, 1);
	assert_string_equal(
		group->why_together,
		"bridges 0000:00:1e.0, 0000:00:1e.1 do not isolate what is below them (no ACS)");
	assert_int_equal(group->splits.n, 3);
	assert_int_equal(group->splits.items[0].how, SPLIT_SLOT);
	assert_int_equal(group->splits.items[0].ports.n, 1);
	assert_int_equal(group->splits.items[0].ports.items[0].slot, 0x1c);
	assert_int_equal(group->splits.items[1].how, SPLIT_FIRMWARE);
	assert_int_equal(group->splits.items[2].how, SPLIT_OVERRIDE);
	assert_string_equal(group->splits.items[2].command,
			    "host-setup enable --acs-override=downstream && reboot");
	for (size_t i = 1; i < groups.n; i++)
		assert_int_equal(groups.items[i].splits.n, 0);
}

/* What a start would be refused for. */
static void test_uses(void **state)
{
	struct tree *tree = *state;
	auto_groups struct groups groups = {0};

	prepare(tree);
	tree_link(tree, "sys/devices/pci0000:00/0000:03:00.0/net/eth0/upper_vmbr0",
		  "/sys/class/net/vmbr0");
	tree_folder(tree, "sys/class/net/vmbr0");
	tree_file(tree, "sys/devices/pci0000:00/0000:01:00.0/boot_vga", "1\n");
	assert_int_equal(groups_read(&tree->root, judge_devices, &groups), 0);
	assert_string_equal(groups.items[2].devices[1]->used,
			    "its interface eth0 carries the host's network: below vmbr0");
	assert_string_equal(groups.items[2].why_not, "0000:03:00.0 is in use, see below");
	assert_string_equal(groups.items[2].why_not_code, "in-use");
	assert_null(groups.items[0].devices[0]->used);
	assert_null(groups.items[0].why_not);
	assert_null(groups.items[4].devices[0]->used);
}

/* A device that fell off its bus is not in use. */
static void test_dead(void **state)
{
	struct tree *tree = *state;
	auto_groups struct groups groups = {0};
	unsigned char header[64];

	prepare(tree);
	memset(header, 0xff, sizeof(header));
	tree_bytes(tree, "sys/devices/pci0000:00/0000:03:00.0/config", header, sizeof(header));
	assert_int_equal(groups_read(&tree->root, judge_devices, &groups), 0);
	assert_string_equal(groups.items[2].devices[1]->used, "it does not answer");
	assert_true(groups.items[2].devices[1]->dead);
	assert_string_equal(groups.items[2].why_not, "0000:03:00.0 does not answer, see below");
	assert_string_equal(groups.items[2].why_not_code, "dead");
	assert_false(groups.items[0].devices[0]->dead);
}

/* What no group has, is not left out without a word. */
static void test_ungrouped(void **state)
{
	struct tree *tree = *state;
	auto_groups struct groups groups = {0};

	prepare(tree);
	tree_device(tree, &(struct tree_device){.bdf = "0000:00:02.0",
						.vendor = 0x8086,
						.class = 0x030000,
						.group = -1});
	tree_file(tree, "proc/cpuinfo", "vendor_id\t: GenuineIntel\n");
	tree_file(tree, "proc/cmdline", "quiet intel_iommu=on,igfx_off\n");
	assert_int_equal(groups_read(&tree->root, judge_devices, &groups), 0);
	assert_int_equal(groups.n_ungrouped, 1);
	assert_int_equal(groups.ungrouped[0]->bdf.slot, 2);
	assert_string_equal(groups.igpu_cure, "reboot");
}

/* What cannot be read is not said to be reserved. */
static void test_reserved_unknown(void **state)
{
	struct tree *tree = *state;
	auto_groups struct groups groups = {0};

	prepare(tree);
	tree_delete(tree, "sys/kernel/iommu_groups/3/reserved_regions");
	tree_folder(tree, "sys/kernel/iommu_groups/3/reserved_regions");
	assert_int_equal(groups_read(&tree->root, judge_devices, &groups), 0);
	assert_string_equal(
		groups.items[1].why_not,
		"whether the firmware reserves memory for it cannot be read: Is a directory");
	assert_string_equal(groups.items[1].why_not_code, "unreadable");
}

static void test_no_groups(void **state)
{
	struct tree *tree = *state;
	auto_groups struct groups groups = {0};

	assert_int_equal(groups_read(&tree->root, judge_devices, &groups), 0);
	assert_int_equal(groups.n, 0);
}

/* Who names a device: by function, by slot, and not from a snapshot. */
static void test_vms(void **state)
{
	static const struct bdf gpu = {0, 1, 0, 0}, sound = {0, 1, 0, 1}, disk = {0, 2, 0, 0};
	struct tree *tree = *state;
	auto_node_vms struct node_vms vms = {0};
	auto_free char *gpu_text = NULL, *sound_text = NULL, *disk_text = NULL;

	tree_vm(tree, 101, "hostpci3: 01:00.0\n");
	tree_vm(tree, 100, "hostpci0: 0000:01:00,pcie=1\n[snap]\nhostpci1: 02:00.0\n");
	tree_vm(tree, 102, "cores: 2\n");
	tree_file(tree, "etc/pve/qemu-server/notes.txt", "hostpci0: 02:00.0\n");
	assert_int_equal(node_vms_read(&tree->root, &vms), 0);
	assert_int_equal(vms.n, 2);
	assert_int_equal(node_vms_naming(&vms, &gpu, &gpu_text), 0);
	assert_int_equal(node_vms_naming(&vms, &sound, &sound_text), 0);
	assert_int_equal(node_vms_naming(&vms, &disk, &disk_text), 0);
	assert_string_equal(gpu_text, "VM 100 (hostpci0), VM 101 (hostpci3)");
	assert_string_equal(sound_text, "VM 100 (hostpci0)");
	assert_null(disk_text);
}

/* And by a mapping, on this node, whichever of its devices it will be. */
static void test_vms_by_mapping(void **state)
{
	static const struct bdf gpu = {0, 1, 0, 0}, disk = {0, 2, 0, 0}, net = {0, 3, 0, 0};
	struct tree *tree = *state;
	auto_node_vms struct node_vms vms = {0};
	auto_free char *gpu_text = NULL, *disk_text = NULL, *net_text = NULL;

	prepare(tree);
	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_file(
		tree, "etc/pve/mapping/pci.cfg",
		"any\n"
		"\tmap id=10de:0000,iommugroup=2,node=lab,path=0000:01:00.0,subsystem-id=0000:0000\n"
		"\tmap id=144d:0000,iommugroup=3,node=lab,path=0000:02:00.0,subsystem-id=0000:0000\n"
		"\tmap id=8086:0000,node=other,path=0000:03:00.0\n");
	tree_vm(tree, 100, "hostpci2: mapping=any\n");
	tree_vm(tree, 101, "hostpci0: 01:00.0\n");
	assert_int_equal(node_vms_read(&tree->root, &vms), 0);
	assert_int_equal(node_vms_naming(&vms, &gpu, &gpu_text), 0);
	assert_int_equal(node_vms_naming(&vms, &disk, &disk_text), 0);
	assert_int_equal(node_vms_naming(&vms, &net, &net_text), 0);
	assert_string_equal(gpu_text, "VM 100 (hostpci2, mapping any), VM 101 (hostpci0)");
	assert_string_equal(disk_text, "VM 100 (hostpci2, mapping any)");
	assert_null(net_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_groups, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_link, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_cut_short, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_splits, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_uses, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_dead, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_no_groups, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_ungrouped, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_reserved_unknown, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_vms, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_vms_by_mapping, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
