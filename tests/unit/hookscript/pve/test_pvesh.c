// SPDX-License-Identifier: GPL-2.0-or-later
/* What is understood of pvesh's answers, good and odd ones. */
#include "hookscript/pve/pvesh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_mapping(void **state)
{
	static const char json[] =
		"[{\"id\":\"nic\",\"digest\":\"d1\",\"map\":[\"node=a\"],\"mdev\":\"1\"},"
		"{\"id\":\"gpu\",\"digest\":\"d1\",\"description\":\"x\",\"type\":\"pci\",\"map\":"
		"[\"node=a,path=0000:01:00.0,id=10de:2204\",\"node=b,description=\\u00f6\\\"\"],"
		"\"checks\":[{\"severity\":\"warning\",\"message\":\"no\"},{\"severity\":"
		"\"error\",\"message\":\"Invalid configuration: x\\n\"},{\"severity\":\"error\"}]}]\n";
	auto_pvesh_mapping struct pvesh_mapping gpu = {0}, nic = {0}, none = {0};

	(void)state;
	assert_int_equal(pvesh_parse_mapping(json, "gpu", &gpu), 0);
	assert_true(gpu.exists && !gpu.mdev);
	assert_string_equal(gpu.digest, "d1");
	assert_int_equal(gpu.n_lines, 2);
	assert_string_equal(gpu.lines[1], "node=b,description=\xc3\xb6\"");
	assert_string_equal(gpu.errors, "Invalid configuration: x; ?");
	assert_int_equal(pvesh_parse_mapping(json, "nic", &nic), 0);
	assert_true(nic.exists && nic.mdev && !nic.errors);
	assert_int_equal(pvesh_parse_mapping(json, "other", &none), 0);
	assert_true(!none.exists && !none.n_lines);
	assert_string_equal(none.digest, "d1");
}

static void test_devices(void **state)
{
	static const char json[] =
		"[{\"id\":\"0000:03:00.0\",\"vendor\":\"0x8086\",\"device\":\"0x10fb\",\"class\":"
		"\"0x020000\",\"subsystem_vendor\":\"0x8086\",\"subsystem_device\":\"0x000c\","
		"\"iommugroup\":25,\"device_name\":\"82599ES\"},"
		"{\"id\":\"10000:e1:00.0\",\"vendor\":\"0x8086\",\"device\":\"0x0b60\",\"class\":"
		"\"0x010802\",\"iommugroup\":\"-1\",\"mdev\":1}]";
	auto_pvesh_devices struct pvesh_devices list = {0};

	(void)state;
	assert_int_equal(pvesh_parse_devices(json, &list), 0);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.items[0].identity.device, 0x10fb);
	assert_int_equal(list.items[0].identity.subdevice, 0xc);
	assert_int_equal(list.items[0].group, 25);
	assert_true(list.items[0].has_subsystem && !list.items[0].mdev);
	assert_int_equal(list.items[1].bdf.domain, 0x10000);
	assert_int_equal(list.items[1].group, -1);
	assert_true(!list.items[1].has_subsystem && list.items[1].mdev);
}

static void test_odd(void **state)
{
	static const char *const mappings[] = {
		"[{\"id\":\"gpu\"}]",
		"[{\"id\":\"gpu\",\"map\":{}}]",
		"[{\"id\":\"gpu\",\"map\":null}]",
		"",
		"{}",
		"null",
		"[",
		"no",
		"[{\"id\":\"gpu\",\"map\":[1]}]",
		"[{\"id\":\"gpu\",\"map\":[\"node=a\\u0000b\"]}]",
	};
	static const char *const devices[] = {
		"",
		"{}",
		"[1]",
		"[{}]",
		"[{\"id\":\"x\",\"vendor\":\"0x8086\",\"device\":\"0x1\"}]",
		"[{\"id\":\"0000:01:00.0\",\"vendor\":\"8086\",\"device\":\"0x1521\"}]",
		"[{\"id\":\"0000:01:00.0\",\"vendor\":\"0x80866\",\"device\":\"0x1521\"}]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mappings); i++) {
		struct pvesh_mapping mapping;

		assert_int_equal(pvesh_parse_mapping(mappings[i], "gpu", &mapping), -EBADMSG);
	}
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		struct pvesh_devices list;

		assert_int_equal(pvesh_parse_devices(devices[i], &list), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
