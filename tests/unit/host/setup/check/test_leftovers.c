// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/leftovers.h"

#include "tree.h"

/* A line that guides leave, alone in its file: it is found, as a note, with its file and line. */
static const struct {
	const char *path, *line, *effect;
} found[] = {
	{"etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2206,10de:1aef disable_vga=1",
	 "claims every device"},
	{"etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:2206, 10de:1aef disable_vga=1",
	 "the ids before the space only"},
	{"etc/modprobe.d/blacklist.conf", "blacklist nouveau", "not loaded by itself"},
	{"etc/modprobe.d/x.conf", "  blacklist\tamdgpu", "not loaded by itself"},
	{"etc/modprobe.d/x.conf", "softdep nvidia pre: vfio-pci", "only together with ids="},
	{"etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet video=efifb:off\"",
	 "boot framebuffer"},
	{"etc/default/grub.d/x.cfg", "GRUB_CMDLINE_LINUX=amd_iommu=on", "is no parameter"},
	{"etc/kernel/cmdline", "quiet modprobe.blacklist=nouveau,snd_hda_intel",
	 "not loaded by themselves"},
	{"etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT='module_blacklist=nouveau'",
	 "are never loaded"},
	{"etc/kernel/cmdline", "quiet module_blacklist=tg3,xe", "are never loaded"},
	{"etc/modprobe.d/x.conf", "blacklist snd-hda-intel", "not loaded by itself"},
	{"etc/modprobe.d/vfio.conf", "10de:2206,10de:1aef", "modprobe ignores this line"},
	{"etc/initramfs-tools/modules", "vfio_pci ids=10de:2206", "read by the initramfs alone"},
	{"etc/modprobe.d/pve-blacklist.conf", "blacklist nouveau", "not loaded by itself"},
	{"etc/kernel/cmdline", "root=ZFS=rpool quiet vfio-pci.ids=10de:2206",
	 "claims every device"},
};

/* Lines that look like one and are the administrator's own, or a comment. */
static const struct {
	const char *path, *line;
} innocent[] = {
	{"etc/modprobe.d/x.conf", "#blacklist nouveau"},
	{"etc/modprobe.d/x.conf", "blacklist pcspkr"},
	{"etc/modprobe.d/x.conf", "options kvm ignore_msrs=1"},
	{"etc/modprobe.d/x.conf", "options snd ids=1"},
	{"etc/modprobe.d/x.conf", "softdep btrfs pre: crc32c"},
	{"etc/default/grub", "# amd_iommu=on"},
	{"etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet intel_iommu=on\""},
	{"etc/modules", "vfio_pci"},
	{"etc/modprobe.d/x.conf", "options kvm \\\n  ignore_msrs=1 \\\n  nx_huge_pages=0"},
	{"etc/modprobe.d/x.conf", "blacklist nvidia_fs"},
	{"etc/default/grub", "GRUB_CMDLINE_LINUX=module_blacklist=floppy"},
	/* Proxmox VE's own, and files that are not read. */
	{"etc/modprobe.d/pve-blacklist.conf", "blacklist nvidiafb"},
	{"etc/modprobe.d/vfio.conf.bak", "options vfio-pci ids=10de:2206"},
	{"etc/default/grub.d/x.cfg~", "GRUB_CMDLINE_LINUX=amd_iommu=on"},
};

static void test_found(void **state)
{
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
		auto_checklist struct checklist list = {0};
		auto_free char *text = fs_path("# first\r\n%s\r\n", found[i].line);
		auto_free char *where = fs_path("/%s:2: ", found[i].path);

		tree_file(tree, found[i].path, text);
		assert_int_equal(leftovers_check(&tree->root, &list), 0);
		if (list.n != 1)
			fail_msg("%s: %zu notes", found[i].line, list.n);
		assert_int_equal(list.items[0].status, CHECK_NOTE);
		assert_ptr_equal(strstr(list.items[0].what, where), list.items[0].what);
		assert_non_null(strstr(list.items[0].what, found[i].effect));
		assert_non_null(strstr(list.items[0].cure, "line 2 of /"));
		tree_delete(tree, found[i].path);
	}
}

static void test_innocent(void **state)
{
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(innocent); i++) {
		auto_checklist struct checklist list = {0};

		tree_file(tree, innocent[i].path, innocent[i].line);
		assert_int_equal(leftovers_check(&tree->root, &list), 0);
		if (list.n)
			fail_msg("%s: %s", innocent[i].line, list.items[0].what);
		tree_delete(tree, innocent[i].path);
	}
}

/* A module that is kept out for another driver of the same cards, which has one, is no leftover. */
static void test_rivals(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist before = {0}, list = {0};

	tree_file(tree, "etc/modprobe.d/nvidia-blacklists-nouveau.conf",
		  "blacklist nouveau\nblacklist nvidiafb\n");
	tree_file(tree, "etc/kernel/cmdline", "quiet i915.max_vfs=7 module_blacklist=xe,tg3\n");
	tree_file(tree, "etc/modprobe.d/x.conf", "blacklist snd_hda_intel\n");
	tree_file(tree, "sys/bus/pci/drivers/nvidia/bind", "");
	assert_int_equal(leftovers_check(&tree->root, &before), 0);
	assert_int_equal(before.n, 4);
	tree_link(tree, "sys/bus/pci/drivers/nvidia/0000:01:00.0", "../x");
	tree_link(tree, "sys/bus/pci/drivers/i915/0000:00:02.0", "../x");
	assert_int_equal(leftovers_check(&tree->root, &list), 0);
	assert_int_equal(list.n, 1);
	assert_non_null(strstr(list.items[0].what, "snd_hda_intel"));
}

/* Of ids= that are given more than once, the kernel keeps the last. */
static void test_several_ids(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};

	tree_file(tree, "etc/modprobe.d/gpu.conf",
		  "options vfio-pci ids=10de:2206\noptions vfio-pci disable_vga=1\n"
		  "options vfio_pci ids=10de:1aef\n");
	tree_file(tree, "etc/modprobe.d/vfio.conf", "options vfio-pci ids=8086:1563\n");
	assert_int_equal(leftovers_check(&tree->root, &list), 0);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.items[0].what,
			    "/etc/modprobe.d/gpu.conf:1: options vfio-pci ids=10de:2206: has no "
			    "effect: of several lines with ids= the kernel takes the last one "
			    "only, line 3 of /etc/modprobe.d/gpu.conf");
	assert_non_null(strstr(list.items[1].what, "line 1 of /etc/modprobe.d/vfio.conf"));
	assert_non_null(strstr(list.items[2].what, "claims every device"));
}

/* The ids of a model of which the host has one for itself. */
static void test_claimed(void **state)
{
	static const struct tree_device devices[] = {
		{.bdf = "0000:01:00.0", .vendor = 0x8086, .device = 0x1563, .driver = "vfio-pci"},
		{.bdf = "0000:01:00.1", .vendor = 0x8086, .device = 0x1563, .driver = "ixgbe"},
		{.bdf = "0000:02:00.0", .vendor = 0x8086, .device = 0x1563},
		{.bdf = "0000:03:00.0", .vendor = 0x8086, .device = 0x1521, .driver = "igb"},
	};
	struct tree *tree = *state;
	static const char *const drivers[] = {"vfio-pci", "ixgbe", "igb"};

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		tree_driver(tree, drivers[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		tree_device(tree, &devices[i]);
	for (unsigned int cmdline = 0; cmdline < 2; cmdline++) {
		auto_checklist struct checklist list = {0};

		if (cmdline) {
			tree_delete(tree, "etc/modprobe.d/vfio.conf");
			tree_file(tree, "etc/kernel/cmdline", "quiet vfio-pci.ids=8086:1563\n");
			tree_file(tree, "proc/cmdline", "quiet vfio-pci.ids=8086:1563\n");
		} else {
			tree_file(tree, "etc/modprobe.d/vfio.conf",
				  "options vfio-pci ids=8086:1563\n");
		}
		assert_int_equal(leftovers_check(&tree->root, &list), 0);
		assert_int_equal(list.n, 2);
		assert_int_equal(list.items[1].status, CHECK_WARNING);
		assert_non_null(strstr(list.items[1].what, "have now: 0000:01:00.1 (ixgbe); at "));
	}
}

/* Before 6.2 vfio_virqfd is right; what else is in the list is not. */
static void test_old_kernel(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};

	tree_file(tree, "proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
	tree_file(tree, "etc/modules", "vfio_virqfd\nvfio_pci ids=10de:2206\n");
	assert_int_equal(leftovers_check(&tree->root, &list), 0);
	assert_int_equal(list.n, 1);
	assert_non_null(strstr(list.items[0].what, "/etc/modules:2: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_innocent, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_rivals, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_several_ids, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_claimed, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_old_kernel, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
