// SPDX-License-Identifier: GPL-2.0-or-later
/* What is found in a boot configuration, given the running kernel; whole hosts are in tests/hosts.
 */
#include "hosttree.h"

#include "host/setup/boot/problems.h"

#define ESP_A "var/tmp/espmounts/AAAA-1111/grub/grub.cfg"
#define ESP_B "var/tmp/espmounts/BBBB-2222/grub/grub.cfg"

struct host {
	struct hosttree tree;
	struct bootloader loader;
	struct problems problems;
};

static void host_free(struct host *host)
{
	hosttree_close(&host->tree);
	bootloader_free(&host->loader);
	problems_free(&host->problems);
}

#define auto_host cleanup_with(host_free)

static void open_host(struct host *host, enum bootloader_kind kind, const char *running)
{
	hosttree_open(&host->tree, true);
	hosttree_text(&host->tree, "proc/cmdline", running);
	host->loader.kind = kind;
	assert_int_equal(fs_names_add(&host->loader.refresh, "update-grub"), 0);
	if (kind == BOOTLOADER_GRUB)
		hosttree_text(&host->tree, "etc/default/grub", "");
}

static void find(struct host *host)
{
	const struct edits none = {.root = &host->tree.root};
	auto_bootcfg struct bootcfg bootcfg = {0};

	problems_free(&host->problems);
	assert_int_equal(bootcfg_read(&none, &host->loader, &bootcfg), 0);
	assert_int_equal(problems_find(&host->tree.root, &host->loader, &bootcfg, PROCESSOR_INTEL,
				       &host->problems),
			 0);
}

/* There is one problem, or with a NAME of NULL none. */
static void assert_found(struct host *host, const char *name, enum problem_severity severity,
			 const char *text)
{
	find(host);
	if (host->problems.n != (name ? 1 : 0))
		fail_msg("%zu problems, the first: %s", host->problems.n,
			 host->problems.n ? host->problems.items[0].what : "");
	if (!name)
		return;
	assert_string_equal(host->problems.items[0].name, name);
	assert_int_equal(host->problems.items[0].severity, severity);
	if (!strstr(host->problems.items[0].what, text))
		fail_msg("%s", host->problems.items[0].what);
}

/* Most of a command line of GRUB's is only in its entries. */
static void test_grub_entries(void **state)
{
	auto_host struct host host = {0};

	(void)state;
	open_host(&host, BOOTLOADER_GRUB, "BOOT_IMAGE=/x root=/dev/sda2 ro rootflags=subvol=@\n");
	hosttree_text(&host.tree, "dev/sda2", "a");
	hosttree_text(&host.tree, "dev/sdb2", "b");
	/* update-grub has not been run: it will write one. */
	assert_found(&host, NULL, 0, NULL);
	hosttree_text(&host.tree, "boot/grub/grub.cfg",
		      "\tlinux /x root=/dev/sda2 ro rootflags=subvol=@\n");
	assert_found(&host, NULL, 0, NULL);
	hosttree_text(&host.tree, "boot/grub/grub.cfg", "\tlinux /x root=/dev/sda2 ro\n");
	assert_found(&host, "boot-word-lost", PROBLEM_WARNING, "lacks rootflags=subvol=@");
	hosttree_text(&host.tree, "boot/grub/grub.cfg", "\tlinux /x ro rootflags=subvol=@\n");
	assert_found(&host, "root-missing", PROBLEM_BOOT, "/boot/grub/grub.cfg: no 'root='");
	hosttree_text(&host.tree, "boot/grub/grub.cfg",
		      "\tlinux /x root=/dev/sdb2 ro rootflags=subvol=@\n");
	assert_found(&host, "root-differs", PROBLEM_BOOT, "root=/dev/sdb2 is another device");
	/* The settings come after what update-grub writes. */
	hosttree_text(&host.tree, "etc/default/grub", "GRUB_CMDLINE_LINUX=root=/dev/sda2\n");
	assert_found(&host, NULL, 0, NULL);
}

/* A root= of the settings overrides update-grub's own: without it, update-grub is no cure. */
static void test_grub_root_of_settings(void **state)
{
	static const char *const entries[] = {
		"\tlinux /x root=ZFS=/ROOT/pve-1 ro root=ZFS=rpool/ROOT/pve-1 boot=zfs\n",
		"\tlinux /x root=ZFS=/ROOT/pve-1 ro boot=zfs\n",
	};
	auto_host struct host host = {0};

	(void)state;
	open_host(&host, BOOTLOADER_GRUB,
		  "BOOT_IMAGE=/x root=ZFS=/ROOT/pve-1 ro root=ZFS=rpool/ROOT/pve-1 boot=zfs\n");
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		hosttree_text(&host.tree, "boot/grub/grub.cfg", entries[i]);
		assert_found(&host, "root-differs", PROBLEM_BOOT,
			     "root=ZFS=/ROOT/pve-1 is another");
		assert_non_null(strstr(host.problems.items[0].cure,
				       "add root=ZFS=rpool/ROOT/pve-1 to GRUB_CMDLINE_LINUX"));
	}
}

/* What an entry has from settings that were changed since is lost at the next update-grub. */
static void test_grub_settings_changed(void **state)
{
	auto_host struct host host = {0};

	(void)state;
	open_host(&host, BOOTLOADER_GRUB, "BOOT_IMAGE=/x root=/dev/sda2 ro resume=/dev/sda3\n");
	hosttree_text(&host.tree, "boot/grub/grub.cfg",
		      "\tlinux /x root=/dev/sda2 ro resume=/dev/sda3\n");
	assert_found(&host, "boot-word-lost", PROBLEM_WARNING, "lacks resume=/dev/sda3");
	hosttree_text(&host.tree, "etc/default/grub", "GRUB_CMDLINE_LINUX=resume=/dev/sda3\n");
	assert_found(&host, NULL, 0, NULL);
	hosttree_text(&host.tree, "etc/default/grub", "GRUB_CMDLINE_LINUX=$(echo x)\n");
	assert_found(&host, "settings-unclear", PROBLEM_NOTE, "the output of a command");
	/* A root= of earlier settings is in the entry after update-grub's own. */
	hosttree_text(&host.tree, "etc/default/grub", "GRUB_CMDLINE_LINUX=resume=/dev/sda3\n");
	hosttree_text(&host.tree, "boot/grub/grub.cfg",
		      "\tlinux /x root=/dev/sda2 ro root=/dev/sdb2\n");
	assert_found(&host, NULL, 0, NULL);
}

static void test_each_esp(void **state)
{
	auto_host struct host host = {0};

	(void)state;
	open_host(&host, BOOTLOADER_GRUB, "BOOT_IMAGE=/x root=/dev/sda2 ro\n");
	assert_int_equal(fs_names_add(&host.loader.esps, "AAAA-1111"), 0);
	assert_int_equal(fs_names_add(&host.loader.esps, "BBBB-2222"), 0);
	hosttree_text(&host.tree, ESP_A, "\tlinux /x root=/dev/sda2 ro\n");
	hosttree_text(&host.tree, ESP_B, "\tlinux /x root=/dev/sda2 ro\n");
	assert_found(&host, NULL, 0, NULL);
	hosttree_text(&host.tree, ESP_B, "\tlinux /x ro\n");
	assert_found(&host, "root-missing", PROBLEM_BOOT, "the ESP BBBB-2222: no 'root='");
}

/* Without the file kernel-install and proxmox-boot-tool take what the running kernel has. */
static void test_no_file(void **state)
{
	auto_host struct host host = {0};

	(void)state;
	open_host(&host, BOOTLOADER_SYSTEMD_BOOT, "initrd=\\x root=/dev/sda2 ro\n");
	assert_found(&host, "kernel-cmdline", PROBLEM_ENABLE, "does not exist");
	hosttree_text(&host.tree, "etc/kernel/cmdline", "ro\n\nroot=/dev/sda2 quiet\n");
	assert_found(&host, NULL, 0, NULL);
	assert_int_equal(fs_names_add(&host.loader.esps, "AAAA-1111"), 0);
	assert_found(&host, "kernel-cmdline", PROBLEM_BOOT, "more than one line");
}

/* A kernel that was started without a root= finds it otherwise, and a tree's /proc may be that of
 * the system around it. */
static void test_nothing_to_compare(void **state)
{
	auto_host struct host without = {0}, image = {0};

	(void)state;
	open_host(&without, BOOTLOADER_SYSTEMD_BOOT, "initrd=\\x ro quiet\n");
	hosttree_text(&without.tree, "etc/kernel/cmdline", "ro quiet\n");
	assert_found(&without, NULL, 0, NULL);
	hosttree_open(&image.tree, false);
	image.loader.kind = BOOTLOADER_GRUB;
	hosttree_text(&image.tree, "proc/cmdline", "root=/dev/sda2 ro\n");
	hosttree_text(&image.tree, "etc/default/grub", "GRUB_CMDLINE_LINUX=root=\n");
	assert_found(&image, NULL, 0, NULL);
}

/* Words in a comment, and words that are in the right file, too. */
static void test_unread(void **state)
{
	auto_host struct host host = {0};

	(void)state;
	open_host(&host, BOOTLOADER_GRUB, "BOOT_IMAGE=/x root=/dev/sda2 ro\n");
	hosttree_text(&host.tree, "etc/kernel/cmdline", "root=/dev/sda2\n# intel_iommu=on\n");
	assert_found(&host, NULL, 0, NULL);
	hosttree_text(&host.tree, "etc/kernel/cmdline", "root=/dev/sda2\n intel_iommu=on\n");
	assert_found(&host, "file-not-read", PROBLEM_WARNING,
		     "/etc/kernel/cmdline:2: intel_iommu=on");
	hosttree_text(&host.tree, "etc/default/grub", "GRUB_CMDLINE_LINUX=intel_iommu=on\n");
	assert_found(&host, "file-not-read", PROBLEM_NOTE, "/etc/kernel/cmdline:2");
	host.loader.kind = BOOTLOADER_SYSTEMD_BOOT;
	hosttree_text(&host.tree, "etc/kernel/cmdline", "root=/dev/sda2\n");
	assert_found(&host, "file-not-read", PROBLEM_WARNING,
		     "/etc/default/grub:1: intel_iommu=on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grub_entries),
		cmocka_unit_test(test_grub_root_of_settings),
		cmocka_unit_test(test_grub_settings_changed),
		cmocka_unit_test(test_each_esp),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_nothing_to_compare),
		cmocka_unit_test(test_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
