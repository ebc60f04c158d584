// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/nets.h"

#include "tree.h"

static void test_nets(void **state)
{
	static const char config[] =
		"#net9: virtio=BC:24:11:00:00:09,bridge=vmbr0\n"
		"agent: 1\n"
		"net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=30\n"
		"net1: model=e1000,bridge=vmbr1  ,macaddr=bc:24:11:00:00:02\r\n"
		"net2: virtio,bridge=vmbr0\n"
		"net3: virtio=BC:24:11:00:00:03\n"
		"network: virtio=BC:24:11:00:00:04,bridge=vmbr0\n"
		"net: virtio=BC:24:11:00:00:04,bridge=vmbr0\n"
		"net10: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:05,ip=dhcp,type=veth\n"
		"net11: bridge=vmbr0,virtio=BC:24:11:00:00:0\n"
		"\n[before]\n"
		"net0: virtio=BC:24:11:00:00:06,bridge=vmbr0\n";
	static const char *const macs[] = {"bc:24:11:00:00:01", "bc:24:11:00:00:02",
					   "bc:24:11:00:00:05"};
	static const char *const bridges[] = {"vmbr0", "vmbr1", "vmbr0"};
	auto_guest_nets struct guest_nets nets = {0};

	(void)state;
	assert_int_equal(guest_nets_parse(config, strlen(config), &nets), 0);
	assert_int_equal(nets.n, ARRAY_SIZE(macs));
	for (size_t i = 0; i < nets.n; i++) {
		char text[MAC_TEXT_SIZE];

		assert_string_equal(mac_format(nets.items[i].mac, text), macs[i]);
		assert_string_equal(nets.items[i].bridge, bridges[i]);
	}
	/* Of a second config they are added. */
	assert_int_equal(guest_nets_parse(config, strlen(config), &nets), 0);
	assert_int_equal(nets.n, 2 * ARRAY_SIZE(macs));
}

static void assert_uuid(const char *config, const char *expected)
{
	auto_free char *uuid = NULL;

	assert_int_equal(guest_uuid_parse(config, strlen(config), &uuid), 0);
	if (expected)
		assert_string_equal(uuid, expected);
	else
		assert_null(uuid);
}

#define UUID "6a1e5f0c-3c1f-4a53-9d6e-0f2b7c1d8e90"

static void test_uuid(void **state)
{
	(void)state;
	assert_uuid("smbios1: uuid=" UUID "\n", UUID);
	assert_uuid("smbios1: family=eA==,base64=1,uuid=6A1E5F0C-3C1F-4A53-9D6E-0F2B7C1D8E90",
		    UUID);
	assert_uuid("smbios1: uuid=" UUID "\nsmbios1: family=x\n", NULL);
	assert_uuid("smbios1: uuid=" UUID "0\n", NULL);
	assert_uuid("#smbios1: uuid=" UUID "\n", NULL);
	assert_uuid("[x]\nsmbios1: uuid=" UUID "\n", NULL);
	assert_uuid("", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nets),
		cmocka_unit_test(test_uuid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
