// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/hostpci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct hostpci *parse(const char *value)
{
	struct hostpci *entry = NULL;
	char *why = NULL;

	if (hostpci_parse(value, strlen(value), &entry, &why) < 0)
		print_error("%s: %s\n", value, why);
	assert_non_null(entry);
	assert_null(why);
	return entry;
}

static void test_everything(void **state)
{
	static const char value[] =
		"0000:01:00.0;02:00,pcie=1,x-vga=On,rombar=off,legacy-igd=0,romfile=my rom=1.bin,"
		"mdev=nvidia-63,driver=keep,vendor-id=0x10DE,device-id=0x1b80,"
		"sub-vendor-id=0x1043,sub-device-id=0x85aa";
	struct hostpci *entry = parse(value);

	(void)state;
	assert_string_equal(entry->value, value);
	assert_int_equal(entry->value_len, strlen(value));
	assert_int_equal(entry->n_hosts, 2);
	assert_false(bdf_compare(&entry->hosts[0].bdf, &(struct bdf){0, 1, 0, 0}));
	assert_false(entry->hosts[0].all_functions);
	assert_false(bdf_compare(&entry->hosts[1].bdf, &(struct bdf){0, 2, 0, 0}));
	assert_true(entry->hosts[1].all_functions);
	assert_null(entry->mapping);
	assert_string_equal(entry->mdev, "nvidia-63");
	assert_string_equal(entry->driver, "keep");
	assert_int_equal(entry->pcie, 1);
	assert_int_equal(entry->legacy_igd, 0);
	assert_int_equal(entry->rombar, 0);
	assert_int_equal(entry->x_vga, 1);
	assert_string_equal(entry->romfile, "my rom=1.bin");
	hostpci_free(entry);
	hostpci_free(NULL);
}

static void test_nothing_given(void **state)
{
	static const char *const values[] = {" ", "\t", ",", ", ,", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct hostpci *entry = parse(values[i]);

		assert_int_equal(entry->n_hosts, 0);
		assert_null(entry->hosts);
		assert_null(entry->mapping);
		assert_null(entry->driver);
		assert_int_equal(entry->pcie, -1);
		assert_int_equal(entry->legacy_igd, -1);
		hostpci_free(entry);
	}
}

static void test_address_names(void **state)
{
	static const struct bdf bdf = {0x10000, 1, 0, 1};
	static const struct {
		const char *text;
		bool names;
	} rows[] = {
		{"10000:01:00.1", true}, {"10000:01:00.0", false}, {"10000:01:00", true},
		{"01:00.1", false},	 {"01:00", false},	   {"10000:01:01", false},
		{"010000:01:00", false}, {"10000:01:00.9", false}, {"10000:01:20", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hostpci_address address;

		assert_int_equal(hostpci_address_parse(text_of(rows[i].text), &address), 0);
		if (hostpci_address_names(&address, &bdf) != rows[i].names)
			fail_msg("%s", rows[i].text);
		free(address.impossible);
	}
}

static void test_addresses(void **state)
{
	static const struct {
		const char *value, *address;
		bool all_functions, impossible;
	} rows[] = {
		{"01:00", "0000:01:00", true, false},
		{"01:00.1", "0000:01:00.1", false, false},
		{"host=0a:1f.7", "0000:0a:1f.7", false, false},
		{"0001:01:00", "0001:01:00", true, false},
		{"10000:e1:00.0", "10000:e1:00.0", false, false},
		{"ffffffff:e1:00", "ffffffff:e1:00", true, false},
		{"00001:01:00.0", "00001:01:00.0", false, true},
		{"00001:01:00", "00001:01:00", true, true},
		{"ffffffffff:01:00.0", "ffffffffff:01:00.0", false, true},
		{"ff:ff.f", "0000:ff:ff.f", false, true},
		{"01:3f", "0000:01:3f", true, true},
		{"01:00.8", "0000:01:00.8", false, true},
	};
	static const char *const bad[] = {
		"1:00.0",  "001:00.0",	     "000:01:00.0",  "0000:001:00.0",
		"01:0.0",  "01:00.",	     "01:00.00",     "01:00.g",
		"01:00 ",  "0A:00",	     "01:00.F",	     "01;02:00",
		"01:00;",  ";01:00",	     "01:00;;02:00", "0000:01",
		"01",	   ":01:00",	     "0000::01:00",  "0000:01:00:0",
		"0x01:00", "0000:01:00.0.0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hostpci *entry = parse(rows[i].value);
		char buf[BDF_TEXT_SIZE];

		assert_int_equal(entry->n_hosts, 1);
		assert_string_equal(hostpci_address_format(&entry->hosts[0], buf), rows[i].address);
		assert_int_equal(entry->hosts[0].all_functions, rows[i].all_functions);
		assert_int_equal(!!entry->hosts[0].impossible, rows[i].impossible);
		hostpci_free(entry);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct hostpci *entry = NULL;
		int r = hostpci_parse(bad[i], strlen(bad[i]), &entry, NULL);

		if (r != -EINVAL)
			print_error("taken: %s\n", bad[i]);
		assert_int_equal(r, -EINVAL);
		assert_null(entry);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *value, *why;
	} rows[] = {
		{"01:00,pcie=2", "'pcie' must be 1, on, yes, true, 0, off, no or false, not '2'"},
		{"01:00,pcie", "'host' is given already, and there is no '=' in 'pcie'"},
		{"01:00,pcie=1,pcie=1", "'pcie' is given twice"},
		{"01:00,x_vga=1", "unknown option 'x_vga'"},
		{"01:00,driver=vfio-pci", "'driver' must be vfio|keep, not 'vfio-pci'"},
		{"mapping=a", "'mapping' must be a letter and one or more letters, digits, '_' or "
			      "'-', not 'a'"},
		{"01:00,mdev=a.b", "'mdev' must be without '/', '.' and ':', not 'a.b'"},
		{"01:00,romfile=a;b", "'romfile' must be without ';', not 'a;b'"},
		{"01:00,vendor-id=0x10d",
		 "'vendor-id' must be 0x and four hex digits, not '0x10d'"},
		{"01:00,device-id=0x10d\xff",
		 "'device-id' must be 0x and four hex digits, not '0x10d\\xff'"},
		{"01:00,sub-vendor-id=0x10def",
		 "'sub-vendor-id' must be 0x and four hex digits, not '0x10def'"},
		{"host=,pcie=1", "nothing before or after the '=' in 'host='"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hostpci *entry = NULL;
		char *why = NULL;

		assert_int_equal(hostpci_parse(rows[i].value, strlen(rows[i].value), &entry, &why),
				 -EINVAL);
		assert_null(entry);
		assert_string_equal(why, rows[i].why);
		free(why);
	}
}

static void test_mapping_and_host(void **state)
{
	struct hostpci *entry = parse("mapping=gpu-1,01:00");

	(void)state;
	assert_string_equal(entry->mapping, "gpu-1");
	assert_int_equal(entry->n_hosts, 1);
	hostpci_free(entry);
}

static void test_nul(void **state)
{
	static const char value[] = "01:00,mdev=a\0b,pcie=1";
	struct hostpci *entry = NULL;

	(void)state;
	assert_int_equal(hostpci_parse(value, sizeof(value) - 1, &entry, NULL), 0);
	assert_int_equal(entry->value_len, sizeof(value) - 1);
	assert_memory_equal(entry->value, value, sizeof(value));
	assert_string_equal(entry->mdev, "a");
	assert_int_equal(entry->pcie, 1);
	hostpci_free(entry);

	entry = NULL;
	assert_int_equal(hostpci_parse("01:00\0", 6, &entry, NULL), -EINVAL);
	assert_null(entry);
}

static void test_with_pcie(void **state)
{
	static const struct {
		const char *value, *with_pcie;
	} rows[] = {
		{"0000:01:00", "0000:01:00,pcie=1"},
		{"0000:01:00,x-vga=1", "0000:01:00,pcie=1,x-vga=1"},
		{"host=01:00;02:00,rombar=0", "host=01:00;02:00,pcie=1,rombar=0"},
		{"rombar=0,01:00.0,romfile=a=b c", "rombar=0,01:00.0,pcie=1,romfile=a=b c"},
		{"mapping=gpu", "mapping=gpu,pcie=1"},
		{"x-vga=1,mapping=gpu,rombar=0", "x-vga=1,mapping=gpu,pcie=1,rombar=0"},
		{"01:00,pcie=0", "01:00,pcie=1"},
		{"01:00,pcie=off,x-vga=1", "01:00,pcie=1,x-vga=1"},
		{"pcie=no,01:00", "pcie=1,01:00"},
		{"01:00,pcie=1", "01:00,pcie=1"},
		{"01:00,pcie=on", "01:00,pcie=1"},
		{"pcie=0", "pcie=1"},
		{"01:00,", "01:00,pcie=1,"},
		{" ,,01:00, ,x-vga=1", " ,,01:00,pcie=1, ,x-vga=1"},
		{"host=0,02:00.0", "host=0,02:00.0,pcie=1"},
		{"rombar=0", "rombar=0,pcie=1"},
		{"rombar=0,,", "rombar=0,pcie=1,,"},
		{"01:00,romfile=pcie=0", "01:00,pcie=1,romfile=pcie=0"},
		{"01:00,romfile=host=", "01:00,pcie=1,romfile=host="},
		{" ", "pcie=1"},
		{",", "pcie=1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hostpci *entry = parse(rows[i].value);
		auto_free char *once = hostpci_value_with_pcie(entry);
		auto_free char *twice = NULL;
		struct hostpci *again;

		assert_string_equal(once, rows[i].with_pcie);
		again = parse(once);
		twice = hostpci_value_with_pcie(again);
		assert_string_equal(twice, once);

		assert_int_equal(again->pcie, 1);
		assert_int_equal(again->legacy_igd, entry->legacy_igd);
		assert_int_equal(again->n_hosts, entry->n_hosts);
		assert_int_equal(!again->mapping, !entry->mapping);
		hostpci_free(again);
		hostpci_free(entry);
	}
}

/* Each device once, and no entry with pcie=1 on i440fx. */
static void test_with_less(void **state)
{
	static const struct {
		const char *value, *once, *without_pcie;
	} rows[] = {
		{"07:00.0;07:00.0,pcie=1", "07:00.0,pcie=1", "07:00.0;07:00.0"},
		{"pcie=1,host=05:00.0;05:00,x-vga=1", "pcie=1,host=05:00,x-vga=1",
		 "host=05:00.0;05:00,x-vga=1"},
		{"05:00;0000:05:00;05:00.1;06:00.0", "05:00;06:00.0",
		 "05:00;0000:05:00;05:00.1;06:00.0"},
		{"05:00.0;05:00.1", "05:00.0;05:00.1", "05:00.0;05:00.1"},
		{"05:3f.0;05:3f.0", "05:3f.0;05:3f.0", "05:3f.0;05:3f.0"},
		{"mapping=gpu,pcie=0", "mapping=gpu,pcie=0", "mapping=gpu"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hostpci *entry = parse(rows[i].value);
		auto_free char *once = hostpci_value_once(entry);
		auto_free char *without = hostpci_value_without(entry, "pcie");

		assert_string_equal(once, rows[i].once);
		assert_string_equal(without, rows[i].without_pcie);
		hostpci_free(entry);
	}
}

static void test_without_devices(void **state)
{
	static const struct bdf gone[] = {{0, 2, 0, 0}, {0, 3, 0, 1}};
	static const struct {
		const char *value, *rest;
	} rows[] = {
		{"0000:01:00.0;0000:02:00.0,pcie=1", "0000:01:00.0,pcie=1"},
		{"02:00;01:00.0;03:00.1", "01:00.0"},
		{"pcie=1,host=03:00;02:00.1;05:00", "pcie=1,host=02:00.1;05:00"},
		{"01:00.0,x-vga=1", "01:00.0,x-vga=1"},
		{"mapping=gpu,pcie=1", "mapping=gpu,pcie=1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hostpci *entry = parse(rows[i].value);
		auto_free char *rest = hostpci_value_without_devices(entry, gone, ARRAY_SIZE(gone));

		assert_string_equal(rest, rows[i].rest);
		hostpci_free(entry);
	}
}

static const struct hostpci_move moves[] = {
	{{0, 1, 0, 0}, {0, 2, 0, 0}},
	{{0, 1, 0, 1}, {0, 2, 0, 1}},
	{{0, 2, 0, 0}, {0, 1, 0, 0}},
	{{0, 3, 0, 0}, {0, 3, 0, 1}},
	{{0, 4, 0, 0}, {0, 5, 0, 0}},
	{{0, 4, 0, 1}, {0, 6, 0, 1}},
	{{0, 0xa, 0x1f, 7}, {0x10000, 0, 0, 7}},
	{{1, 1, 0, 0}, {0, 9, 0, 0}},
};

static void test_with_moves(void **state)
{
	static const struct {
		const char *value, *moved; /* NULL: nothing moves */
	} rows[] = {
		{"0000:01:00.0", "0000:02:00.0"},
		{"01:00.0", "02:00.0"},
		{"host=01:00.1,pcie=1", "host=02:00.1,pcie=1"},
		{"pcie=1,01:00,romfile=01:00", "pcie=1,02:00,romfile=01:00"},
		{"0000:01:00", "0000:02:00"},
		{" ,,01:00, ,x-vga=1", " ,,02:00, ,x-vga=1"},
		/* Both at once: they change places. */
		{"01:00.0;02:00.0", "02:00.0;01:00.0"},
		{"02:00;07:00;0000:01:00.0,pcie=1", "01:00;07:00;0000:02:00.0,pcie=1"},
		{"host=0,02:00.0", "host=0,01:00.0"},
		{"0001:01:00.0", "0000:09:00.0"},
		{"0a:1f.7", "10000:00:00.7"},
		{"0a:1f", "10000:00:00"},
		{"0000:0a:1f.7", "10000:00:00.7"},
		{"03:00.0", "03:00.1"},
		/* Not as a whole slot to a whole slot. */
		{"03:00", NULL},
		{"04:00", NULL},
		{"03:00;01:00", "03:00;02:00"},
		{"07:00", NULL},
		{"01:00.2", NULL},
		{"00001:01:00.0", NULL},
		{"mapping=gpu", NULL},
		{"mapping=gpu,romfile=01:00.0", NULL},
		{"rombar=0", NULL},
		{" ", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hostpci *entry = parse(rows[i].value);
		auto_free char *moved = NULL;
		int r = hostpci_value_with_moves(entry, moves, ARRAY_SIZE(moves), &moved);

		assert_int_equal(r, rows[i].moved ? 0 : -ENOENT);
		if (rows[i].moved) {
			assert_string_equal(moved, rows[i].moved);
			hostpci_free(parse(moved));
		} else {
			assert_null(moved);
		}
		hostpci_free(entry);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything), cmocka_unit_test(test_nothing_given),
		cmocka_unit_test(test_addresses),  cmocka_unit_test(test_address_names),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_mapping_and_host),
		cmocka_unit_test(test_nul),	   cmocka_unit_test(test_with_pcie),
		cmocka_unit_test(test_with_less),  cmocka_unit_test(test_without_devices),
		cmocka_unit_test(test_with_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
