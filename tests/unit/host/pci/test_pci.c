// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/pci.h"

#include "tree.h"

static const struct bdf bdf = {0, 1, 0, 0};

static const struct tree_device nic = {.bdf = "0000:01:00.0",
				       .vendor = 0x8086,
				       .device = 0x10d3,
				       .subvendor = 0x1043,
				       .subdevice = 0xa01f,
				       .class = 0x020001,
				       .group = 3,
				       .express = true};

static void test_identity_text(void **state)
{
	static const char *const bad[] = {
		"",
		"8086:10d3:1043:a01f:02000",
		"8086:10d3:1043:a01f:0200010",
		"8086:10d3:1043:a01f",
		"8086:10D3:1043:a01f:020001",
		"8086-10d3:1043:a01f:020001",
		"8086:10d3:1043:a01f:02000g",
		"8086:10d3:1043:a01f 020001",
		" 086:10d3:1043:a01f:020001",
		"0x86:10d3:1043:a01f:020001",
	};
	struct pci_identity id = {0};
	char text[PCI_IDENTITY_TEXT_SIZE];

	(void)state;
	assert_int_equal(pci_identity_parse("8086:10d3:1043:a01f:020001", &id), 0);
	assert_int_equal(id.vendor, 0x8086);
	assert_int_equal(id.device, 0x10d3);
	assert_int_equal(id.subvendor, 0x1043);
	assert_int_equal(id.subdevice, 0xa01f);
	assert_int_equal(id.class, 0x020001);
	assert_string_equal(pci_identity_format(&id, text), "8086:10d3:1043:a01f:020001");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct pci_identity same = id;

		assert_int_equal(pci_identity_parse(bad[i], &same), -EINVAL);
		assert_true(pci_identity_equal(&same, &id));
	}
}

static void test_identity_equal(void **state)
{
	const struct pci_identity id = {1, 2, 3, 4, 5};
	const struct pci_identity vga = {1, 2, 3, 4, 0x030000}, display = {1, 2, 3, 4, 0x038000};
	const struct pci_identity other = {1, 9, 3, 4, 0x038000};
	const struct pci_identity others[] = {{9, 2, 3, 4, 5},
					      {1, 9, 3, 4, 5},
					      {1, 2, 9, 4, 5},
					      {1, 2, 3, 9, 5},
					      {1, 2, 3, 4, 9}};

	(void)state;
	assert_true(pci_identity_equal(&id, &(struct pci_identity){1, 2, 3, 4, 5}));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(pci_identity_equal(&id, &others[i]));
	/* What may change from boot to boot is the kind of graphics, and of no other class. */
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(pci_identity_alike(&id, &others[i]));
	assert_true(pci_identity_alike(&vga, &display));
	assert_true(pci_identity_alike(&display, &vga));
	assert_false(pci_identity_alike(&vga, &other));
	assert_false(pci_identity_alike(&(struct pci_identity){1, 2, 3, 4, 0x010802},
					&(struct pci_identity){1, 2, 3, 4, 0x010400}));
}

static void test_files(void **state)
{
	struct tree *tree = *state;
	const struct bdf other = {0, 2, 0, 0};

	tree_device(tree, &nic);
	assert_int_equal(pci_probe(&tree->root, &bdf), 1);
	assert_int_equal(pci_probe(&tree->root, &other), 0);
	assert_int_equal(pci_probe_file(&tree->root, &bdf, "iommu_group"), 1);
	assert_int_equal(pci_probe_file(&tree->root, &bdf, "pci_bus"), 0);
	assert_int_equal(pci_is_express(&tree->root, &bdf), 1);
	tree_delete(tree, "sys/devices/pci0000:00/0000:01:00.0/max_link_width");
	assert_int_equal(pci_is_express(&tree->root, &bdf), 0);
	tree_link(tree, "sys/devices/pci0000:00/0000:01:00.0/max_link_width", "max_link_width");
	assert_int_equal(pci_is_express(&tree->root, &bdf), -ELOOP);
}

static void test_driver(void **state)
{
	struct tree *tree = *state;
	auto_free char *driver = NULL;
	char *none = (char *)"untouched";

	tree_device(tree, &nic);
	assert_int_equal(pci_driver(&tree->root, &bdf, &none), 0);
	assert_null(none);
	tree_driver(tree, "e1000e", "e1000e");
	tree_bind(tree, nic.bdf, "e1000e");
	assert_int_equal(pci_driver(&tree->root, &bdf, &driver), 0);
	assert_string_equal(driver, "e1000e");
}

static void test_modalias(void **state)
{
	struct tree *tree = *state;
	auto_free char *text = NULL;
	char *none;

	assert_int_equal(pci_modalias(&tree->root, &bdf, &none), -ENOENT);
	tree_device(tree, &nic);
	assert_int_equal(pci_modalias(&tree->root, &bdf, &text), 0);
	assert_string_equal(text, "pci:v00008086d000010D3sv00001043sd0000A01Fbc02sc00i01");
}

static void test_identify(void **state)
{
	const struct bdf wide_bdf = {0x10000, 1, 0, 0};
	struct tree_device wide = nic;
	struct tree *tree = *state;
	char text[PCI_IDENTITY_TEXT_SIZE];
	struct pci_identity id;

	wide.bdf = "10000:01:00.0";
	wide.modalias = "pci:v0000FFFFd00000000sv00000000sd0000FFFFbcFFsc00iFF";
	tree_device(tree, &nic);
	tree_device(tree, &wide);
	assert_int_equal(pci_identify(&tree->root, &bdf, &id), 0);
	assert_string_equal(pci_identity_format(&id, text), "8086:10d3:1043:a01f:020001");
	assert_int_equal(pci_identify(&tree->root, &wide_bdf, &id), 0);
	assert_string_equal(pci_identity_format(&id, text), "ffff:0000:0000:ffff:ff00ff");
}

static void test_identify_nothing(void **state)
{
	const struct bdf absent = {0, 9, 0, 0};
	struct tree *tree = *state;
	struct pci_identity id = {7, 7, 7, 7, 7};

	tree_device(tree, &nic);
	assert_int_equal(pci_identify(&tree->root, &absent, &id), -ENODEV);
	tree_delete(tree, "sys");
	assert_int_equal(pci_identify(&tree->root, &bdf, &id), -ENODEV);
	assert_int_equal(id.vendor, 7);
}

static void test_no_modalias_of_pci(void **state)
{
	static const char *const bad[] = {
		"",
		"nonsense",
		"pci:v00008086d000010D3sv00001043sd0000A01Fbc02sc00i0",
		"pci:v00008086d000010D3sv00001043sd0000A01Fbc02sc00i01 ",
		"pci:v00008086d000010D3sv00001043sd0000A01Fbc02sc00i01\n",
		"pci:v00008086d000010D3sv00001043sd0000A01Fbc02sc00",
		"pci:v00008086d000010d3sv00001043sd0000a01fbc02sc00i01",
		"pci:v00008086d000010D3sv00001043sd0000A01Gbc02sc00i01",
		"pci:v00018086d000010D3sv00001043sd0000A01Fbc02sc00i01",
		"pci:v00008086d000010D3sv00001043sd1000A01Fbc02sc00i01",
		"pci:v00008086d*sv*sd*bc*sc*i*",
		"pci:v 8086d000010D3sv00001043sd0000A01Fbc02sc00i01",
		"PCI:v00008086d000010D3sv00001043sd0000A01Fbc02sc00i01",
		"pci:d00008086v000010D3sv00001043sd0000A01Fbc02sc00i01",
		"usb:v1D6Bp0002d0601dc09dsc00dp01ic09isc00ip00in00",
	};
	struct tree_device device = nic;
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct pci_identity id = {7, 7, 7, 7, 7};

		device.modalias = bad[i];
		tree_device(tree, &device);
		if (pci_identify(&tree->root, &bdf, &id) != -EIO)
			fail_msg("an identity of '%s'", bad[i]);
		assert_int_equal(id.vendor, 7);
	}
}

static struct pci *open_pci(struct tree *tree)
{
	struct pci *pci = NULL;

	assert_int_equal(pci_open(&tree->root, &pci), 0);
	return pci;
}

static void test_name(void **state)
{
	cleanup_with(pci_closep) struct pci *pci = open_pci(*state);
	const struct pci_identity id = {0x8086, 0x10d3, 0, 0, 0};
	auto_free char *name = pci_name(pci, &id);
	size_t len;

	assert_non_null(name);
	/* What stands before that depends on the database that is installed, if any. */
	len = strlen(name);
	assert_true(len > 12);
	assert_string_equal(name + len - 11, "[8086:10d3]");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity_text),
		cmocka_unit_test(test_identity_equal),
		TEST(test_files),
		TEST(test_driver),
		TEST(test_modalias),
		TEST(test_identify),
		TEST(test_identify_nothing),
		TEST(test_no_modalias_of_pci),
		TEST(test_name),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
