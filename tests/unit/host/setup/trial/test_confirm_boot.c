// SPDX-License-Identifier: GPL-2.0-or-later
/* The undo of a change of the boot as `host-setup confirm --boot` runs it. */
int program_main(int argc, char **argv);

#define LOCALEDIR "/nonexistent"
#define LOCALES	  ""
#define main	  program_main
#include "host/setup/main.c" /* NOLINT(bugprone-suspicious-include) */
#undef main

#include <sys/stat.h>
#include <unistd.h>

#include "hostcase.h"

#define CONFIG_FILE "etc/pve/qemu-server/100.conf"

static int call_undo(const struct fs_root *root, const void *unused)
{
	(void)unused;
	alarm(30);
	return run_confirm(root, &(struct setup_options){.boot = true});
}

/* A change that is not confirmed is undone whatever is wrong with the cluster's files. */
static void test_undo_needs_no_cluster(void **state)
{
	static const char words[] = "root=/dev/sda1 ro intel_iommu=on iommu=pt\n";
	auto_hosttree struct hosttree tree = {0};
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	(void)state;
	hostcase_read("grub-intel", &host);
	hostcase_build(&tree, &host);
	host.options.confirm_within = 1;
	hosttree_text(&tree, "etc/systemd/system/multi-user.target.wants/" TRIAL_UNIT, "");
	hosttree_text(&tree, "proc/sys/kernel/random/boot_id", "boot-0\n");
	run = hostcase_enable(&tree, &host);
	hosttree_assert_code(&run, 0);
	hosttree_run_free(&run);
	hosttree_text(&tree, "proc/sys/kernel/random/boot_id", "boot-1\n");
	hosttree_text(&tree, "proc/cmdline", words);
	hosttree_text(&tree, CONFIG_FILE, "");
	assert_int_equal(unlinkat(tree.root.fd, CONFIG_FILE, 0), 0);
	assert_int_equal(mkfifoat(tree.root.fd, CONFIG_FILE, 0600), 0);
	trial_minute_ms = 0;
	run = hosttree_run(&tree, call_undo, NULL);
	hosttree_assert_code(&run, 0);
	hosttree_assert_says(&run, "was not confirmed and is undone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_undo_needs_no_cluster)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
