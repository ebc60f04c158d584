// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *value;
	int q35; /* -1: Proxmox VE drops the line */
} types[] = {
	{"pc", 0},
	{"q35", 1},
	{"pc-q35-9.2", 1},
	{"pc-q35-9.2+pve1", 1},
	{"pc-q35-9.2+pve1.pxe", 1},
	{"pc-q35-9.2.pxe", 1},
	{"pc-q35-10.0.1.2.3", 1},
	{"pc-i440fx-9.2+pve0", 0},
	{"pc-9.2", 0},
	{"pc-0.10.pxe", 0},
	{"virt", 0},
	{"virt+pve1", 0},
	{"virt-9.2", 0},
	{"virt-9.2+pve1", 0},
	{"type=q35", 1},
	{"viommu=intel,q35", 1},
	{",,q35, ,", 1},
	{"type=0,q35", 1},
	{"viommu=virtio", 0},
	{"viommu=intel,aw-bits=4.8e1,enable-s4=OFF,enable-s3=1,pc-q35-9.2", 1},
	{"", 0},
	{"\t", 0},
	{" ", 0},
	{"q35+pve1", -1},
	{"q35.pxe", -1},
	{"pc+pve1", -1},
	{"pc-q35", -1},
	{"pc-q35-", -1},
	{"pc-q35-9", -1},
	{"pc-q35-9.", -1},
	{"pc-q35-9..2", -1},
	{"pc-q35-9.2+pve", -1},
	{"pc-q35-9.2+pve1+pve2", -1},
	{"pc-q35-9.2.pxe+pve1", -1},
	{"pc-q35-9.2.PXE", -1},
	{"pc-q35-9.2.pxe.pxe", -1},
	{"virt-9", -1},
	{"virt-", -1},
	{"virt.pxe", -1},
	{"virt-9.2.pxe", -1},
	{"virt-q35", -1},
	{"microvm", -1},
	{"Q35", -1},
	{" q35", -1},
	{"type=0", -1},
	{"0", -1},
	{"00,q35", -1},
	{"q35,q35", -1},
	{"q35,type=q35", -1},
	{"q35,viommu=amd", -1},
	{"q35,viommu", -1},
	{"q35,enable-s3", -1},
	{"q35,hpet=1", -1},
	{"q35,aw-bits=31", -1},
	{"q35,aw-bits=65", -1},
	{"q35,aw-bits=0x30", -1},
	/* At most 40 characters. */
	{"pc-q35-1.2345678901234567890123456789012", 1},
	{"pc-q35-1.23456789012345678901234567890123", -1},
};

static void test_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		const char *value = types[i].value;
		char *why = NULL;
		int r = machine_check(text_of(value), &why);

		if (r != (types[i].q35 < 0 ? -EINVAL : 0))
			print_error("machine: %s\n", value);
		assert_int_equal(r, types[i].q35 < 0 ? -EINVAL : 0);
		assert_int_equal(machine_is_q35(value, strlen(value)), types[i].q35 > 0);
		assert_int_equal(!why, r == 0);
		free(why);
	}
}

static void test_nul(void **state)
{
	char *why = NULL;

	(void)state;
	assert_int_equal(machine_check((struct text){"q35\0", 4}, &why), -EINVAL);
	assert_non_null(strstr(why, "'q35\\x00'"));
	assert_false(machine_is_q35("q35\0", 4));
	free(why);
}

static void test_reasons(void **state)
{
	static const struct {
		const char *value, *why;
	} rows[] = {
		{"Q35",
		 "'type' must be like q35, pc-q35-9.2, pc, pc-i440fx-9.2 or virt, not 'Q35'"},
		{"q35,viommu=amd", "'viommu' must be intel|virtio, not 'amd'"},
		{"q35,foo=1", "unknown option 'foo'"},
		{"q35,enable-s3", "'type' is given already, and there is no '=' in 'enable-s3'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *why = NULL;

		assert_int_equal(machine_check(text_of(rows[i].value), &why), -EINVAL);
		assert_string_equal(why, rows[i].why);
		free(why);
	}
}

static void test_as_q35(void **state)
{
	static const struct {
		const char *value, *q35;
	} rows[] = {
		{"pc", "q35"},
		{"", "q35"},
		{"pc-i440fx-9.2+pve1,viommu=virtio", "q35,viommu=virtio"},
		{"enable-s4=0,,pc,aw-bits=39,enable-s3=yes",
		 "q35,aw-bits=39,enable-s3=1,enable-s4=0"},
		{"viommu=virtio", "q35,viommu=virtio"},
		{"microvm", "q35"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *q35 = machine_value_as_q35(rows[i].value, strlen(rows[i].value));

		assert_non_null(q35);
		assert_string_equal(q35, rows[i].q35);
		assert_true(machine_is_q35(q35, strlen(q35)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_as_q35),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
