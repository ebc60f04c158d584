// SPDX-License-Identifier: GPL-2.0-or-later
/* Which boot loader starts a host; whole hosts are in tests/hosts. */
#include "hosttree.h"

#include "host/setup/loader/bootloader.h"

#define EFIVAR "sys/firmware/efi/efivars/x"

struct finding {
	struct hosttree tree;
	struct bootloader loader;
	char *why;
	int err;
};

static void look(struct finding *finding, const char *override)
{
	finding->err = bootloader_detect(&finding->tree.root, override, &finding->loader,
					 &finding->why);
}

static void finding_free(struct finding *finding)
{
	bootloader_free(&finding->loader);
	free(finding->why);
	hosttree_close(&finding->tree);
}

#define auto_finding cleanup_with(finding_free)

static void open_host(struct finding *finding, bool running, const char *cmdline)
{
	hosttree_open(&finding->tree, running);
	if (cmdline)
		hosttree_text(&finding->tree, "proc/cmdline", cmdline);
}

static void assert_kind(const struct finding *finding, enum bootloader_kind kind)
{
	if (finding->err)
		fail_msg("%s: %s", strerror(-finding->err), finding->why ? finding->why : "");
	assert_int_equal(finding->loader.kind, kind);
	assert_null(finding->why);
}

static void test_cmdline(void **state)
{
	static const struct {
		const char *cmdline;
		enum bootloader_kind kind;
	} hosts[] = {
		{"BOOT_IMAGE=/vmlinuz ro\n", BOOTLOADER_GRUB},
		{"quiet BOOT_IMAGE=/vmlinuz ro\n", BOOTLOADER_GRUB},
		{"initrd=\\EFI\\proxmox\\x ro\n", BOOTLOADER_SYSTEMD_BOOT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		auto_finding struct finding finding = {0};

		open_host(&finding, true, hosts[i].cmdline);
		hosttree_text(&finding.tree, "sys/firmware/efi/x", "");
		hosttree_text(&finding.tree, "efi/EFI/systemd/systemd-bootx64.efi", "");
		look(&finding, NULL);
		assert_kind(&finding, hosts[i].kind);
	}
}

/* What only looks like a loader's mark. */
static void test_cmdline_says_nothing(void **state)
{
	static const char *const cmdlines[] = {"ro\n", "MY_BOOT_IMAGE=x\n",
					       "initrd=/boot/initrd\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cmdlines); i++) {
		auto_finding struct finding finding = {0};

		open_host(&finding, true, cmdlines[i]);
		hosttree_text(&finding.tree, "sys/firmware/efi/x", "");
		hosttree_text(&finding.tree, "etc/default/grub", "");
		hosttree_text(&finding.tree, "boot/grub/grub.cfg", "");
		look(&finding, NULL);
		assert_int_equal(finding.err, -ENOTUNIQ);
		assert_non_null(strstr(finding.why, "is unclear"));
	}
}

static void test_loader_info(void **state)
{
	auto_finding struct finding finding = {0};

	(void)state;
	open_host(&finding, true, "ro\n");
	hosttree_loader(&finding.tree, "systemd-boot 252.30-1~deb12u2");
	look(&finding, NULL);
	assert_kind(&finding, BOOTLOADER_SYSTEMD_BOOT);
	assert_non_null(strstr(finding.loader.evidence, "systemd-boot 252.30-1~deb12u2"));
}

/* efivarfs is not mounted: a boot entry of the firmware has initrd=\, too, and what is set up
 * decides, or nothing does. */
static void test_without_efivars(void **state)
{
	static const char mount[] = "mount -t efivarfs efivarfs /sys/firmware/efi/efivars";
	static const struct {
		const char *cmdline, *file, *other_file;
		bool known;
		enum bootloader_kind kind;
	} hosts[] = {
		{"initrd=\\initrd.img ro\n", NULL, NULL, false, 0},
		{"initrd=\\initrd.img ro\n", "boot/grub/grub.cfg", NULL, false, 0},
		{"initrd=\\initrd.img ro\n", "boot/efi/EFI/systemd/systemd-bootx64.efi", NULL, true,
		 BOOTLOADER_SYSTEMD_BOOT},
		{"initrd=\\initrd.img ro\n", "boot/efi/EFI/systemd/systemd-bootx64.efi",
		 "boot/efi/EFI/refind/refind_x64.efi", false, 0},
		{"initrd=\\initrd.img ro\n", "boot/refind_linux.conf", NULL, false, 0},
		{"initrd=\\EFI\\proxmox\\6.8\\initrd ro\n", "etc/kernel/proxmox-boot-uuids", NULL,
		 true, BOOTLOADER_SYSTEMD_BOOT},
		{"BOOT_IMAGE=/vmlinuz ro\n", "boot/efi/EFI/systemd/systemd-bootx64.efi", NULL, true,
		 BOOTLOADER_GRUB},
		{"root=ZFS=rpool/x ro\n", NULL, NULL, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		auto_finding struct finding finding = {0};

		open_host(&finding, true, hosts[i].cmdline);
		hosttree_text(&finding.tree, EFIVAR, "");
		assert_int_equal(unlinkat(finding.tree.root.fd, EFIVAR, 0), 0);
		if (hosts[i].file)
			hosttree_text(&finding.tree, hosts[i].file, "1234-5678\n");
		if (hosts[i].other_file)
			hosttree_text(&finding.tree, hosts[i].other_file, "");
		look(&finding, NULL);
		if (hosts[i].known) {
			assert_kind(&finding, hosts[i].kind);
			continue;
		}
		assert_int_equal(finding.err, -ENOTUNIQ);
		assert_non_null(strstr(finding.why, mount));
	}
}

/* Files that lie around decide nothing on a host that runs. */
static void test_files_do_not_decide(void **state)
{
	auto_finding struct finding finding = {0};

	(void)state;
	open_host(&finding, true, "initrd=\\EFI\\x ro\n");
	hosttree_text(&finding.tree, "efi/EFI/systemd/systemd-bootx64.efi", "");
	hosttree_text(&finding.tree, "sys/firmware/efi/x", "");
	hosttree_text(&finding.tree, "etc/default/grub", "");
	hosttree_text(&finding.tree, "boot/grub/grub.cfg", "");
	look(&finding, NULL);
	assert_kind(&finding, BOOTLOADER_SYSTEMD_BOOT);
}

static void test_secure_boot(void **state)
{
	auto_finding struct finding finding = {0};

	(void)state;
	open_host(&finding, true, "root=ZFS=rpool\n");
	hosttree_secure_boot(&finding.tree);
	hosttree_text(&finding.tree, "etc/kernel/cmdline", "x\n");
	look(&finding, NULL);
	assert_kind(&finding, BOOTLOADER_GRUB);
}

/* The loaders' own tools decide where nothing else does, and only there. */
static void test_tools(void **state)
{
	static const char uefi[] = "System currently booted with uefi\n"
				   "1111-2222 is configured with: uefi (versions: 6.8.12-4-pve)";
	auto_finding struct finding bootctl = {0}, proxmox = {0}, clear = {0}, odds = {0},
				    secure = {0};

	(void)state;
	setenv("FAKE_BOOTCTL", "systemd-boot 252.30", 1);
	open_host(&bootctl, true, "ro\n");
	hosttree_text(&bootctl.tree, "sys/firmware/efi/x", "");
	look(&bootctl, NULL);
	assert_kind(&bootctl, BOOTLOADER_SYSTEMD_BOOT);
	assert_non_null(strstr(bootctl.loader.evidence,
			       "`bootctl status` says \"Product: systemd-boot 252.30\""));
	open_host(&clear, true, "BOOT_IMAGE=x ro\n");
	look(&clear, NULL);
	assert_kind(&clear, BOOTLOADER_GRUB);
	unsetenv("FAKE_BOOTCTL");

	setenv("FAKE_STATUS", uefi, 1);
	open_host(&proxmox, true, "ro\n");
	hosttree_text(&proxmox.tree, "sys/firmware/efi/x", "");
	look(&proxmox, NULL);
	assert_kind(&proxmox, BOOTLOADER_SYSTEMD_BOOT);
	/* They do not decide when the others contradict each other, but are reported. */
	open_host(&odds, true, "BOOT_IMAGE=x initrd=\\x\n");
	look(&odds, NULL);
	assert_int_equal(odds.err, -ENOTUNIQ);
	assert_non_null(strstr(odds.why, "`proxmox-boot-tool status` says \"1111-2222 is"));
	open_host(&secure, true, "ro\n");
	hosttree_secure_boot(&secure.tree);
	look(&secure, NULL);
	assert_int_equal(secure.err, -ENOTUNIQ);
	unsetenv("FAKE_STATUS");
}

/* A chroot that was given the /proc and /sys of the rescue system around it. */
static void test_image_with_foreign_proc(void **state)
{
	auto_finding struct finding finding = {0};

	(void)state;
	setenv("FAKE_BOOTCTL", "systemd-boot 252.30", 1);
	open_host(&finding, false, "initrd=\\rescue ro\n");
	hosttree_loader(&finding.tree, "systemd-boot 252.30");
	hosttree_text(&finding.tree, "boot/grub/grub.cfg", "");
	look(&finding, NULL);
	unsetenv("FAKE_BOOTCTL");
	assert_kind(&finding, BOOTLOADER_GRUB);
}

static void test_refresh(void **state)
{
	auto_finding struct finding grub = {0}, tool = {0}, plain = {0};

	(void)state;
	open_host(&grub, true, "BOOT_IMAGE=x\n");
	hosttree_text(&grub.tree, "etc/kernel/proxmox-boot-uuids", "# none\n\n");
	look(&grub, NULL);
	assert_int_equal(grub.loader.refresh.n, 1);
	assert_string_equal(grub.loader.refresh.items[0], "update-grub");
	open_host(&tool, true, "BOOT_IMAGE=x\n");
	hosttree_text(&tool.tree, "etc/kernel/proxmox-boot-uuids", "1234-ABCD\n");
	look(&tool, NULL);
	assert_int_equal(tool.loader.esps.n, 1);
	assert_string_equal(tool.loader.refresh.items[0], "proxmox-boot-tool refresh");
	open_host(&plain, true, "initrd=\\x\n");
	hosttree_text(&plain.tree, "lib/modules/6.1/x", "");
	hosttree_text(&plain.tree, "lib/modules/6.2/x", "");
	hosttree_text(&plain.tree, "lib/modules/6.3/x", "");
	hosttree_text(&plain.tree, "boot/vmlinuz-6.1", "");
	hosttree_text(&plain.tree, "boot/vmlinuz-6.3", "");
	look(&plain, NULL);
	assert_int_equal(plain.loader.refresh.n, 2);
	assert_string_equal(plain.loader.refresh.items[1],
			    "kernel-install add 6.3 /boot/vmlinuz-6.3");
}

static void test_override(void **state)
{
	auto_finding struct finding finding = {0}, wrong = {0};

	(void)state;
	open_host(&finding, true, "BOOT_IMAGE=x\n");
	look(&finding, "systemd-boot");
	assert_kind(&finding, BOOTLOADER_SYSTEMD_BOOT);
	open_host(&wrong, true, "BOOT_IMAGE=x\n");
	look(&wrong, "GRUB");
	assert_int_equal(wrong.err, -EINVAL);
	assert_non_null(
		strstr(wrong.why, "--bootloader: must be grub or systemd-boot, got 'GRUB'"));
}

static void test_image(void **state)
{
	auto_finding struct finding grub = {0}, other = {0}, both = {0}, none = {0};

	(void)state;
	open_host(&grub, false, NULL);
	hosttree_text(&grub.tree, "etc/default/grub", "");
	look(&grub, NULL);
	assert_kind(&grub, BOOTLOADER_GRUB);
	open_host(&other, false, NULL);
	hosttree_text(&other.tree, "etc/default/grub", "");
	hosttree_text(&other.tree, "etc/kernel/cmdline", "x\n");
	look(&other, NULL);
	assert_kind(&other, BOOTLOADER_SYSTEMD_BOOT);
	open_host(&both, false, NULL);
	hosttree_text(&both.tree, "boot/grub/grub.cfg", "");
	hosttree_text(&both.tree, "etc/kernel/cmdline", "x\n");
	look(&both, NULL);
	assert_int_equal(both.err, -ENOTUNIQ);
	assert_non_null(strstr(both.why, "for GRUB: /boot/grub/grub.cfg is there"));
	open_host(&none, false, NULL);
	look(&none, NULL);
	assert_int_equal(none.err, -ENOTUNIQ);
}

/* Loaders that are not edited; hosts with more of them are in tests/hosts. */
static void test_other(void **state)
{
	static const char vendor[] = "-8be4df61-93ca-11d2-aa0d-00e098032b8c";
	auto_finding struct finding limine = {0}, kexec = {0}, unreadable = {0}, by_grub = {0};
	auto_free char *variable = fs_path("sys/firmware/efi/efivars/BootCurrent%s", vendor);
	auto_free char *cure = NULL;

	(void)state;
	open_host(&limine, true, "root=/dev/sda1 ro\n");
	hosttree_loader(&limine.tree, "Limine 7.0");
	hosttree_text(&limine.tree, "etc/kernel/proxmox-boot-uuids", "1234-ABCD\n");
	look(&limine, NULL);
	assert_kind(&limine, BOOTLOADER_OTHER);
	assert_string_equal(bootloader_title(&limine.loader), "Limine 7.0");
	assert_int_equal(limine.loader.refresh.n + limine.loader.esps.n, 0);
	cure = otherloader_cure(&limine.loader.other, "iommu=pt");
	assert_non_null(strstr(cure, "limine.conf"));
	/* systemd-boot started ZFSBootMenu, which started the kernel. */
	open_host(&kexec, true, "root=ZFS=zroot/ROOT/pve ro\n");
	hosttree_loader(&kexec.tree, "systemd-boot 254.5");
	look(&kexec, NULL);
	assert_kind(&kexec, BOOTLOADER_OTHER);
	assert_string_equal(bootloader_title(&kexec.loader), "ZFSBootMenu");
	/* A variable that cannot be read is not one that is not there. */
	open_host(&unreadable, true, "initrd=\\x ro\n");
	hosttree_text(&unreadable.tree, variable, "");
	hosttree_text(&unreadable.tree,
		      "sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f/x",
		      "");
	look(&unreadable, NULL);
	assert_kind(&unreadable, BOOTLOADER_SYSTEMD_BOOT);
	/* rEFInd may have started GRUB: that is unclear. */
	open_host(&by_grub, true, "BOOT_IMAGE=x root=/dev/sda1\n");
	hosttree_loader(&by_grub.tree, "rEFInd 0.14.0");
	look(&by_grub, NULL);
	assert_int_equal(by_grub.err, -ENOTUNIQ);
}

/* A list that cannot be read is not an empty one. */
static void test_unreadable_esps(void **state)
{
	auto_finding struct finding finding = {0};

	(void)state;
	open_host(&finding, true, "BOOT_IMAGE=x\n");
	hosttree_text(&finding.tree, "etc/kernel/proxmox-boot-uuids/x", "");
	look(&finding, NULL);
	assert_int_equal(finding.err, -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unreadable_esps),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_cmdline_says_nothing),
		cmocka_unit_test(test_loader_info),
		cmocka_unit_test(test_without_efivars),
		cmocka_unit_test(test_files_do_not_decide),
		cmocka_unit_test(test_secure_boot),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_other),
		cmocka_unit_test(test_tools),
		cmocka_unit_test(test_image_with_foreign_proc),
	};

	/* Not this machine's own tools. */
	setenv("PATH", TESTS_DIR "/fakes:/usr/bin:/bin", 1);
	unsetenv("FAKE_BOOTCTL");
	unsetenv("FAKE_STATUS");

	return cmocka_run_group_tests(tests, NULL, NULL);
}
