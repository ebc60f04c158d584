// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/readiness.h"

#include "tree.h"

/* Only another boot loader than the known ones is explained so. */
static char *why;

/* An Intel host that boots by GRUB, IOMMU active or not. */
static void prepare(struct tree *tree, bool active, const char *running, const char *configured)
{
	auto_free char *cmdline = fs_path("BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1 ro %s\n",
					  running);
	auto_free char *grub = fs_path("GRUB_CMDLINE_LINUX_DEFAULT=\"%s\"\n", configured);
	auto_free char *entry = fs_path("\tlinux /vmlinuz root=/dev/sda1 ro %s\n", configured);

	tree_vfio(tree);
	tree_file(tree, "proc/cmdline", cmdline);
	tree_file(tree, "proc/interrupts", " 1: 9 IR-IO-APIC 1-edge\n");
	tree_file(tree, "proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmx\n");
	tree_file(tree, "sys/firmware/acpi/tables/DMAR", "");
	tree_file(tree, "etc/default/grub", grub);
	tree_file(tree, "boot/grub/grub.cfg", entry);
	if (active) {
		tree_iommu(tree);
		tree_device(tree, &(struct tree_device){.bdf = "0000:01:00.0", .vendor = 1});
	}
}

static const char *what_of(const struct checklist *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].name, name))
			return list->items[i].what;
	return "";
}

static void test_verdicts(void **state)
{
	static const struct {
		bool active;
		const char *running, *configured;
		enum check_verdict verdict;
	} rows[] = {
		{true, "quiet intel_iommu=on", "quiet intel_iommu=on", VERDICT_READY},
		{true, "quiet", "quiet", VERDICT_READY},
		{false, "quiet", "quiet intel_iommu=on iommu=pt", VERDICT_AFTER_REBOOT},
		{false, "quiet intel_iommu=off", "quiet", VERDICT_AFTER_REBOOT},
		{false, "quiet", "quiet", VERDICT_NOT_READY},
		{false, "quiet intel_iommu=on", "quiet intel_iommu=on", VERDICT_NOT_READY},
		{false, "quiet", "quiet intel_iommu=on intel_iommu=off", VERDICT_NOT_READY},
		{false, "intel_iommu=off", "intel_iommu=off intel_iommu=on", VERDICT_AFTER_REBOOT},
		/* What will not last. */
		{true, "intel_iommu=on", "intel_iommu=off", VERDICT_UNTIL_REBOOT},
		{true, "intel_iommu=on", "intel_iommu=on iommu=off", VERDICT_UNTIL_REBOOT},
		{true, "intel_iommu=on", "intel_iommu=on intremap=off", VERDICT_UNTIL_REBOOT},
		{true, "intel_iommu=on", "intel_iommu=on module_blacklist=vfio",
		 VERDICT_UNTIL_REBOOT},
		{true, "intel_iommu=on", "quiet", VERDICT_UNTIL_REBOOT},
		{true, "intel_iommu=on", "intel_iommu=sm_on", VERDICT_UNTIL_REBOOT},
		/* What the kernel undoes, or does not know, is no loss. */
		{true, "intel_iommu=on", "intel_iommu=off intel_iommu=on", VERDICT_READY},
		{true, "intel_iommu=on", "intel_iommu=on amd_iommu=off", VERDICT_READY},
		{true, "intel_iommu=on", "intel_iommu=on,igfx_off", VERDICT_READY},
		{true, "intel_iommu=on", "intel_iommu=on,sm_on iommu=pt", VERDICT_READY},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict = (enum check_verdict) - 1;

		tree_delete(tree, "sys/class/iommu/dmar0");
		prepare(tree, rows[i].active, rows[i].running, rows[i].configured);
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		if (verdict != rows[i].verdict)
			fail_msg("row %zu: verdict %d, expected %d", i, (int)verdict,
				 (int)rows[i].verdict);
	}
}

/* Whether the next boot needs the word is the kernel's configuration's to say. */
static void test_kernels_default(void **state)
{
	static const struct {
		const char *config;
		enum check_verdict verdict;
	} rows[] = {
		{NULL, VERDICT_UNTIL_REBOOT},
		{"# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set\n", VERDICT_UNTIL_REBOOT},
		{"CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n", VERDICT_READY},
		{"CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y\n", VERDICT_READY},
	};
	struct tree *tree = *state;

	prepare(tree, true, "quiet intel_iommu=on", "quiet");
	tree_file(tree, "proc/sys/kernel/osrelease", "6.8.12-9-pve\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		if (rows[i].config)
			tree_file(tree, "boot/config-6.8.12-9-pve", rows[i].config);
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_int_equal(verdict, rows[i].verdict);
		assert_int_equal(*what_of(&list, "next-boot") != '\0',
				 verdict == VERDICT_UNTIL_REBOOT);
	}
}

/* An AMD IOMMU needs no word, and Intel's words do nothing to it. */
static void test_amd(void **state)
{
	static const struct {
		bool active;
		const char *running, *configured;
		enum check_verdict verdict;
	} rows[] = {
		{true, "intel_iommu=on amd_iommu=on", "quiet", VERDICT_READY},
		{true, "quiet", "intel_iommu=off", VERDICT_READY},
		{true, "quiet", "amd_iommu=off", VERDICT_UNTIL_REBOOT},
		{false, "amd_iommu=off", "quiet", VERDICT_AFTER_REBOOT},
		{false, "quiet", "quiet iommu=pt intel_iommu=on", VERDICT_NOT_READY},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		tree_delete(tree, "sys/class/iommu/dmar0");
		prepare(tree, rows[i].active, rows[i].running, rows[i].configured);
		tree_file(tree, "proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\n");
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		if (verdict != rows[i].verdict)
			fail_msg("row %zu: verdict %d, expected %d", i, (int)verdict,
				 (int)rows[i].verdict);
	}
}

static const struct check_item *item_of(const struct checklist *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].name, name))
			return &list->items[i];
	fail_msg("%s: not in the list", name);
	abort();
}

/* The word is there, the table too, and no IOMMU: not "enable" once more, but the log's lines. */
static void test_applied_in_vain(void **state)
{
	static const struct {
		const char *vendor, *running, *seen;
	} rows[] = {
		{"GenuineIntel", "intel_iommu=on iommu=pt",
		 "intel_iommu=on is in /proc/cmdline already"},
		{"AuthenticAMD", "quiet iommu=pt", "an AMD IOMMU is on by itself"},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *cpuinfo = fs_path("vendor_id\t: %s\nflags\t\t: fpu\n",
						  rows[i].vendor);
		auto_checklist struct checklist list = {0};
		const struct check_item *item;
		enum check_verdict verdict;

		prepare(tree, false, rows[i].running, rows[i].running);
		tree_file(tree, "proc/cpuinfo", cpuinfo);
		tree_file(tree, "var/log/dmesg",
			  "[0.1] DMAR: Host address width 39\n"
			  "[0.2] DMAR: [Firmware Bug]: No DRHD structure found in DMAR table\n"
			  "[0.3] DMAR: No ATSR found\n");
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_int_equal(verdict, VERDICT_NOT_READY);
		item = item_of(&list, "iommu-active");
		assert_non_null(strstr(item->evidence, rows[i].seen));
		assert_non_null(strstr(item->evidence, "[Firmware Bug]: No DRHD"));
		assert_null(strstr(item->evidence, "Host address width"));
		assert_null(strstr(item->cure, "reboot"));
		assert_non_null(strstr(item->cure, "journalctl -k -b"));
	}
}

/* Taken out of the file but still in /proc/cmdline: a reboot, nothing else. */
static void test_remapping(void **state)
{
	static const struct {
		const char *running, *configured, *cure;
		enum check_verdict verdict;
	} rows[] = {
		{"intel_iommu=on nointremap", "intel_iommu=on nointremap",
		 "remove 'nointremap' from line 1 of /etc/default/grub, then: host-setup enable && "
		 "reboot",
		 VERDICT_NOT_READY},
		{"intel_iommu=on intremap=off", "intel_iommu=on", "reboot", VERDICT_AFTER_REBOOT},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		prepare(tree, true, rows[i].running, rows[i].configured);
		tree_file(tree, "proc/interrupts", " 1: 9 IO-APIC 1-edge\n");
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_string_equal(item_of(&list, "interrupt-remapping")->cure, rows[i].cure);
		assert_int_equal(verdict, rows[i].verdict);
	}
}

/* Allowed by the administrator: the warning of always, now and after the next boot. */
static void test_remapping_allowed(void **state)
{
	static const char *const words[] = {"intel_iommu=on nointremap",
					    "intel_iommu=on nointremap "
					    "vfio_iommu_type1.allow_unsafe_interrupts=1"};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		prepare(tree, true, words[i], words[i]);
		tree_file(tree, "proc/interrupts", " 1: 9 IO-APIC 1-edge\n");
		tree_file(tree, "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
			  "Y\n");
		if (!i)
			tree_file(tree, "etc/modprobe.d/own.conf",
				  "options vfio_iommu_type1 allow_unsafe_interrupts=1\n");
		else
			tree_delete(tree, "etc/modprobe.d/own.conf");
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_int_equal(item_of(&list, "interrupt-remapping")->status, CHECK_WARNING);
		assert_int_equal(verdict, VERDICT_READY);
	}
}

/* The integrated GPU alone is lost: a warning, until the word is gone from both. */
static void test_igpu_off(void **state)
{
	static const struct {
		const char *running, *configured, *what, *cure;
	} rows[] = {
		{"intel_iommu=on,igfx_off", "intel_iommu=on,igfx_off",
		 "/etc/default/grub:1: intel_iommu=on,igfx_off: it excludes the integrated GPU",
		 "remove igfx_off from 'intel_iommu=on,igfx_off' in line 1 of /etc/default/grub, "
		 "then: host-setup enable"},
		{"intel_iommu=on,igfx_off", "intel_iommu=on",
		 "/proc/cmdline: intel_iommu=on,igfx_off: it excludes the integrated GPU",
		 "reboot"},
	};
	static const struct tree_device gpu = {.bdf = "0000:00:02.0",
					       .vendor = 0x8086,
					       .device = 0x4680,
					       .class = 0x030000,
					       .group = -1};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		const struct check_item *item;
		enum check_verdict verdict;

		prepare(tree, true, rows[i].running, rows[i].configured);
		tree_delete(tree, "sys/bus/pci/devices/0000:00:02.0");
		tree_device(tree, &gpu);
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		item = item_of(&list, "contradiction");
		assert_int_equal(item->status, CHECK_WARNING);
		assert_non_null(strstr(item->what, rows[i].what));
		assert_string_equal(item->cure, rows[i].cure);
		assert_int_equal(verdict, VERDICT_READY);
	}
}

/* No GPU of Intel's on the root bus: nothing is lost. A card in a slot is not integrated. */
static void test_igpu_off_without_one(void **state)
{
	static const char word[] = "intel_iommu=on,igfx_off";
	static const struct {
		const char *bdf;
		unsigned int vendor;
		enum check_status status;
	} gpus[] = {
		{"0000:03:00.0", 0x8086, CHECK_NOTE},
		{"0000:00:02.0", 0x1a03, CHECK_NOTE},
		{"0000:00:02.0", 0x8086, CHECK_WARNING},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(gpus); i++) {
		const struct tree_device gpu = {.bdf = gpus[i].bdf,
						.vendor = gpus[i].vendor,
						.device = 0x56a0,
						.class = 0x030000,
						.group = -1};
		auto_checklist struct checklist list = {0};
		const struct check_item *item;
		enum check_verdict verdict;

		prepare(tree, true, word, word);
		tree_delete(tree, "sys/bus/pci/devices");
		tree_device(tree, &gpu);
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		item = item_of(&list, "contradiction");
		assert_int_equal(item->status, gpus[i].status);
		assert_int_equal(!item->cure, item->status == CHECK_NOTE);
		assert_int_equal(verdict, VERDICT_READY);
	}
}

/* What enable refuses, check says, in the same words. */
static void test_problems_of_enable(void **state)
{
	static const struct {
		const char *path, *text, *name, *what;
	} rows[] = {
		{"etc/modules-load.d/pve-passthrough.conf", "own\n", "file-in-the-way",
		 "/etc/modules-load.d/pve-passthrough.conf exists, and host-setup did not write it"},
		{"etc/default/grub.d/zzz.cfg", "GRUB_CMDLINE_LINUX_DEFAULT=quiet\n", "words-lost",
		 "intel_iommu=on would not reach the kernel"},
		{"var/lib/pve-passthrough/host-setup", "what is this\n", "state-damaged",
		 "/var/lib/pve-passthrough/host-setup is damaged"},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		prepare(tree, false, "quiet", "quiet");
		tree_file(tree, rows[i].path, rows[i].text);
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_non_null(strstr(item_of(&list, rows[i].name)->what, rows[i].what));
		assert_non_null(item_of(&list, rows[i].name)->cure);
		assert_int_equal(verdict, VERDICT_NOT_READY);
		tree_delete(tree, rows[i].path);
	}
}

static const char *cure_of_iommu(const struct checklist *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].name, "iommu-active") && list->items[i].cure)
			return list->items[i].cure;
	return "";
}

/* Words behind what the kernel keeps: another reboot brings none of them. */
static void test_too_long(void **state)
{
	static const char behind[] = " intel_iommu=on iommu=pt";
	static const struct {
		size_t kept; /* bytes that the running kernel has; 0: all that is before the words
			      */
		bool active, too_long;
		enum check_verdict verdict;
	} rows[] = {
		{0, false, true, VERDICT_NOT_READY},		/* GRUB leaves out whole words */
		{CMDLINE_KEPT, false, true, VERDICT_NOT_READY}, /* another loader does not */
		{0, true, true, VERDICT_UNTIL_REBOOT},		/* set when it was shorter */
		{0, false, false, VERDICT_AFTER_REBOOT},
	};
	struct tree *tree = *state;
	char filler[CMDLINE_KEPT] = "";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		auto_free char *configured = NULL, *running = NULL;
		enum check_verdict verdict;

		memset(filler, 'x', rows[i].too_long ? CMDLINE_KEPT - 50 : 1000);
		filler[rows[i].too_long ? CMDLINE_KEPT - 50 : 1000] = '\0';
		configured = fs_path("%s%s", filler, behind);
		tree_delete(tree, "sys/class/iommu/dmar0");
		running = fs_path("%s%s", filler, rows[i].active ? " intel_iommu=on" : "");
		prepare(tree, rows[i].active, running, configured);
		if (rows[i].kept) {
			auto_free char *line = fs_path(
				"BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1 ro %s", configured);

			line[rows[i].kept] = '\0';
			tree_file(tree, "proc/cmdline", line);
		}
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_int_equal(verdict, rows[i].verdict);
		assert_int_equal(*what_of(&list, "words-lost") != '\0', rows[i].too_long);
		assert_int_equal(strstr(what_of(&list, "cmdline-next"), "iommu=pt") != NULL,
				 !rows[i].too_long);
		assert_int_equal(strstr(item_of(&list, "cmdline-running")->evidence, "cut off") !=
					 NULL,
				 rows[i].too_long && !rows[i].active);
		assert_string_not_equal(cure_of_iommu(&list), rows[i].too_long ? "reboot" : "");
	}
}

/* When grub.cfg was so before this boot, the next boot is another one like it. */
static void test_another_entry(void **state)
{
	static const struct {
		const char *running, *boot;
		enum check_verdict verdict;
		bool said;
	} rows[] = {
		{"quiet", "cpu  1 2\nbtime 9999999999\nprocesses 1\n", VERDICT_NOT_READY, true},
		{"quiet intel_iommu=off", "btime 9999999999\n", VERDICT_NOT_READY, true},
		/* update-grub has run since */
		{"quiet", "btime 1000000000\n", VERDICT_AFTER_REBOOT, false},
		{"quiet", "", VERDICT_AFTER_REBOOT, false},
		{"quiet", NULL, VERDICT_AFTER_REBOOT, false},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		prepare(tree, false, rows[i].running, "quiet intel_iommu=on iommu=pt");
		if (rows[i].boot)
			tree_file(tree, "proc/stat", rows[i].boot);
		else
			tree_delete(tree, "proc/stat");
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_int_equal(verdict, rows[i].verdict);
		assert_int_equal(*what_of(&list, "entry-not-started") != '\0', rows[i].said);
		assert_int_equal(strstr(cure_of_iommu(&list), "choose the first entry") != NULL,
				 rows[i].said);
	}
}

/* A loader that is asked for and not set up is not ok, nor is one without its file. */
static void test_no_settings(void **state)
{
	static const struct {
		const char *loader, *name, *what;
		enum check_status next;
		enum check_verdict verdict;
	} rows[] = {
		{"grub", "settings-absent", "/etc/default/grub does not exist", CHECK_WARNING,
		 VERDICT_UNTIL_REBOOT},
		/* Its tools then take the words of the running kernel. */
		{"systemd-boot", "kernel-cmdline", "/etc/kernel/cmdline: it does not exist",
		 CHECK_OK, VERDICT_READY},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		prepare(tree, true, "intel_iommu=on", "quiet");
		tree_delete(tree, "etc/default/grub");
		tree_delete(tree, "boot/grub/grub.cfg");
		assert_int_equal(readiness_read(&tree->root, rows[i].loader, &list, &verdict, &why),
				 0);
		assert_int_equal(item_of(&list, rows[i].name)->status, CHECK_WARNING);
		assert_non_null(strstr(item_of(&list, rows[i].name)->what, rows[i].what));
		assert_int_equal(item_of(&list, "cmdline-next")->status, rows[i].next);
		assert_int_equal(verdict, rows[i].verdict);
	}
}

/* The cure is what helps now: enable would refuse, or has been done already. */
static void test_cures(void **state)
{
	static const struct {
		const char *running, *configured, *cure;
	} rows[] = {
		{"quiet", "quiet", "host-setup enable && reboot"},
		{"quiet", "quiet intel_iommu=on iommu=pt", "reboot"},
		{"intel_iommu=off", "intel_iommu=off",
		 "remove 'intel_iommu=off' from line 1 of /etc/default/grub, then: host-setup enable && "
		 "reboot"},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		prepare(tree, false, rows[i].running, rows[i].configured);
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_string_equal(cure_of_iommu(&list), rows[i].cure);
	}
}

/* A firmware without an IOMMU: no boot configuration helps. */
static void test_firmware_off(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};
	enum check_verdict verdict;

	prepare(tree, false, "quiet", "quiet intel_iommu=on");
	tree_delete(tree, "sys/firmware/acpi/tables/DMAR");
	assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
	assert_int_equal(verdict, VERDICT_NOT_READY);
}

static void test_differences(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};
	enum check_verdict verdict;

	prepare(tree, true, "quiet splash", "quiet intel_iommu=on");
	assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
	assert_string_equal(
		what_of(&list, "cmdline-differs"),
		"the next boot will be started differently: with intel_iommu=on, without splash");
}

/* update-grub was forgotten: a reboot alone does not help. */
static void test_not_told(void **state)
{
	static const struct {
		const char *running, *configured, *entry, *why;
	} rows[] = {
		{"quiet", "quiet intel_iommu=on iommu=pt", "quiet",
		 "/boot/grub/grub.cfg has an entry without intel_iommu=on"},
		{"quiet intel_iommu=off", "quiet", "quiet intel_iommu=off",
		 "each entry of /boot/grub/grub.cfg still has intel_iommu=off"},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *entry = fs_path("\tlinux /vmlinuz root=/dev/sda1 ro %s\n",
						rows[i].entry);
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		prepare(tree, false, rows[i].running, rows[i].configured);
		tree_file(tree, "boot/grub/grub.cfg", entry);
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_int_equal(verdict, VERDICT_NOT_READY);
		assert_non_null(strstr(what_of(&list, "boot-entries"), rows[i].why));
		assert_string_equal(cure_of_iommu(&list), "host-setup enable && reboot");
	}
}

/* What the entries say is what the next boot is started with; the text may not tell, and says where
 * that is. */
static void test_unclear_settings(void **state)
{
	static const struct {
		const char *entry;
		enum check_verdict verdict;
		const char *cure;
	} rows[] = {
		{"quiet intel_iommu=on iommu=pt", VERDICT_AFTER_REBOOT, "reboot"},
		{"quiet", VERDICT_NOT_READY, "host-setup enable && reboot"},
		{"quiet intel_iommu=off", VERDICT_NOT_READY,
		 "remove 'intel_iommu=off' where it is set (/etc/default/grub) and run update-grub, "
		 "then: host-setup enable && reboot"},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *entry = fs_path("\tlinux /vmlinuz root=/dev/sda1 ro %s\n",
						rows[i].entry);
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		prepare(tree, false, "quiet", "quiet $(cat /etc/words)");
		tree_file(tree, "boot/grub/grub.cfg", entry);
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_int_equal(verdict, rows[i].verdict);
		assert_string_equal(cure_of_iommu(&list), rows[i].cure);
		assert_non_null(strstr(what_of(&list, "cmdline-next"), rows[i].entry));
		assert_non_null(
			strstr(what_of(&list, "settings-unclear"), "/etc/default/grub:1: "));
		assert_string_equal(what_of(&list, "boot-entries"), "");
	}
}

/* Without grub.cfg nothing tells. */
static void test_nothing_tells(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};
	enum check_verdict verdict;

	prepare(tree, true, "quiet", "quiet $(cat /etc/words)");
	tree_delete(tree, "boot/grub/grub.cfg");
	assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
	assert_int_equal(verdict, VERDICT_READY);
	assert_non_null(strstr(what_of(&list, "cmdline-next"), "unknown"));
	assert_string_equal(what_of(&list, "cmdline-differs"), "");
}

/* Which entries should have the words: all but those for recovery and those written by hand. */
static void test_which_entries(void **state)
{
	static const char other[] = "### END /etc/grub.d/10_linux ###\n"
				    "### BEGIN /etc/grub.d/40_custom ###\n"
				    "menuentry 'x' {\n\tlinux /other root=/dev/sdb1 ro\n}\n"
				    "### END /etc/grub.d/40_custom ###\n";
	static const struct {
		const char *second;
		bool good;
	} rows[] = {
		{"menuentry 'x (recovery mode)' $menuentry_id_option 'gnulinux-1-recovery-2' {\n"
		 "\tlinux /vmlinuz root=/dev/sda1 ro rescue\n}\n",
		 true},
		{"menuentry 'x' $menuentry_id_option 'gnulinux-1-advanced-2' {\n"
		 "\tlinux /vmlinuz root=/dev/sda1 ro quiet\n}\n",
		 false},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *entries = fs_path(
			"### BEGIN /etc/grub.d/10_linux ###\nmenuentry 'x' {\n"
			"\tlinux /vmlinuz root=/dev/sda1 ro intel_iommu=on\n}\n%s%s",
			rows[i].second, other);
		auto_checklist struct checklist list = {0};
		enum check_verdict verdict;

		prepare(tree, false, "quiet", "intel_iommu=on");
		tree_file(tree, "boot/grub/grub.cfg", entries);
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_string_equal(what_of(&list, "boot-entries"),
				    rows[i].good ? "the boot entries are up to date"
						 : "the boot entries are not up to date: "
						   "/boot/grub/grub.cfg has an entry without "
						   "intel_iommu=on");
		assert_int_equal(verdict, rows[i].good ? VERDICT_AFTER_REBOOT : VERDICT_NOT_READY);
	}
}

/* Settings that are wrong, beside entries that were written before. */
static void test_old_entries(void **state)
{
	static const char good[] = "\tlinux /vmlinuz root=/dev/sda1 ro intel_iommu=on\n";
	static const struct {
		const char *running, *settings, *entries, *name, *cure;
		enum check_verdict verdict;
	} rows[] = {
		{"intel_iommu=on", "GRUB_CMDLINE_LINUX=intel_iommu=off\n", good, "contradiction",
		 "remove 'intel_iommu=off' from line 1 of /etc/default/grub, then: host-setup enable",
		 VERDICT_UNTIL_REBOOT},
		{"intel_iommu=on", "GRUB_CMDLINE_LINUX = intel_iommu=on\n", good, "settings-broken",
		 NULL, VERDICT_UNTIL_REBOOT},
		/* Removed from the settings, not from the entries. */
		{"intel_iommu=on", "GRUB_CMDLINE_LINUX=intel_iommu=on\n",
		 "\tlinux /vmlinuz root=/dev/sda1 ro intel_iommu=off\n", "next-boot",
		 "host-setup enable", VERDICT_UNTIL_REBOOT},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_checklist struct checklist list = {0};
		const struct check_item *item;
		enum check_verdict verdict;

		prepare(tree, true, rows[i].running, "");
		tree_file(tree, "etc/default/grub", rows[i].settings);
		tree_file(tree, "boot/grub/grub.cfg", rows[i].entries);
		assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
		assert_int_equal(verdict, rows[i].verdict);
		item = item_of(&list, rows[i].name);
		assert_non_null(item);
		if (rows[i].cure)
			assert_string_equal(item->cure, rows[i].cure);
	}
}

/* Booted over the network, for instance: enable wants to be told what no file tells. */
static void test_no_known_loader(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};
	enum check_verdict verdict;
	auto_free char *unclear = NULL;

	prepare(tree, false, "quiet", "quiet");
	tree_file(tree, "proc/cmdline", "root=/dev/nfs ip=dhcp\n");
	tree_delete(tree, "boot/grub/grub.cfg");
	tree_delete(tree, "etc/default/grub");
	assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &unclear), 0);
	assert_int_equal(verdict, VERDICT_NOT_READY);
	assert_ptr_equal(strstr(cure_of_iommu(&list), "host-setup enable --bootloader=grub"),
			 cure_of_iommu(&list));
}

static void test_contradiction(void **state)
{
	struct tree *tree = *state;
	auto_checklist struct checklist list = {0};
	enum check_verdict verdict;

	prepare(tree, false, "quiet", "quiet intel_iommu=off");
	assert_int_equal(readiness_read(&tree->root, NULL, &list, &verdict, &why), 0);
	assert_ptr_equal(
		strstr(what_of(&list, "contradiction"), "/etc/default/grub:1: intel_iommu=off"),
		what_of(&list, "contradiction"));
	assert_int_equal(verdict, VERDICT_NOT_READY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verdicts, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_cures, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_kernels_default, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_amd, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_applied_in_vain, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_remapping, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_remapping_allowed, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_igpu_off, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_igpu_off_without_one, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_problems_of_enable, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_too_long, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_another_entry, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_no_settings, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_firmware_off, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_differences, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_not_told, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_contradiction, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_old_entries, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_no_known_loader, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_unclear_settings, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_nothing_tells, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_which_entries, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
