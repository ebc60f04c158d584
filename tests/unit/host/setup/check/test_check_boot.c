// SPDX-License-Identifier: GPL-2.0-or-later
/* What enable refuses because of the boot configuration, check lists. */
#include "hostcase.h"

#include "host/setup/check/readiness.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_no_grub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
