// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of a kernel that has just been installed. */
#include "hostcase.h"

#include <stdio.h>

#include "host/setup/check/newkernel.h"

#define NEW	"6.8.12-10-pve"
#define MODULES "lib/modules/" NEW "/modules.dep"
#define ALL                                                                                    \
	"kernel/drivers/vfio/vfio.ko: kernel/x.ko\nkernel/drivers/vfio/pci/vfio-pci.ko.zst:\n" \
	"kernel/drivers/vfio/vfio_iommu_type1.ko.xz:\n"
#define ENTRY(kernel, words) \
	"menuentry 'K' {\n\tlinux /boot/vmlinuz-" kernel " root=/dev/sda1 ro " words "\n}\n"
#define OLD ENTRY("6.8.12-1-pve", "intel_iommu=on iommu=pt")

static int call(const struct fs_root *root, const void *unused)
{
	(void)unused;
	return newkernel_check(root, NULL, NEW);
}

static void says(const struct hosttree *tree, int code, const char *text)
{
	auto_run struct hosttree_run run = hosttree_run(tree, call, NULL);

	hosttree_assert_code(&run, code);
	hosttree_assert_says(&run, text);
	if (!*text)
		assert_string_equal(run.output, "");
}

static void build(struct hosttree *tree, const char *name, bool enable)
{
	auto_hostcase struct hostcase host = {0};
	auto_run struct hosttree_run run = {0};

	hostcase_read(name, &host);
	hostcase_build(tree, &host);
	if (enable)
		run = hostcase_enable(tree, &host);
	hosttree_assert_code(&run, 0);
}

static void test_not_set_up(void **state)
{
	auto_hosttree struct hosttree tree = {0};

	(void)state;
	build(&tree, "grub-intel", false);
	says(&tree, 0, "");
}

static void test_grub(void **state)
{
	auto_hosttree struct hosttree tree = {0};

	(void)state;
	build(&tree, "grub-intel", true);
	says(&tree, ENABLE_REFUSED,
	     "it has no module vfio, it has no module vfio_iommu_type1, it has no module vfio_pci, "
	     "/boot/grub/grub.cfg has no entry for it, /boot/initrd.img-" NEW " is not there");
	says(&tree, ENABLE_REFUSED, "boot entries: update-initramfs -u -k " NEW ", then");
	hosttree_text(&tree, "usr/bin/dracut", "");
	says(&tree, ENABLE_REFUSED, "boot entries: dracut --force --kver " NEW ", then");
	hosttree_text(&tree, MODULES, ALL);
	hosttree_text(&tree, "boot/initrd.img-" NEW, "");
	hosttree_text(&tree, "boot/grub/grub.cfg",
		      OLD ENTRY(NEW, "intel_iommu=on iommu=pt") ENTRY(NEW, "iommu=pt"));
	says(&tree, ENABLE_REFUSED, "its entry in /boot/grub/grub.cfg lacks intel_iommu=on; ");
	hosttree_text(&tree, "boot/grub/grub.cfg", OLD ENTRY(NEW, "intel_iommu=on iommu=pt"));
	says(&tree, 0, "");
	hosttree_text(&tree, "boot/grub/grub.cfg", OLD ENTRY("6.8.12-100-pve", "") OLD);
	says(&tree, ENABLE_REFUSED, "has no entry for it");
}

static void test_builtin(void **state)
{
	auto_hosttree struct hosttree tree = {0};

	(void)state;
	build(&tree, "grub-intel", true);
	hosttree_text(&tree, "lib/modules/" NEW "/modules.builtin",
		      "kernel/drivers/vfio/vfio.ko\n");
	says(&tree, ENABLE_REFUSED,
	     "passthrough: it has no module vfio_iommu_type1, it has no module vfio_pci, ");
}

static void test_systemd_boot(void **state)
{
	static const char *const esps[] = {"1111-2222", "3333-4444"};
	auto_hosttree struct hosttree tree = {0};

	(void)state;
	build(&tree, "sdboot-zfs", true);
	hosttree_text(&tree, MODULES, ALL);
	hosttree_text(&tree, "boot/initrd.img-" NEW, "");
	says(&tree, ENABLE_REFUSED, "the ESP 1111-2222 has no entry for it");
	for (size_t i = 0; i < ARRAY_SIZE(esps); i++) {
		auto_free char *path = fs_path("var/tmp/espmounts/%s/loader/entries/new.conf",
					       esps[i]);

		hosttree_text(&tree, path,
			      "title Proxmox\noptions root=ZFS=rpool/ROOT/pve-1 iommu=pt "
			      "intel_iommu=on\nlinux /EFI/proxmox/" NEW "/vmlinuz-" NEW "\n");
	}
	says(&tree, 0, "");
	hosttree_text(&tree, "var/tmp/espmounts/3333-4444/loader/entries/new.conf",
		      "linux /abc/" NEW "/linux\noptions root=/dev/sda1 iommu=pt\n");
	says(&tree, ENABLE_REFUSED, "its entry in the ESP 3333-4444 lacks intel_iommu=on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_set_up),
		cmocka_unit_test(test_grub),
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_systemd_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
