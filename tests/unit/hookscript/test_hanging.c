// SPDX-License-Identifier: GPL-2.0-or-later
/* No command of pve-passthrough waits for a file that never answers. */
int program_main(int argc, char **argv);

#define LOCALEDIR "/nonexistent"
#define LOCALES	  ""
#define main	  program_main
#include "hookscript/main.c" /* NOLINT(bugprone-suspicious-include) */
#undef main

#include "hanging.h"
#include "scenario.h"

#define SETTINGS_FILE "etc/pve/pve-passthrough.conf"
#define CONFIG_FILE   "etc/pve/qemu-server/100.conf"
#define RECORD_FILE   "run/pve-passthrough/records/" DISK
#define IDS_FILE      "sys/bus/pci/devices/" DISK "/modalias"

static void test_commands(void **state)
{
	static const struct hanging rows[] = {
		{"100 pre-start", SETTINGS_FILE}, {"100 post-start", SETTINGS_FILE},
		{"100 post-stop", SETTINGS_FILE}, {"plan 100", SETTINGS_FILE},
		{"plan 100", CONFIG_FILE},	  {"plan 100", IDS_FILE},
		{"status", RECORD_FILE},	  {"restore 100", SETTINGS_FILE},
		{"restore 100", RECORD_FILE},	  {"restore --all", RECORD_FILE},
		{"config 100", SETTINGS_FILE},	  {"config 100", CONFIG_FILE},
		{"settings 100", SETTINGS_FILE},  {"accept 100", SETTINGS_FILE},
		{"accept 100", IDS_FILE},	  {"log 100", SETTINGS_FILE},
		{"vm 100", SETTINGS_FILE},	  {"vm 100", CONFIG_FILE},
		{"vm 100 --add", CONFIG_FILE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_hangs(*state, program_main, NAME, &rows[i]);
		assert_int_equal(fake_kernel_writes(), 0);
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
