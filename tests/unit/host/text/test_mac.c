// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/text/mac.h"

#include "tree.h"

static void test_text(void **state)
{
	static const char *const bad[] = {"",
					  "52:54:00:0a:bc:d",
					  "52:54:00:0a:bc:de:",
					  "52-54-00-0a-bc-de",
					  "52:54:00:0a:bc:0x",
					  " 2:54:00:0a:bc:de",
					  "52:54:00:0a:bc:-1"};
	char text[MAC_TEXT_SIZE];
	uint8_t mac[MAC_SIZE];

	(void)state;
	assert_true(mac_parse("52:54:00:0A:bC:de", mac));
	assert_memory_equal(mac, "\x52\x54\x00\x0a\xbc\xde", MAC_SIZE);
	assert_string_equal(mac_format(mac, text), "52:54:00:0a:bc:de");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(mac_parse(bad[i], mac));
	assert_memory_equal(mac, "\x52\x54\x00\x0a\xbc\xde", MAC_SIZE);
}

/* The test vectors of FNV's authors. */
static void test_hash(void **state)
{
	(void)state;
	assert_true(mac_fnv1a("") == UINT64_C(0xcbf29ce484222325));
	assert_true(mac_fnv1a("a") == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(mac_fnv1a("b") == UINT64_C(0xaf63df4c8601f1a5));
	assert_true(mac_fnv1a("foobar") == UINT64_C(0x85944171f73967e8));
	assert_true(mac_fnv1a("chongo was here!\n") == UINT64_C(0x46810940eff5f915));
}

static void assert_derived(const char *name, const char *expected)
{
	char text[MAC_TEXT_SIZE];
	uint8_t mac[MAC_SIZE];

	mac_derive(name, mac);
	assert_string_equal(mac_format(mac, text), expected);
}

/* What a guest has once must stay: these may never change. */
static void test_derive(void **state)
{
	(void)state;
	/* 0x85944171f73967e8: 0x4171f73967e8 ^ 0x8594, and 10 in the first byte. */
	assert_derived("foobar", "42:71:f7:39:e2:7c");
	assert_derived("hostpci0 6a1e5f0c-3c1f-4a53-9d6e-0f2b7c1d8e90", "76:21:4c:2c:7f:9b");
	assert_derived("hostpci1 6a1e5f0c-3c1f-4a53-9d6e-0f2b7c1d8e90", "06:db:5a:c4:39:38");
	assert_derived("hostpci0 lab 100", "be:7e:18:a8:32:a6");
}

/* Entries of one VM, and one entry of many VMs. */
static void test_no_two_alike(void **state)
{
	static uint64_t all[16 * 64];
	size_t n = 0;

	(void)state;
	for (unsigned int vm = 0; vm < 64; vm++)
		for (unsigned int e = 0; e < 16; e++) {
			auto_free char *name = fs_path("hostpci%u lab %u", e, 100 + vm);
			uint8_t mac[MAC_SIZE];
			uint64_t value = 0;

			mac_derive(name, mac);
			assert_int_equal(mac[0] & 3, 2);
			for (size_t i = 0; i < MAC_SIZE; i++)
				value = value << 8 | mac[i];
			for (size_t i = 0; i < n; i++)
				assert_true(all[i] != value);
			all[n++] = value;
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_derive),
		cmocka_unit_test(test_no_two_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
