// SPDX-License-Identifier: GPL-2.0-or-later
/* Which entry of GRUB's menu starts the host without the words. */
#include "host/setup/loader/grubmenu.h"

#include "tree.h"

#define NORMAL                                                            \
	"### BEGIN /etc/grub.d/00_header ###\n"                           \
	"function savedefault {\n  if [ -z \"${b}\" ]; then\n  fi\n}\n"   \
	"### END /etc/grub.d/00_header ###\n"                             \
	"### BEGIN /etc/grub.d/10_linux ###\n"                            \
	"menuentry 'Proxmox VE GNU/Linux' --class pve $id 'gnulinux' {\n" \
	"\tlinux\t/boot/vmlinuz-6.8 root=/dev/a ro quiet iommu=pt\n}\n"   \
	"submenu 'Advanced options' $menuentry_id_option 'advanced' {\n"  \
	"\tmenuentry 'Linux 6.8' {\n\t\tlinux /vmlinuz ro iommu=pt\n\t}\n"
#define RECOVERY "\tmenuentry \"Linux 6.8 (recovery mode)\" {\n\t\tlinux /vmlinuz ro single\n\t}\n"
#define REST                                                                             \
	"}\n### END /etc/grub.d/10_linux ###\n"                                          \
	"### BEGIN /etc/grub.d/20_memtest86+ ###\n"                                      \
	"menuentry 'Memory test' {\n\tlinux /memtest.bin\n}\n"                           \
	"### END /etc/grub.d/20_memtest86+ ###\n"                                        \
	"### BEGIN /etc/grub.d/30_uefi-firmware ###\nmenuentry 'UEFI' {\n\tfwsetup\n}\n" \
	"### END /etc/grub.d/30_uefi-firmware ###\n"

static void test_without(void **state)
{
	static const struct {
		const char *text, *title;
	} rows[] = {
		{"", NULL},
		{"}\n}\n", NULL},
		{NORMAL REST, NULL},
		{NORMAL RECOVERY REST, "Advanced options > Linux 6.8 (recovery mode)"},
		{NORMAL "}\nmenuentry 'Old' {\nlinux /vmlinuz-5.15 ro\n}\n", "Old"},
		{"menuentry Bare{\n linuxefi /v ro\n}", "Bare"},
		{"menuentry 'A' {\nlinux /v iommu=pt,strict\n}\n", NULL},
		{"linux /v ro\n", NULL},
		{"menuentry 'unclosed\n linux /v ro", "unclosed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *words[] = {(char *)"iommu=pt", (char *)"intel_iommu=on"};
		const struct fs_names names = {words, 2};
		auto_free char *title = NULL;

		assert_int_equal(grubmenu_without(rows[i].text, &names, &title), 0);
		if (!title != !rows[i].title || (title && strcmp(title, rows[i].title)))
			fail_msg("row %zu: %s", i, title ? title : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
