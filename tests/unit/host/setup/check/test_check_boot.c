// SPDX-License-Identifier: GPL-2.0-or-later
/* What enable refuses because of the boot configuration, check lists. */
#include "hostcase.h"

#include "host/setup/check/readiness.h"
#include "host/setup/check/unfinished.h"
#include "host/setup/state/hoststate.h"

static const struct check_item *item_of(const struct checklist *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->items[i].name, name))
			return &list->items[i];
	return NULL;
}

/* Hosts of tests/hosts with which enable ends with 2, and the item that says why. */
static void test_refusals(void **state)
{
	static const struct {
		const char *host, *item;
	} rows[] = {
		{"not-space-around-equals", "settings-broken"},
		{"not-plus-equals", "settings-broken"},
		{"not-open-quote", "settings-broken"},
		{"not-line-break", "settings-broken"},
		{"not-unquoted-words", "settings-broken"},
		{"sdboot-two-lines", "kernel-cmdline"},
		{"sdboot-blank-line", "kernel-cmdline"},
		{"sdboot-in-quotes", "kernel-cmdline"},
		{"sdboot-debian-comment", "kernel-cmdline"},
		{"sdboot-no-root", "root-missing"},
		{"root-empty", "root-missing"},
		{"root-no-stray-file", "root-missing"},
		{"root-other-device", "root-differs"},
		{"root-other-dataset", "root-differs"},
		{"initramfs-off", "initramfs-off"},
		{"other-refind", "other-boot-loader"},
		{"other-efi-stub", "file-not-read"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_hostcase struct hostcase host = {0};
		auto_hosttree struct hosttree tree = {0};
		auto_checklist struct checklist list = {0};
		const struct check_item *item;
		enum check_verdict verdict;
		char *why = NULL;

		hostcase_read(rows[i].host, &host);
		assert_string_equal(hostcase_value(&host, "exit"), "2");
		hostcase_build(&tree, &host);
		assert_int_equal(readiness_read(&tree.root, NULL, &list, &verdict, &why), 0);
		item = item_of(&list, rows[i].item);
		if (!item || item->status < CHECK_WARNING)
			fail_msg("%s: no %s", rows[i].host, rows[i].item);
		/* Words for another loader are all that it needs. */
		if (!strcmp(rows[i].item, "other-boot-loader"))
			assert_null(strstr(item->cure, "host-setup enable"));
	}
}

/* Where enable has done its work, it is worth knowing that update-initramfs does nothing. */
static void test_initramfs_off(void **state)
{
	auto_hostcase struct hostcase host = {0};
	auto_hosttree struct hosttree tree = {0};
	auto_run struct hosttree_run run = {0}, again = {0};
	auto_checklist struct checklist list = {0};
	const struct check_item *item;
	enum check_verdict verdict;
	char *why = NULL;

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	hosttree_text(&tree, "etc/initramfs-tools/update-initramfs.conf", "update_initramfs=no\n");
	assert_int_equal(readiness_read(&tree.root, NULL, &list, &verdict, &why), 0);
	item = item_of(&list, "initramfs-off");
	if (!item || item->status != CHECK_NOTE)
		fail_msg("it is %s", item ? "no note" : "not in the list");
	again = hostcase_enable(&tree, &host);
	hosttree_assert_code(&again, 0);
	hosttree_assert_says(&again, "nothing to change");
}

/* Nothing is known of a host that GRUB is said to start, and that has none of its files. */
static void test_no_grub(void **state)
{
	auto_hosttree struct hosttree tree = {0};
	auto_checklist struct checklist list = {0};
	const struct check_item *next;
	enum check_verdict verdict;
	char *why = NULL;

	(void)state;
	hosttree_open(&tree, true);
	hosttree_text(&tree, "proc/cmdline", "initrd=\\x root=/dev/sda1 ro intel_iommu=on\n");
	assert_int_equal(readiness_read(&tree.root, "grub", &list, &verdict, &why), 0);
	assert_non_null(item_of(&list, "settings-absent"));
	next = item_of(&list, "cmdline-next");
	if (!next || next->status != CHECK_WARNING)
		fail_msg("the next boot is %s", next ? next->what : "not in the list");
}

/* The state of earlier versions does not say which command it is of. */
static void test_unfinished(void **state)
{
	static const struct {
		const char *text, *cure; /* NULL: nothing to be said */
	} rows[] = {
		{"pending\n", ": host-setup enable; to undo it: host-setup disable"},
		{"pending host-setup enable --bootloader=grub\nword iommu=pt\n",
		 ": host-setup enable --bootloader=grub; to undo it: host-setup disable"},
		{"pending host-setup disable\n", "that it had: host-setup disable"},
		{"word iommu=pt\n", NULL},
		{"pending \n", NULL},
		{"pendinghost-setup enable\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_hosttree struct hosttree tree = {0};
		auto_checklist struct checklist list = {0};

		hosttree_open(&tree, true);
		hosttree_text(&tree, HOSTSTATE_PATH, rows[i].text);
		assert_int_equal(unfinished_check(&tree.root, &list), 0);
		assert_int_equal(list.n, rows[i].cure ? 1 : 0);
		if (list.n && !strstr(list.items[0].cure, rows[i].cure))
			fail_msg("row %zu: %s", i, list.items[0].cure);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_no_grub),
		cmocka_unit_test(test_initramfs_off),
		cmocka_unit_test(test_unfinished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
