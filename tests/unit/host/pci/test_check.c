// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/check_host.h"
#include "host/setup/check/kernlog.h"

#include "tree.h"

#define REMAPPED     "  1:  9  IR-IO-APIC  1-edge  i8042\n"
#define NOT_REMAPPED "  1:  9  IO-APIC  1-edge  i8042\n"
#define UNSAFE	     "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"

/* A host on which nothing is missing. */
static void prepare(struct tree *tree)
{
	tree_vfio(tree);
	tree_iommu(tree);
	tree_device(tree, &(struct tree_device){.bdf = "0000:01:00.0", .vendor = 1, .group = 7});
	tree_file(tree, "sys/firmware/acpi/tables/DMAR", "");
	tree_file(tree, "proc/interrupts", REMAPPED);
	tree_file(tree, "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vmx sse\n\n");
	tree_file(tree, "proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 quiet\n");
}

static const struct check_item *find(const struct checklist *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].name, name))
			return &list->items[i];
	return NULL;
}

/* The same for an item that must be there. */
static const struct check_item *get(const struct checklist *list, const char *name)
{
	const struct check_item *item = find(list, name);

	if (!item) {
		fail_msg("%s: not in the list", name);
		abort();
	}
	return item;
}

static void assert_item(const struct checklist *list, const char *name, enum check_status status,
			const char *what)
{
	const struct check_item *item = get(list, name);

	assert_int_equal(item->status, status);
	if (!strstr(item->what, what))
		fail_msg("%s: expected '%s' in '%s'", name, what, item->what);
}

static void read_essentials(struct tree *tree, struct checklist *list)
{
	assert_int_equal(check_essentials(&tree->root, NULL, list), 0);
}

static void read_all(struct tree *tree, struct checklist *list)
{
	const struct check_next_boot next = {
		.cmdline = "quiet intel_iommu=on",
		.evidence = "a test",
		.modules_at_boot = "a list",
	};

	assert_int_equal(check_host(&tree->root, &next, list), 0);
}

/* The first interrupts prove remapping; that they do not have it, or are not there, proves
 * nothing. */
static void test_first_interrupts(void **state)
{
	static const struct {
		const char *timer, *acpi, *interrupts;
		bool missing;
	} rows[] = {
		{"IR-IO-APIC\n", "IO-APIC\n", NOT_REMAPPED, false},
		{"IO-APIC\n", "IR-IO-APIC\n", NOT_REMAPPED, false},
		{"IO-APIC\n", "IO-APIC\n", NOT_REMAPPED, true},
		{"XT-PIC\n", "IO-APIC\n", REMAPPED, false},
		{NULL, NULL, REMAPPED, false},
		{NULL, NULL, NOT_REMAPPED, true},
	};
	struct tree *tree = *state;

	prepare(tree);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist missing = {0};

		tree_file(tree, "proc/interrupts", rows[i].interrupts);
		if (rows[i].timer) {
			tree_file(tree, "sys/kernel/irq/0/chip_name", rows[i].timer);
			tree_file(tree, "sys/kernel/irq/9/chip_name", rows[i].acpi);
		} else if (tree_has(tree, "sys/kernel/irq")) {
			tree_delete(tree, "sys/kernel/irq");
		}
		assert_int_equal(check_essentials(&tree->root, NULL, &missing), 0);
		assert_int_equal(checklist_misses(&missing, "interrupt-remapping"),
				 rows[i].missing);
	}
}

static void test_ready(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};

	prepare(tree);
	read_all(tree, &list);
	assert_false(checklist_misses(&list, NULL));
	assert_item(&list, "cpu-virtualisation", CHECK_OK, "can virtualise");
	assert_item(&list, "firmware-iommu", CHECK_OK, "describes an IOMMU");
	assert_item(&list, "iommu-active", CHECK_OK, "is active");
	assert_item(&list, "interrupt-remapping", CHECK_OK, "are remapped");
	assert_item(&list, "vfio_pci", CHECK_OK, "vfio_pci");
	assert_item(&list, "cmdline-running", CHECK_OK, "quiet");
	assert_item(&list, "cmdline-next", CHECK_OK, "intel_iommu=on");
	assert_item(&list, "modules-at-boot", CHECK_OK, "at boot");
	assert_null(find(&list, "leftover"));
	assert_null(find(&list, "acs-override"));
}

/* A VM has no firmware setup that helps; who runs it has to. */
static void test_vm(void **state)
{
	static const struct {
		const char *flags, *maker, *virtualisation, *iommu, *remapping;
	} rows[] = {
		{"fpu", "Dell Inc.\n", "(BIOS)", "(BIOS)", "firmware setup"},
		{"fpu hypervisor", "QEMU\n", "qm set ID --cpu host",
		 "qm set ID --machine q35,viommu=intel", "qm set ID --machine q35,viommu=intel"},
		{"fpu hypervisor", "VMware, Inc.\n", "has to offer it nested",
		 "its hypervisor has to give it a virtual IOMMU",
		 "its hypervisor has to give it a virtual IOMMU"},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *cpuinfo = fs_path("processor\t: 0\nflags\t\t: %s\n", rows[i].flags);
		auto_checklist struct checklist on = {0}, off = {0};

		prepare(tree);
		tree_file(tree, "proc/cpuinfo", cpuinfo);
		tree_file(tree, "sys/class/dmi/id/sys_vendor", rows[i].maker);
		tree_file(tree, "proc/interrupts", NOT_REMAPPED);
		read_all(tree, &on);
		assert_non_null(
			strstr(get(&on, "cpu-virtualisation")->cure, rows[i].virtualisation));
		assert_non_null(strstr(get(&on, "interrupt-remapping")->cure, rows[i].remapping));
		assert_non_null(strstr(get(&on, "interrupt-remapping")->cure,
				       "host-setup enable --unsafe-interrupts"));
		tree_delete(tree, "sys/class/iommu/dmar0");
		tree_delete(tree, "sys/firmware/acpi/tables/DMAR");
		read_essentials(tree, &off);
		assert_non_null(strstr(get(&off, "iommu-active")->cure, rows[i].iommu));
		assert_int_equal(strstr(get(&off, "iommu-active")->cure, "BIOS") != NULL, !i);
	}
}

/* Neither the log nor the command line can talk a dead IOMMU alive. */
static void test_iommu_off(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist offered = {0}, none = {0};

	prepare(tree);
	tree_delete(tree, "sys/class/iommu/dmar0");
	tree_file(tree, "proc/cmdline", "intel_iommu=on iommu=pt\n");
	tree_file(tree, "var/log/dmesg", "DMAR: IOMMU enabled\n");
	read_essentials(tree, &offered);
	assert_item(&offered, "iommu-active", CHECK_MISSING, "although the firmware offers one");
	assert_string_equal(get(&offered, "iommu-active")->cure, "host-setup enable && reboot");
	assert_null(find(&offered, "interrupt-remapping"));

	tree_delete(tree, "sys/firmware/acpi/tables/DMAR");
	read_essentials(tree, &none);
	assert_item(&none, "iommu-active", CHECK_MISSING, "the firmware offers no IOMMU");
	assert_non_null(strstr(get(&none, "iommu-active")->cure, "VT-d"));
}

static void test_remapping(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist refused = {0}, allowed = {0}, configured = {0},
					unknown = {0};

	prepare(tree);
	tree_file(tree, "proc/interrupts", NOT_REMAPPED);
	tree_file(tree, UNSAFE, "N\n");
	read_essentials(tree, &refused);
	assert_item(&refused, "interrupt-remapping", CHECK_MISSING, "not remapped");

	tree_file(tree, UNSAFE, "Y\n");
	read_essentials(tree, &allowed);
	assert_item(&allowed, "interrupt-remapping", CHECK_WARNING, "allows that");

	/* Not loaded yet, so its parameter is what modprobe would give it. */
	tree_delete(tree, "sys/module/vfio_iommu_type1");
	tree_file(tree, "etc/modprobe.d/own.conf",
		  "options vfio_iommu_type1 allow_unsafe_interrupts=1\n");
	read_essentials(tree, &configured);
	assert_item(&configured, "interrupt-remapping", CHECK_WARNING, "allows that");

	tree_delete(tree, "proc/interrupts");
	read_essentials(tree, &unknown);
	assert_item(&unknown, "interrupt-remapping", CHECK_WARNING, "unknown");
}

/* No x86: VFIO judges, so nothing is missing for want of IR- chips, and nobody is sent to VT-x. */
static void test_arm(void **state)
{
	static const struct {
		const char *interrupts;
		enum check_status status;
	} rows[] = {
		{" 5:  1  ITS-PCI-MSI-0001:01:00.0  0 Edge  nvme0q0\n", CHECK_OK},
		{" 5:  1  ITS-MSI 524288 Edge  nvme0q0\n", CHECK_OK},
		{" 5:  1  GICv3  30 Level  arch_timer\n", CHECK_NOTE},
	};
	struct tree *tree = *state;
	auto_checklist struct checklist all = {0}, off = {0};

	prepare(tree);
	tree_file(tree, "sys/kernel/iommu_groups/7/type", "identity\n");
	tree_file(tree, "proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n");
	tree_delete(tree, "sys/firmware/acpi/tables/DMAR");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};

		tree_file(tree, "proc/interrupts", rows[i].interrupts);
		read_essentials(tree, &list);
		assert_false(checklist_misses(&list, NULL));
		assert_int_equal(get(&list, "interrupt-remapping")->status, rows[i].status);
	}
	read_all(tree, &all);
	assert_null(find(&all, "cpu-virtualisation"));
	assert_item(&all, "domain-type", CHECK_OK, "iommu.passthrough=1");
	for (size_t i = 0; i < all.n; i++)
		assert_null(all.items[i].cure && strstr(all.items[i].cure, "VT-") ? "x86" : NULL);

	tree_delete(tree, "sys/class/iommu/dmar0");
	read_essentials(tree, &off);
	assert_item(&off, "iommu-active", CHECK_MISSING, "no IOMMU is active");
	assert_null(strstr(get(&off, "iommu-active")->cure, "host-setup"));
}

/* What cannot be read is not said to be reserved. */
static void test_reserved_unknown(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};

	prepare(tree);
	tree_folder(tree, "sys/kernel/iommu_groups/7/reserved_regions");
	read_all(tree, &list);
	assert_item(&list, "reserved-region", CHECK_WARNING, "cannot be read");
}

static void test_module_missing(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};

	prepare(tree);
	tree_delete(tree, "sys/module/vfio_iommu_type1");
	read_essentials(tree, &list);
	assert_item(&list, "vfio", CHECK_OK, "vfio is built into this kernel");
	assert_item(&list, "vfio_iommu_type1", CHECK_MISSING, "has no module vfio_iommu_type1");
}

static void test_warnings(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0}, nested = {0};
	const struct check_next_boot unknown = {.evidence = "nobody knows"};

	prepare(tree);
	tree_file(tree, "proc/cpuinfo", "flags\t\t: fpu vmxish svmish\n");
	tree_file(tree, "proc/cmdline", "quiet pcie_acs_override=downstream\n");
	tree_file(tree, "sys/module/vfio_pci/initstate", "live\n");
	tree_device(tree, &(struct tree_device){.bdf = "0000:02:00.0", .vendor = 1, .group = 8});
	tree_file(tree, "sys/kernel/iommu_groups/7/type", "DMA-FQ\n");
	tree_file(tree, "sys/kernel/iommu_groups/7/reserved_regions",
		  "0x1 0x2 direct-relaxable\n0x00000000fee00000 0x00000000feefffff msi\n");
	tree_file(tree, "sys/kernel/iommu_groups/8/reserved_regions",
		  "0x00000000000e0000 0x00000000000fffff direct\n");
	assert_int_equal(check_host(&tree->root, &unknown, &list), 0);
	assert_false(checklist_misses(&list, NULL));
	assert_item(&list, "cpu-virtualisation", CHECK_WARNING, "does not offer");
	assert_item(&list, "cmdline-next", CHECK_WARNING, "unknown");
	assert_item(&list, "modules-at-boot", CHECK_WARNING, "no list");
	assert_item(&list, "acs-override", CHECK_WARNING, "ACS override");
	assert_item(&list, "domain-type", CHECK_NOTE, "translated");
	assert_item(&list, "reserved-region", CHECK_WARNING, "for 0000:02:00.0 (RMRR)");
	assert_non_null(strstr(get(&list, "reserved-region")->cure, "firmware setup"));
	tree_file(tree, "sys/class/dmi/id/sys_vendor", "QEMU\n");
	assert_int_equal(check_host(&tree->root, &unknown, &nested), 0);
	assert_non_null(strstr(get(&nested, "reserved-region")->cure, "is itself a VM"));
}

/* What is built in needs no list, and a word that the kernel does not know does nothing. */
static void test_kernels_own(void **state)
{
	const struct check_next_boot unlisted = {.cmdline = "quiet", .evidence = "a test"};
	const struct check_next_boot kept = {.cmdline = "quiet",
					     .evidence = "a test",
					     .modules_at_boot = "a list",
					     .modules_kept = "a line"};
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0}, away = {0};

	prepare(tree);
	tree_file(tree, "proc/sys/kernel/osrelease", "6.12.43+deb13-amd64\n");
	tree_file(tree, "proc/cmdline", "quiet pcie_acs_override=downstream\n");
	assert_int_equal(check_host(&tree->root, &kept, &away), 0);
	assert_item(&away, "modules-at-boot", CHECK_WARNING, "keeps one of them away");
	assert_int_equal(check_host(&tree->root, &unlisted, &list), 0);
	assert_item(&list, "vfio_pci", CHECK_OK, "vfio_pci is built into this kernel");
	assert_item(&list, "modules-at-boot", CHECK_OK, "built into the kernel");
	assert_item(&list, "acs-override", CHECK_NOTE, "lacks that patch");
}

/* What modprobe.d or the kernel keeps away is not there when it is needed; once it is loaded, it
 * is. */
static void test_kept_away(void **state)
{
	static const struct {
		const char *config, *cmdline;
		enum check_status status;
		const char *says;
	} rows[] = {
		{"", "quiet", CHECK_OK, "vfio_pci is available, and loaded when needed"},
		{"install vfio_pci modprobe -i vfio-pci\n", "quiet", CHECK_OK, "is available"},
		{"install vfio_pci /bin/true\n", "quiet", CHECK_MISSING,
		 "module vfio_pci is never loaded, so no device can be passed through: modprobe.d "
		 "has the line: install vfio_pci /bin/true"},
		{"", "modprobe.blacklist=vfio_pci", CHECK_OK, "is available"},
		{"", "quiet module_blacklist=vfio_pci\n", CHECK_MISSING,
		 "the kernel command line has module_blacklist=vfio_pci"},
	};
	struct tree *tree = *state;
	auto_checklist struct checklist loaded = {0};

	prepare(tree);
	tree_delete(tree, "sys/module/vfio_pci");
	tree_file(tree, "etc/modprobe.d/a.conf", "alias vfio_pci vfio_pci\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};

		tree_file(tree, "etc/modprobe.d/b.conf", rows[i].config);
		tree_file(tree, "proc/cmdline", rows[i].cmdline);
		assert_int_equal(check_essentials(&tree->root, NULL, &list), 0);
		assert_item(&list, "vfio_pci", rows[i].status, rows[i].says);
	}
	tree_folder(tree, "sys/module/vfio_pci");
	assert_int_equal(check_essentials(&tree->root, NULL, &loaded), 0);
	assert_item(&loaded, "vfio_pci", CHECK_OK, "vfio_pci");
}

static void test_virqfd(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist old = {0}, there = {0}, kept = {0}, loaded = {0}, new = {0};

	prepare(tree);
	tree_file(tree, "proc/sys/kernel/osrelease", "6.1.0-50-amd64\n");
	read_all(tree, &old);
	assert_item(&old, "vfio_virqfd", CHECK_NOTE, "may be built in");
	tree_file(tree, "etc/modprobe.d/a.conf", "alias vfio_virqfd vfio_virqfd\n");
	read_all(tree, &there);
	assert_item(&there, "vfio_virqfd", CHECK_OK, "is available");
	tree_file(tree, "etc/modprobe.d/b.conf", "install vfio_virqfd /bin/false\n");
	read_all(tree, &kept);
	assert_item(&kept, "vfio_virqfd", CHECK_MISSING, "install vfio_virqfd /bin/false");
	tree_folder(tree, "sys/module/vfio_virqfd");
	read_all(tree, &loaded);
	assert_item(&loaded, "vfio_virqfd", CHECK_OK, "is loaded");
	tree_file(tree, "proc/sys/kernel/osrelease", "6.2.0-1-amd64\n");
	read_all(tree, &new);
	assert_null(find(&new, "vfio_virqfd"));
}

static void test_unsafe_although_remapped(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};

	prepare(tree);
	tree_file(tree, UNSAFE, "Y\n");
	read_all(tree, &list);
	assert_item(&list, "interrupt-remapping", CHECK_OK, "are remapped");
	assert_item(&list, "unsafe-interrupts", CHECK_WARNING, "without interrupt remapping");
}

static void test_kernel_log(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};
	static const char *const wanted[] = {
		"[0.1] DMAR: Host address width 39",
		"[0.3] DMAR-IR: Enabled IRQ remapping in x2apic mode",
		"[0.4] pci 0000:00:00.0: Adding to iommu group 0\n"
		"[0.4] pci 0000:00:01.0: Adding to iommu group 1\n"
		"[0.4] pci 0000:00:02.0: Adding to iommu group 2\n"
		"[0.4] pci 0000:00:03.0: Adding to iommu group 3\n"
		"... and 1 more",
	};

	prepare(tree);
	tree_file(tree, "var/log/dmesg",
		  "<6>[0.1] DMAR: Host address width 39\n[0.2] nothing\n"
		  "[0.3] DMAR-IR: Enabled IRQ remapping in x2apic mode\n"
		  "[0.4] pci 0000:00:00.0: Adding to iommu group 0\n"
		  "[0.4] pci 0000:00:01.0: Adding to iommu group 1\n"
		  "[0.4] pci 0000:00:02.0: Adding to iommu group 2\n"
		  "[0.4] pci 0000:00:03.0: Adding to iommu group 3\n"
		  "[0.4] pci 0000:00:04.0: Adding to iommu group 4\n");
	assert_int_equal(check_log(&tree->root, &list), 0);
	assert_int_equal(list.n, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < list.n; i++) {
		assert_string_equal(list.items[i].name, "kernel-log");
		assert_int_equal(list.items[i].status, CHECK_NOTE);
		assert_string_equal(list.items[i].evidence, wanted[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ready, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_first_interrupts, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_vm, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_iommu_off, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_remapping, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_module_missing, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_arm, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_reserved_unknown, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_warnings, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_kernels_own, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_kept_away, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_virqfd, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_unsafe_although_remapped, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_kernel_log, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
