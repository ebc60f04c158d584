// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/qemu.h"

#include "tree.h"

#define KVM "/usr/bin/kvm -id 100 -pidfile /var/run/qemu-server/100.pid -daemonize "

static const struct {
	const char *args;
	int entry; /* -1: none is found */
	const char *bdf;
} rows[] = {
	{"-device vfio-pci,host=0000:03:10.2,id=hostpci0,bus=ich9-pcie-port-1,addr=0x0", 0,
	 "0000:03:10.2"},
	{"-device vfio-pci,host=03:10.2,id=hostpci15,bus=pci.0", 15, "0000:03:10.2"},
	{"-device vfio-pci,host=10000:e1:00.0,id=hostpci1.3,multifunction=on", 1, "10000:e1:00.0"},
	{"-device vfio-pci,id=hostpci2,host=0000:03:10.2", 2, "0000:03:10.2"},
	/* A mediated device; one of args; what is no passed device. */
	{"-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/x,id=hostpci0", -1, NULL},
	{"-device vfio-pci,host=0000:03:10.2", -1, NULL},
	{"-device vfio-pci,host=0000:03:10.2,id=mine", -1, NULL},
	{"-device vfio-pci,host=0000:03:10.2,id=hostpci16", -1, NULL},
	{"-device vfio-pci,host=0000:03:10.9,id=hostpci0", -1, NULL},
	{"-device virtio-net-pci,host=0000:03:10.2,id=hostpci0", -1, NULL},
};

static void test_devices(void **state)
{
	struct tree *tree = *state;

	tree_vm_runs(tree, 100, 77);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *cmdline = fs_path(KVM "%s", rows[i].args);
		auto_free struct qemu_device *list = NULL;
		size_t n = 9;

		tree_process(tree, 77, "kvm", cmdline);
		assert_int_equal(qemu_devices_read(&tree->root, 100, &list, &n), 0);
		assert_int_equal(n, rows[i].entry >= 0);
		if (!n)
			continue;
		assert_int_equal(list[0].entry, rows[i].entry);
		assert_string_equal(bdf_text(&list[0].bdf), rows[i].bdf);
	}
}

static void test_several(void **state)
{
	struct tree *tree = *state;
	auto_free struct qemu_device *list = NULL;
	size_t n;

	tree_vm_runs(tree, 100, 77);
	tree_process(tree, 77, "kvm",
		     KVM "-device vfio-pci,host=0000:03:10.0,id=hostpci0 -device e1000,id=net0 "
			 "-device vfio-pci,host=0000:03:10.2,id=hostpci1");
	assert_int_equal(qemu_devices_read(&tree->root, 100, &list, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[1].entry, 1);
}

static void test_ended(void **state)
{
	struct tree *tree = *state;
	struct qemu_device *list;
	size_t n;

	assert_int_equal(qemu_devices_read(&tree->root, 100, &list, &n), -ESRCH);
}

/* That it cannot be read is no end of it. */
static void test_cannot_be_read(void **state)
{
	static const char *const files[] = {"run/qemu-server/100.pid", "proc/77/cmdline"};
	struct tree *tree = *state;
	struct qemu_device *list;
	size_t n;

	tree_vm_runs(tree, 100, 77);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		tree_obscure(tree, files[i]);
		assert_int_equal(qemu_devices_read(&tree->root, 100, &list, &n), -ELOOP);
		tree_reveal(tree, files[i]);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_devices),
		TEST(test_several),
		TEST(test_ended),
		TEST(test_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
