// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "host/setup/loader/boottools.h"

#define BIOS "System currently booted with legacy bios\n"
#define EFI  "System currently booted with uefi\n"
#define UEFI "0AD8-6A1C is configured with: uefi (versions: 6.8.12-4-pve, 6.8.4-2-pve)\n"
#define GRUB "0AD8-6A1C is configured with: grub (versions: 6.8.12-18-pve)\n"
#define BOTH \
	"0AD8-6A1C is configured with: uefi (versions: 6.8.12-4-pve), grub (versions: 6.8.12-4-pve)\n"

typedef int parser(const char *text, struct boottools_answer *ret);

static void assert_answer(parser *parse, const char *text, bool grub, bool systemd_boot,
			  const char *line)
{
	auto_boottools struct boottools_answer answer = {0};

	assert_int_equal(parse(text, &answer), 0);
	if (answer.grub != grub || answer.systemd_boot != systemd_boot || !answer.line != !line)
		fail_msg("GRUB %d, systemd-boot %d, \"%s\" by:\n%s", answer.grub,
			 answer.systemd_boot, answer.line ? answer.line : "", text);
	if (line)
		assert_string_equal(answer.line, line);
}

static void test_proxmox(void **state)
{
	(void)state;
	assert_answer(boottools_parse_proxmox, EFI UEFI, false, true,
		      "0AD8-6A1C is configured with: uefi (versions: 6.8.12-4-pve, 6.8.4-2-pve)");
	assert_answer(boottools_parse_proxmox, EFI GRUB, true, false,
		      "0AD8-6A1C is configured with: grub (versions: 6.8.12-18-pve)");
	assert_answer(boottools_parse_proxmox, BIOS GRUB GRUB, true, false,
		      "System currently booted with legacy bios");
	/* Both are on the ESPs: a legacy BIOS starts only one of them, EFI either. */
	assert_answer(boottools_parse_proxmox, BIOS BOTH, true, false,
		      "System currently booted with legacy bios");
	assert_answer(boottools_parse_proxmox, EFI BOTH, true, true,
		      "0AD8-6A1C is configured with: uefi (versions: 6.8.12-4-pve), "
		      "grub (versions: 6.8.12-4-pve)");
	assert_answer(boottools_parse_proxmox, EFI GRUB UEFI, true, true,
		      "0AD8-6A1C is configured with: grub (versions: 6.8.12-18-pve)");
	assert_answer(boottools_parse_proxmox, "", false, false, NULL);
	assert_answer(boottools_parse_proxmox, EFI "E: /etc/kernel/proxmox-boot-uuids is empty\n",
		      false, false, NULL);
}

static void test_bootctl(void **state)
{
	(void)state;
	assert_answer(boottools_parse_bootctl,
		      "System:\n     Firmware: UEFI 2.70\n\nCurrent Boot Loader:\n"
		      "      Product: systemd-boot 252.30-1~deb12u2\n",
		      false, true, "Product: systemd-boot 252.30-1~deb12u2");
	assert_answer(boottools_parse_bootctl, "Current Boot Loader:\n  Product: GRUB 2.12\n", true,
		      false, "Product: GRUB 2.12");
	assert_answer(boottools_parse_bootctl, "Current Boot Loader:\n  Product: n/a\n", false,
		      false, NULL);
	/* A product in another section. */
	assert_answer(boottools_parse_bootctl,
		      "Current Boot Loader:\n  ESP: n/a\n\nCurrent Stub:\n"
		      "  Product: systemd-boot 252\n",
		      false, false, NULL);
	assert_answer(boottools_parse_bootctl, "Not booted with EFI\n", false, false, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proxmox),
		cmocka_unit_test(test_bootctl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
