// SPDX-License-Identifier: GPL-2.0-or-later
/* No command of host-setup waits for a file that never answers. */
int program_main(int argc, char **argv);

#define LOCALEDIR "/nonexistent"
#define LOCALES	  ""
#define main	  program_main
#include "host/setup/main.c" /* NOLINT(bugprone-suspicious-include) */
#undef main

#include "hanging.h"
#include "scenario.h"

#define CONFIG_FILE "etc/pve/qemu-server/100.conf"
#define GRUB_FILE   "etc/default/grub"
#define IDS_FILE    "sys/bus/pci/devices/" DISK "/modalias"

static void test_commands(void **state)
{
	static const struct hanging rows[] = {
		{"", "proc/cmdline"},
		{"check", "proc/cmdline"},
		{"check --json", CONFIG_FILE},
		{"check --bootloader grub", GRUB_FILE},
		{"groups", CONFIG_FILE},
		{"groups", IDS_FILE},
		{"enable --dry-run --bootloader grub --processor intel", GRUB_FILE},
		{"disable --dry-run", CONFIG_FILE},
		{"sriov", CONFIG_FILE},
		{"sriov --json", IDS_FILE},
		{"sriov " DISK " 1 --dry-run", SRIOV_CONF_PATH},
		{"sriov --boot", SRIOV_CONF_PATH},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_hangs(*state, program_main, NAME, &rows[i]);
		assert_int_equal(fake_kernel_teardown(state), 0);
		assert_int_equal(scenario_setup(state), 0);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scenario_setup, fake_kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_commands)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
