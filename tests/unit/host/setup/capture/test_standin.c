// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/standin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "host/text/strbuf.h"
#include "host/setup/capture/words.h"

static int setup(void **state)
{
	return standins_new((struct standins **)state);
}

static int teardown(void **state)
{
	standins_free(*state);
	return 0;
}

static void becomes(void **state, const char *text, const char *wanted)
{
	auto_free char *with = standins_replace(*state, text, strlen(text), NULL);

	assert_string_equal(with, wanted);
}

static void test_addresses(void **state)
{
	becomes(state, "inet 10.1.2.3/24, via 10.1.2.1.", "inet 192.0.2.1/24, via 192.0.2.2.");
	becomes(state, "10.1.2.3:8006 [fd00::7]:443", "192.0.2.1:8006 [2001:db8::1]:443");
	becomes(state, "52:54:00:AA:BB:CC 52:54:00:aa:bb:cc",
		"02:00:00:00:00:01 02:00:00:00:00:01");
	becomes(state, "52-54-00-aa-bb-cc enx525400aabbcc", "02-00-00-00-00-01 enx020000000001");
	becomes(state, "7D0C3A52-8f0e-4c11-9d64-0123456789ab.conf",
		"00000000-0000-4000-8000-000000000001.conf");
	becomes(state, "169.254.7.8 fe80::1234", "169.254.0.3 fe80::2");
	/* again, as it was */
	becomes(state, "10.1.2.3 is 192.0.2.1", "192.0.2.1 is 192.0.2.1");
}

/* Of a PCI device, as this program's own files have it, in each the same. */
static void test_serials(void **state)
{
	becomes(state, "path = \"0000:00/1c.0/00.0\"; serial = \"0025385b71b0e11f\"; }",
		"path = \"0000:00/1c.0/00.0\"; serial = \"0000000000000001\"; }");
	becomes(state, "serial = \"0025385b71b0e120\"; serial = \"0025385b71b0e11f\";",
		"serial = \"0000000000000002\"; serial = \"0000000000000001\";");
	becomes(state, "serial = \"\"; serial = \"0025385b71b0e1200\"",
		"serial = \"\"; serial = \"0025385b71b0e1200\"");
}

/* What looks a little like one, and what every host has. */
static void test_others(void **state)
{
	static const char *const same[] = {
		"0000:01:00.0 10de:1001:1043:8600:030000",
		"127.0.0.1 ::1 :: 0.0.0.0 255.255.255.0 224.0.0.1",
		"00:00:00:00:00:00 ff:ff:ff:ff:ff:ff",
		"6.8.12-4-pve 1.2.3 v1.2.3.4",
		"fee00000-feefffff 00000000-0009ffff",
		"pci:v000010DEd00001001sv00001043sd00008600bc03sc00i00",
		"LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		becomes(state, same[i], same[i]);
}

static void test_names(void **state)
{
	assert_non_null(standins_of(*state, STANDIN_HOST, "pve", 3));
	assert_non_null(standins_of(*state, STANDIN_USER, "alice", 5));
	becomes(state, "node=pve,id=1 pve.home.arpa", "node=host-1,id=1 host-1");
	becomes(state, "/etc/pve/nodes/pve/x /dev/mapper/pve-root",
		"/etc/pve/nodes/host-1/x /dev/mapper/pve-root");
	becomes(state, "/home/alice/disk alicex", "/home/user-1/disk alicex");
}

/* Bytes that are no text stay. */
static void test_bytes(void **state)
{
	static const char bytes[] = "a\0\xff"
				    "10.0.0.1\0";
	size_t len;
	auto_free char *with = standins_replace(*state, bytes, sizeof(bytes) - 1, &len);

	assert_int_equal(len, 3 + strlen("192.0.2.1") + 1);
	assert_memory_equal(with,
			    "a\0\xff"
			    "192.0.2.1\0",
			    len);
}

static void masks(void **state, const char *text, const char *wanted)
{
	auto_strbuf struct strbuf out = {0};

	assert_int_equal(words_mask(*state, text, strlen(text), &out), 0);
	assert_string_equal(out.text, wanted);
}

static void test_words(void **state)
{
	masks(state, "root=/dev/sda1 ro quiet intel_iommu=on rd.key=hunter2 hunter3",
	      "root=/dev/sda1 ro quiet intel_iommu=on rd.key=word-1 word-2");
	masks(state, "GRUB_CMDLINE_LINUX=\"hunter3 $EXTRA iommu=pt\"",
	      "GRUB_CMDLINE_LINUX=\"word-2 $EXTRA iommu=pt\"");
	masks(state, "initrd=\\EFI\\proxmox\\initrd.img loglevel=3",
	      "initrd=\\EFI\\proxmox\\initrd.img loglevel=3");
	masks(state, "options vfio-pci ids=10de:1001,10de:0fb8 disable_vga=1",
	      "options vfio-pci ids=10de:1001,10de:0fb8 disable_vga=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_serials, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
