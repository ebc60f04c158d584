// SPDX-License-Identifier: GPL-2.0-or-later
/* The cures that a start names, which does not know the boot loader. */
#include "host/setup/check/cures.h"

#include "tree.h"

#define LOG "see why in the kernel's log: journalctl -k -b"

static void prepare(struct tree *tree, const char *vendor, const char *running)
{
	auto_free char *cpuinfo = fs_path("vendor_id\t: %s\nflags\t\t: fpu\n", vendor);

	tree_vfio(tree);
	tree_file(tree, "proc/cpuinfo", cpuinfo);
	tree_file(tree, "proc/cmdline", running);
	tree_file(tree, "proc/sys/kernel/osrelease", "6.8.12-9-pve\n");
	tree_file(tree, "proc/interrupts", " 1: 9 IO-APIC 1-edge\n");
	tree_file(tree, "sys/firmware/acpi/tables/DMAR", "");
}

/* A text begins with WANTED, or neither is there. */
static void assert_begins(size_t row, const char *text, const char *wanted)
{
	if (!text != !wanted || (wanted && strncmp(text, wanted, strlen(wanted)) != 0))
		fail_msg("row %zu: %s, not %s", row, text ? text : "nothing",
			 wanted ? wanted : "nothing");
}

static void test_words(void **state)
{
	static const struct {
		const char *vendor, *running, *grub, *file;
		const char *iommu, *remapping, *igpu;
	} rows[] = {
		{"GenuineIntel", "quiet", "quiet", NULL, NULL, NULL,
		 "intel_iommu=on on the kernel command line includes the integrated GPU\n"
		 "host-setup enable && reboot"},
		{"GenuineIntel", "intel_iommu=off", "intel_iommu=off", NULL,
		 "remove 'intel_iommu=off' from line 1 of /etc/default/grub, then: host-setup "
		 "enable && reboot",
		 NULL, "intel_iommu=on on"},
		{"GenuineIntel", "iommu=off", "quiet", "root=x iommu=off",
		 "remove 'iommu=off' from line 1 of /etc/kernel/cmdline, then:", NULL,
		 "intel_iommu=on on"},
		/* Both are in the way. */
		{"GenuineIntel", "iommu=off intel_iommu=off", "iommu=off intel_iommu=off", NULL,
		 "remove 'iommu=off' from line 1 of /etc/default/grub, remove 'intel_iommu=off' "
		 "from line 1 of /etc/default/grub, then:",
		 NULL, "intel_iommu=on on"},
		{"GenuineIntel", "intel_iommu=off", "quiet", NULL, "reboot", NULL,
		 "intel_iommu=on on"},
		{"GenuineIntel", "intel_iommu=on", "intel_iommu=on", NULL, LOG, NULL, NULL},
		{"GenuineIntel", "intel_iommu=on nointremap", "nointremap", NULL, LOG,
		 "remove 'nointremap' from line 1 of /etc/default/grub, then: host-setup enable && "
		 "reboot",
		 NULL},
		{"GenuineIntel", "intel_iommu=on intremap=off", "quiet", NULL, LOG, "reboot", NULL},
		{"GenuineIntel", "intel_iommu=on,igfx_off", "intel_iommu=on,igfx_off", NULL, LOG,
		 NULL,
		 "remove igfx_off from 'intel_iommu=on,igfx_off' in line 1 of /etc/default/grub, "
		 "then: host-setup enable && reboot"},
		{"GenuineIntel", "intel_iommu=on intel_iommu=igfx_off", "quiet", NULL, LOG, NULL,
		 "reboot"},
		{"AuthenticAMD", "quiet", "quiet", NULL, LOG, NULL, NULL},
		{"AuthenticAMD", "amd_iommu=off", "amd_iommu=off", NULL,
		 "remove 'amd_iommu=off' from line 1 of /etc/default/grub, then:", NULL, NULL},
		/* What an AMD IOMMU does not heed is no reason. */
		{"AuthenticAMD", "intel_iommu=off,igfx_off", "intel_iommu=off", NULL, LOG, NULL,
		 NULL},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *grub = fs_path("GRUB_CMDLINE_LINUX_DEFAULT=\"%s\"\n", rows[i].grub);
		auto_cures struct cures cures = {0};

		prepare(tree, rows[i].vendor, rows[i].running);
		tree_file(tree, "etc/default/grub", grub);
		tree_file(tree, "etc/kernel/cmdline", rows[i].file ? rows[i].file : "");
		assert_int_equal(cures_read(&tree->root, NULL, &cures), 0);
		assert_begins(i, cures.iommu, rows[i].iommu);
		assert_begins(i, cures.remapping, rows[i].remapping);
		assert_begins(i, cures.igpu, rows[i].igpu);
	}
}

static void test_module(void **state)
{
	struct tree *tree = *state;
	auto_cures struct cures cures = {0};

	prepare(tree, "GenuineIntel", "module_blacklist=vfio_pci");
	tree_file(tree, "etc/default/grub", "GRUB_CMDLINE_LINUX=\"module_blacklist=vfio_pci\"\n");
	assert_int_equal(cures_read(&tree->root, NULL, &cures), 0);
	assert_begins(0, cures.module,
		      "remove 'module_blacklist=vfio_pci' from line 1 of /etc/default/grub, then: "
		      "host-setup enable && reboot");
}

/* A VM's IOMMU is looked for where the VM runs; it may be an Intel one beside an AMD processor. */
static void test_vm(void **state)
{
	struct tree *tree = *state;
	auto_cures struct cures off = {0}, unasked = {0};

	prepare(tree, "GenuineIntel\nflags\t\t: fpu hypervisor", "intel_iommu=on");
	assert_int_equal(cures_read(&tree->root, NULL, &off), 0);
	assert_begins(0, off.iommu, LOG);
	assert_non_null(strstr(off.iommu, "look at its virtual IOMMU"));
	assert_null(strstr(off.iommu, "BIOS"));

	prepare(tree, "AuthenticAMD\nflags\t\t: fpu hypervisor", "iommu=pt");
	assert_int_equal(cures_read(&tree->root, NULL, &unasked), 0);
	assert_begins(1, unasked.iommu, NULL);
}

/* Nothing is read for a host on which nothing is missing; else the items have the cures. */
static void test_essentials(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist off = {0}, good = {0};

	prepare(tree, "GenuineIntel", "intel_iommu=on iommu=pt");
	assert_int_equal(cures_check_essentials(&tree->root, &off), 0);
	assert_true(checklist_misses(&off, "iommu-active"));
	assert_begins(0, off.items[0].cure, LOG);

	tree_iommu(tree);
	tree_device(tree, &(struct tree_device){.bdf = "0000:01:00.0", .vendor = 1});
	tree_file(tree, "proc/interrupts", " 1: 9 IR-IO-APIC 1-edge\n");
	tree_folder(tree, "etc/default/grub"); /* cannot be read */
	assert_int_equal(cures_check_essentials(&tree->root, &good), 0);
	assert_false(checklist_misses(&good, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_module, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_vm, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_essentials, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
