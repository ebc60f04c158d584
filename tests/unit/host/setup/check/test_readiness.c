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

static const char *cure_of_iommu(const struct checklist *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].name, "iommu-active") && list->items[i].cure)
			return list->items[i].cure;
	return "";
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
		cmocka_unit_test_setup_teardown(test_firmware_off, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_differences, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_not_told, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_contradiction, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_unclear_settings, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_nothing_tells, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_which_entries, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
