// SPDX-License-Identifier: GPL-2.0-or-later
/* Uses without a process that has a node open, and the neighbours of each that are none. Neither a
 * DMA engine nor a crypto accelerator is in any machine of the lab. */
#include "host/usage/usage.h"

#include "tree.h"

#define BDF    "0000:03:00.0"
#define FOLDER "sys/devices/pci0000:00/" BDF

static void put_device(struct tree *tree, unsigned int class, const char *driver)
{
	tree_device(tree, &(struct tree_device){
				  .bdf = BDF, .class = class, .group = 3, .driver = driver});
	tree_driver(tree, driver, driver);
}

/* The findings, one a line: kind, '!' unless it is harmless, and what uses the device. */
static void assert_found(struct tree *tree, unsigned int class, const char *driver,
			 const char *expected)
{
	const struct usage_device device = {.bdf = {0, 3, 0, 0}, .class = class, .driver = driver};
	auto_free char *before = tree_render(tree, TREE_ALL);
	auto_usage struct usage usage = {0};
	auto_free char *text = strdup("");

	assert_int_equal(usage_read(&tree->root, &device, 1, &usage), 0);
	for (size_t i = 0; i < usage.n; i++) {
		char *longer = fs_path("%s%s%s %s\n", text, usage_kind_name(usage.items[i].kind),
				       usage.items[i].harmless ? "" : "!", usage.items[i].what);

		free(text);
		text = longer;
	}
	assert_string_equal(text, expected);
	tree_assert_is(tree, TREE_ALL, before);
}

static int usage_error(struct tree *tree, unsigned int class, const char *driver)
{
	const struct usage_device device = {.bdf = {0, 3, 0, 0}, .class = class, .driver = driver};
	auto_usage struct usage usage = {0};

	return usage_read(&tree->root, &device, 1, &usage);
}

static void put_port(struct tree *tree, const char *name, const char *numbers)
{
	auto_free char *dev = fs_path(FOLDER "/tty/%s/dev", name);
	auto_free char *uevent = fs_path(FOLDER "/tty/%s/uevent", name);
	auto_free char *text = fs_path("MAJOR=4\nMINOR=%s\nDEVNAME=%s\n", numbers, name);
	auto_free char *number = fs_path("4:%s\n", numbers);

	tree_file(tree, dev, number);
	tree_file(tree, uevent, text);
}

static void test_serial_console(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x070002, "serial");
	put_port(tree, "ttyS4", "68");
	put_port(tree, "ttyS5", "69");
	assert_found(tree, 0x070002, "serial", "");
	tree_file(tree, "sys/class/tty/console/active", "tty0 ttyS0 ttyS45\n");
	assert_found(tree, 0x070002, "serial", "");
	tree_file(tree, "sys/class/tty/console/active", "tty0 ttyS5\n");
	assert_found(tree, 0x070002, "serial",
		     "display! the kernel's console is on its port /dev/ttyS5\n");
	tree_obscure(tree, "sys/class/tty/console/active");
	assert_int_equal(usage_error(tree, 0x070002, "serial"), -ELOOP);
}

static void test_watchdog(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x088000, "hpwdt");
	tree_file(tree, "sys/module/hpwdt/refcnt", "1\n");
	assert_found(tree, 0x088000, "hpwdt", "");
	/* That of another driver, which names its device. */
	tree_folder(tree, "sys/class/watchdog/watchdog0/device");
	assert_found(tree, 0x088000, "hpwdt", "");
	tree_folder(tree, "sys/class/watchdog/watchdog1");
	assert_found(tree, 0x088000, "hpwdt",
		     "chipset! its driver hpwdt is in use, which may be as the host's watchdog\n");
	tree_file(tree, "sys/module/hpwdt/refcnt", "0\n");
	assert_found(tree, 0x088000, "hpwdt", "");
	/* A disk's driver has references for other reasons. */
	tree_file(tree, "sys/module/nvme/refcnt", "3\n");
	put_device(tree, 0x010802, "nvme");
	assert_found(tree, 0x010802, "nvme", "");
}

/* Of a driver that has no core: its node is a miscellaneous device. */
static void test_old_watchdog(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x0c0500, "piix4_smbus");
	tree_file(tree, "sys/module/piix4_smbus/refcnt", "2\n");
	tree_folder(tree, "sys/class/misc/hw_random");
	assert_found(tree, 0x0c0500, "piix4_smbus", "");
	tree_folder(tree, "sys/class/misc/watchdog");
	assert_found(tree, 0x0c0500, "piix4_smbus",
		     "chipset! its driver piix4_smbus is in use, which may be as the host's "
		     "watchdog\n");
	tree_obscure(tree, "sys/module/piix4_smbus/refcnt");
	assert_int_equal(usage_error(tree, 0x0c0500, "piix4_smbus"), -ELOOP);
}

static void test_usbip(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x0c0330, "xhci_hcd");
	tree_file(tree, FOLDER "/usb1/1-1/dev", "189:4\n");
	tree_file(tree, FOLDER "/usb1/1-1/uevent", "MAJOR=189\nMINOR=4\nDEVNAME=bus/usb/001/005\n");
	assert_found(tree, 0x0c0330, "xhci_hcd", "");
	/* Exported, and nobody has it. */
	tree_file(tree, FOLDER "/usb1/1-1/usbip_status", "1\n");
	assert_found(tree, 0x0c0330, "xhci_hcd", "");
	tree_file(tree, FOLDER "/usb1/1-1/usbip_status", "2\n");
	assert_found(tree, 0x0c0330, "xhci_hcd",
		     "process! its USB device 1-1 is exported by usbip, and another host has it\n");
	tree_obscure(tree, FOLDER "/usb1/1-1/usbip_status");
	assert_int_equal(usage_error(tree, 0x0c0330, "xhci_hcd"), -ELOOP);
}

/* The BMC's, by which a cluster's node is fenced: its node has no parent, and each user of the
 * interface has a reference. (Linux: drivers/char/ipmi/ipmi_watchdog.c) */
static void test_bmc_watchdog(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x0c0701, "ipmi_si");
	tree_file(tree, "sys/module/ipmi_si/refcnt", "0\n");
	tree_folder(tree, "sys/class/misc/watchdog");
	assert_found(tree, 0x0c0701, "ipmi_si", "");
	tree_file(tree, "sys/module/ipmi_si/refcnt", "1\n");
	assert_found(
		tree, 0x0c0701, "ipmi_si",
		"chipset! its driver ipmi_si is in use, which may be as the host's watchdog\n");
}

static void put_virtio(struct tree *tree, const char *number)
{
	auto_free char *text = fs_path("%s\n", number);

	tree_file(tree, FOLDER "/virtio3/device", text);
}

static void test_9p(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x000200, "virtio-pci");
	put_virtio(tree, "0x0009");
	tree_file(tree, FOLDER "/virtio3/mount_tag", "backup\n");
	tree_file(tree, "proc/1/mountinfo",
		  "22 1 0:44 / /mnt/other rw - 9p other rw,trans=virtio\n"
		  "23 1 0:45 / /mnt/b rw - nfs backup rw\n");
	assert_found(tree, 0x000200, "virtio-pci", "");
	tree_file(tree, "proc/1/mountinfo",
		  "22 1 0:44 / /mnt/my\\040files rw - 9p backup rw,trans=virtio\n");
	assert_found(tree, 0x000200, "virtio-pci",
		     "disk! the directory backup that it shares (9p) is mounted at /mnt/my "
		     "files\n");
	tree_obscure(tree, "proc/1/mountinfo");
	assert_int_equal(usage_error(tree, 0x000200, "virtio-pci"), -ELOOP);
}

/* In a mount namespace of its own. */
static void test_9p_elsewhere(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x000200, "virtio-pci");
	put_virtio(tree, "0x0009");
	tree_file(tree, FOLDER "/virtio3/mount_tag", "backup\n");
	tree_file(tree, "proc/1/mountinfo", "");
	tree_process(tree, 1, "init", "x");
	tree_link(tree, "proc/1/ns/mnt", "mnt:[1]");
	tree_process(tree, 30, "x", "x");
	tree_link(tree, "proc/30/ns/mnt", "mnt:[2]");
	tree_file(tree, "proc/30/mountinfo", "22 1 0:44 / /mnt rw - 9p backup rw\n");
	tree_process(tree, 31, "x", "x");
	tree_link(tree, "proc/31/ns/mnt", "mnt:[2]");
	tree_file(tree, "proc/31/mountinfo", "22 1 0:44 / /mnt rw - 9p backup rw\n");
	assert_found(tree, 0x000200, "virtio-pci",
		     "disk! the directory backup that it shares (9p) is mounted at /mnt in the "
		     "mount namespace of process 30\n");
}

/* Which one is mounted, only newer kernels tell. */
static void test_virtiofs(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x018000, "virtio-pci");
	put_virtio(tree, "0x0002");
	tree_file(tree, "proc/1/mountinfo", "22 1 0:44 / /mnt rw - virtiofs srv rw\n");
	assert_found(tree, 0x018000, "virtio-pci", "");
	put_virtio(tree, "0x001a");
	assert_found(tree, 0x018000, "virtio-pci",
		     "disk! a directory (virtiofs), which may be the one that it shares, is "
		     "mounted at /mnt\n");
	tree_link(tree, "sys/fs/virtiofs/0/device", "../../../devices/pci0000:00/x/virtio3");
	tree_file(tree, "sys/fs/virtiofs/0/tag", "home\n");
	assert_found(tree, 0x018000, "virtio-pci", "");
	tree_file(tree, "sys/fs/virtiofs/0/tag", "srv\n");
	assert_found(tree, 0x018000, "virtio-pci",
		     "disk! the directory srv that it shares (virtiofs) is mounted at /mnt\n");
}

static void put_input(struct tree *tree, const char *name, const char *device, const char *keys)
{
	auto_free char *link = fs_path("sys/class/input/%s", name);
	auto_free char *target = fs_path("/%s/input/%s", device, name);
	auto_free char *path = fs_path("%s/capabilities/key", target + 1);

	tree_file(tree, path, keys);
	tree_link(tree, link, target);
}

static void test_keyboard(void **state)
{
	static const char all[] =
		"1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n";
	struct tree *tree = *state;

	put_device(tree, 0x0c0330, "xhci_hcd");
	assert_found(tree, 0x0c0330, "xhci_hcd", "");
	/* A mouse, a power button, and what a program makes up. */
	put_input(tree, "input1", FOLDER "/usb1/1-1", "70000 0 0 0 0\n");
	put_input(tree, "input2", "sys/devices/LNXPWRBN:00", "10000000000000 0\n");
	put_input(tree, "input3", "sys/devices/virtual/x", all);
	assert_found(tree, 0x0c0330, "xhci_hcd", "");
	put_input(tree, "input4", FOLDER "/usb1/1-2", all);
	assert_found(tree, 0x0c0330, "xhci_hcd",
		     "process the host's only keyboard is connected to it\n");
	put_input(tree, "input5", "sys/devices/platform/i8042", all);
	assert_found(tree, 0x0c0330, "xhci_hcd", "");
}

static void test_dma(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x088000, "ioatdma");
	tree_file(tree, FOLDER "/dma/dma0chan0/in_use", "0\n");
	tree_file(tree, FOLDER "/dma/dma1chan0/in_use", "0\n");
	assert_found(tree, 0x088000, "ioatdma", "");
	tree_file(tree, FOLDER "/dma/dma1chan0/in_use", "2\n");
	assert_found(tree, 0x088000, "ioatdma",
		     "chipset! drivers of the kernel copy memory by its channel dma1chan0\n");
	tree_obscure(tree, FOLDER "/dma/dma1chan0/in_use");
	assert_int_equal(usage_error(tree, 0x088000, "ioatdma"), -ELOOP);
	tree_delete(tree, FOLDER "/dma/dma1chan0/in_use");
	assert_found(tree, 0x088000, "ioatdma", "");
}

static void put_algorithms(struct tree *tree, unsigned int references)
{
	auto_free char *text = fs_path("name         : cbc(aes)\ndriver       : qat_aes_cbc\n"
				       "module       : intel_qat\npriority     : 4001\n"
				       "refcnt       : %u\n\n"
				       "name         : sha256\ndriver       : sha256-generic\n"
				       "module       : sha256_generic\nrefcnt       : 9\n\n",
				       references);

	tree_file(tree, "proc/crypto", text);
}

static void test_crypto(void **state)
{
	struct tree *tree = *state;

	put_device(tree, 0x0b4000, "c6xx");
	tree_folder(tree, "sys/module/intel_qat/holders/c6xx");
	assert_found(tree, 0x0b4000, "c6xx", "");
	put_algorithms(tree, 1);
	assert_found(tree, 0x0b4000, "c6xx", "");
	put_algorithms(tree, 2);
	assert_found(tree, 0x0b4000, "c6xx",
		     "chipset! the kernel uses its algorithm qat_aes_cbc\n");
	/* Of another driver. */
	tree_delete(tree, "sys/module/intel_qat/holders/c6xx");
	assert_found(tree, 0x0b4000, "c6xx", "");
	tree_obscure(tree, "proc/crypto");
	assert_int_equal(usage_error(tree, 0x0b4000, "c6xx"), -ELOOP);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(test_serial_console), WITH_TREE(test_watchdog),
		WITH_TREE(test_old_watchdog),	WITH_TREE(test_bmc_watchdog),
		WITH_TREE(test_usbip),		WITH_TREE(test_9p),
		WITH_TREE(test_9p_elsewhere),	WITH_TREE(test_virtiofs),
		WITH_TREE(test_keyboard),	WITH_TREE(test_dma),
		WITH_TREE(test_crypto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
