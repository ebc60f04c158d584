// SPDX-License-Identifier: GPL-2.0-or-later
/* What the configuration of a host will use of a device at its next boot. */
#include "tree.h"

#include "host/text/strbuf.h"
#include "host/setup/early/boot_uses.h"

#define NET "sys/devices/pci0000:00/0000:01:00.0/net/eno1/"

/* "LINE LINE …" of the uses of the interface eno1. */
static char *nets(const char *text)
{
	auto_conf_items struct conf_items found = {0};
	auto_strbuf struct strbuf lines = {0};
	struct fs_names names = {0};

	assert_int_equal(fs_names_add(&names, "eno1"), 0);
	assert_int_equal(boot_uses_parse_nets(text, "x", &names, &found), 0);
	fs_names_free(&names);
	for (size_t i = 0; i < found.n; i++)
		strbuf_add_item(&lines, "%u", found.items[i].line);
	return strbuf_take(&lines);
}

static void test_interfaces(void **state)
{
	static const struct {
		const char *text, *lines;
	} cases[] = {
		{"auto eno1\niface eno1 inet manual\n#eno1\n\tmtu 9000\n", ""},
		{"iface eno1 inet manual\n  ovs_type OVSPort\n  ovs_bridge vmbr0\n", "2, 3"},
		{"iface eno1 inet static\n\taddress 192.0.2.1/24\n", "1, 2"},
		{"iface eno1 inet6 auto\n", "1"},
		{"iface eno1\n\taddress 192.0.2.1/24\n", "2"},
		{"iface eno1 inet dhcp\n", "1"},
		{"iface eno10 inet dhcp\niface eno1np0 inet dhcp\n", ""},
		{"iface eno1.100 inet manual\n", "1"},
		{"iface vmbr0 inet static\n address 192.0.2.2/24\n bridge-ports eno2 eno1\n", "3"},
		{"iface vmbr0 inet manual\n bridge_ports eno1.5\n", "2"},
		{"iface vmbr0 inet manual\n bridge-ports none\n", ""},
		{"iface vmbr0 inet manual\n bridge-ports all\n", "2"},
		{"iface bond0 inet manual\n bond-slaves eno2 \\\n  eno1\n bond-mode 1\niface eno1 inet "
		 "dhcp\n",
		 "2, 5"},
		{"iface bond0 inet manual\n bond_slaves eno10\n", ""},
		{"iface vlan5 inet manual\n vlan-raw-device eno1\n", "2"},
		{"allow-ovs vmbr1\niface vmbr1 inet manual\n ovs_ports eno1 vlan1\n", "3"},
		{"iface vmbr0 inet manual\n post-up ethtool -K eno1 tso off\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *seen = nets(cases[i].text);

		if (strcmp(seen, cases[i].lines))
			fail_msg("lines %s, not %s of:\n%s", seen, cases[i].lines, cases[i].text);
	}
}

/* The device whose uses at boot are looked for: eno1, which udev knows by other names, too. */
static void put_nic(struct tree *tree)
{
	tree_device(tree, &(struct tree_device){"0000:01:00.0", 0x8086, 0x10d3, 0, 0, 0x020000, 1,
						NULL, NULL, NULL, true, false});
	tree_file(tree, NET "ifindex", "3\n");
	tree_file(tree, NET "type", "1\n");
	tree_file(tree, NET "address", "52:54:00:00:ab:01\n");
	tree_file(tree, "run/udev/data/n3",
		  "E:ID_NET_NAMING_SCHEME=v252\nE:ID_NET_NAME_ONBOARD=eno1\n"
		  "E:ID_NET_NAME_PATH=enp1s0\nE:ID_NET_NAME_MAC=enx52540000ab01\n");
}

/* Where it is used: "FILE:LINE …". */
static void assert_nets(struct tree *tree, const char *expected)
{
	const struct usage_device device = {
		.bdf = {0, 1, 0, 0}, .class = 0x020000, .driver = "e1000e"};
	auto_boot_names struct boot_names names = {0};
	auto_conf_items struct conf_items found = {0};
	auto_strbuf struct strbuf lines = {0};
	auto_free char *seen = NULL;

	assert_int_equal(boot_names_read(&tree->root, &device, &names), 0);
	assert_int_equal(boot_uses_find_nets(&tree->root, &names, &found), 0);
	for (size_t i = 0; i < found.n; i++)
		strbuf_add_item(&lines, "%s:%u", found.items[i].file, found.items[i].line);
	seen = strbuf_take(&lines);
	assert_string_equal(seen, expected);
}

static void test_sources(void **state)
{
	static const char used[] = "iface eno1 inet dhcp\n";
	static const struct {
		const char *source, *file; /* a line of interfaces; the file that uses eno1 */
		bool read;
	} rows[] = {
		{"source /etc/network/conf.d/*", "etc/network/conf.d/a", true},
		{"source conf.d/*.cfg", "etc/network/conf.d/a.cfg", true},
		{"source conf.d/*.cfg", "etc/network/conf.d/a.conf", false},
		{"source conf.d/*", "etc/network/conf.d/.a", false},
		{"source ./sub/../conf.d/a", "etc/network/conf.d/a", true},
		{"source /srv/*/net?/[ab]", "srv/x/net1/b", true},
		{"source /srv/*/net?/[ab]", "srv/x/net1/c", false},
		{"source \\\n  /srv/a", "srv/a", true},
		{"source /srv/a\t/srv/b", "srv/b", true},
		{"#source /srv/a", "srv/a", false},
		{"source-directory /srv/net", "srv/net/eno1-b_0", true},
		{"source-directory /srv/net", "srv/net/eno1.cfg", false},
		{"source-directory /srv/n*", "srv/net/eno1", true},
		{"source-directory conf.d", "etc/network/conf.d/a", true},
		{"source-directory conf.d", "etc/network/conf.d/a/b", false},
		{"source-directories /srv", "srv/a", false},
		{"source ../../../../srv/a", "srv/a", true},
	};
	struct tree *tree = *state;

	put_nic(tree);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = fs_path("auto lo\n%s\n", rows[i].source);
		auto_free char *expected = fs_path("%s:1", rows[i].file);

		tree_file(tree, "etc/network/interfaces", text);
		tree_file(tree, rows[i].file, used);
		assert_nets(tree, rows[i].read ? expected : "");
		tree_delete(tree, rows[i].file);
	}
}

/* Files name files, also in a circle; each is read once. */
static void test_nested_sources(void **state)
{
	struct tree *tree = *state;

	put_nic(tree);
	tree_file(tree, "etc/network/interfaces", "source a/*\n");
	tree_file(tree, "etc/network/a/one", "source ../b/two\nsource one\n");
	tree_file(tree, "etc/network/b/two",
		  "source ../interfaces\nsource ../a/../b/two\n"
		  "iface vmbr0 inet manual\n\tbridge-ports enp1s0\n");
	assert_nets(tree, "etc/network/b/two:4");
	/* What cannot be read is not absent. */
	tree_obscure(tree, "etc/network/b/two");
	{
		const struct usage_device device = {.bdf = {0, 1, 0, 0}, .class = 0x020000};
		auto_boot_names struct boot_names names = {0};
		auto_conf_items struct conf_items found = {0};

		assert_int_equal(boot_names_read(&tree->root, &device, &names), 0);
		assert_true(boot_uses_find_nets(&tree->root, &names, &found) < 0);
	}
}

#define ENABLED "etc/systemd/system/multi-user.target.wants/systemd-networkd.service"
#define UNIT	"/lib/systemd/system/systemd-networkd.service"
#define FILE_AT "etc/systemd/network/50-x.network"

static void test_networkd_matches(void **state)
{
	static const struct {
		const char *text;
		unsigned int line; /* 0: it is no use */
	} rows[] = {
		{"[Match]\nName=eno1\n[Network]\nDHCP=yes\n", 2},
		{"[Match]\nName=eno2 en*\n", 2},
		{"[Match]\n# x\n;y\n Name = enp1s0\n", 4},
		{"[Match]\nName=eno2\n", 0},
		{"[Match]\nName=eno\n", 0},
		{"[Match]\nName=eno2\nName=eno1\n", 2},
		{"[Match]\nName=eno1\nName=\nName=eno2\n", 0},
		{"[Match]\nName=eno2 \\\n  eno1\n", 2},
		{"[Match]\nName=!lo veth*\nType=ether\n", 2},
		{"[Match]\nName=!en*\n", 0},
		{"[Match]\nMACAddress=52-54-00-00-AB-01\n", 2},
		{"[Match]\nMACAddress=52:54:00:00:ab:02 5254.0000.ab01\n", 2},
		{"[Match]\nMACAddress=52:54:00:00:ab:02\n", 0},
		{"[Match]\nMACAddress=52:54:00:00:ab:0\n", 0},
		{"[Match]\nPermanentMACAddress=52:54:00:00:ab:02\n", 2},
		{"[Match]\nPath=pci-0000:01:*\n", 2},
		{"[Match]\nPath=pci-0000:02:00.0\n", 0},
		{"[Match]\nDriver=igb e1000*\n", 2},
		{"[Match]\nDriver=igb\n", 0},
		{"[Match]\nType=wlan\n", 0},
		{"[Match]\nType=!loopback\n", 2},
		{"[Match]\nKind=bridge\n", 0},
		{"[Match]\nKind=!*\nName=*\n", 2},
		{"[Match]\nType=wlan\nWLANInterfaceType=ad-hoc\n", 0},
		{"[Match]\nName=eno1\nDriver=igb\n", 0},
		{"[Match]\nHost=pve1\nName=eno1\n", 2},
		{"[Match]\nHost=pve1\nName=eno2\n", 0},
		{"[Match]\n[Network]\nName=eno1\n", 0},
		{"[Network]\nDHCP=yes\n", 0},
		{"", 0},
		{"[Match]\nName=eno1\n[Link]\nUnmanaged=yes\n", 0},
		{"[Match]\nName=eno1\n[Link]\nUnmanaged = true\n", 0},
		{"[Match]\nName=eno1\n[Link]\nUnmanaged=no\n", 2},
		{"[Match]\nName=eno1\n[Network]\nUnmanaged=yes\n", 2},
	};
	struct tree *tree = *state;

	put_nic(tree);
	tree_link(tree, ENABLED, UNIT);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *expected = rows[i].line ? fs_path(FILE_AT ":%u", rows[i].line)
							: strdup("");

		tree_file(tree, FILE_AT, rows[i].text);
		assert_nets(tree, expected);
	}
}

/* Which file counts: the first that matches, of the first directory that has its name. */
static void test_networkd_files(void **state)
{
	struct tree *tree = *state;

	put_nic(tree);
	tree_file(tree, FILE_AT, "[Match]\nName=eno1\n");
	assert_nets(tree, "");
	tree_file(tree, "run/systemd/netif/state", "OPER_STATE=routable\n");
	assert_nets(tree, FILE_AT ":2");
	tree_delete(tree, "run/systemd/netif");
	tree_link(tree, ENABLED, UNIT);
	assert_nets(tree, FILE_AT ":2");
	tree_delete(tree, FILE_AT);
	tree_file(tree, "usr/lib/systemd/network/50-x.network", "[Match]\nName=*\n");
	tree_file(tree, "usr/lib/systemd/network/50-x.link", "[Match]\nOriginalName=*\n");
	assert_nets(tree, "usr/lib/systemd/network/50-x.network:2");
	tree_link(tree, FILE_AT, "/dev/null");
	assert_nets(tree, "");
	tree_delete(tree, FILE_AT);
	/* As netplan writes them. */
	tree_file(tree, "run/systemd/network/10-netplan-eno1.network", "[Match]\nName=eno1\n");
	assert_nets(tree, "run/systemd/network/10-netplan-eno1.network:2");
	/* One that leaves it alone comes first; one that may, hides nothing. */
	tree_file(tree, "etc/systemd/network/05-x.network",
		  "[Match]\nName=eno1\n[Link]\nUnmanaged=yes\n");
	assert_nets(tree, "");
	tree_file(tree, "etc/systemd/network/05-x.network",
		  "[Match]\nName=eno1\nHost=pve1\n[Link]\nUnmanaged=yes\n");
	assert_nets(tree, "run/systemd/network/10-netplan-eno1.network:2");
	tree_file(tree, "etc/systemd/network/05-x.network",
		  "[Match]\nName=enx52540000ab01\n[Link]\nUnmanaged=yes\n");
	assert_nets(tree, "run/systemd/network/10-netplan-eno1.network:2");
	/* Drop-ins of any directory. */
	tree_file(tree, "etc/systemd/network/10-netplan-eno1.network.d/a.conf",
		  "[Link]\nUnmanaged=yes\n");
	assert_nets(tree, "");
	tree_file(tree, "etc/systemd/network/10-netplan-eno1.network.d/a.conf",
		  "[Match]\nName=\nName=eno2\n");
	assert_nets(tree, "usr/lib/systemd/network/50-x.network:2");
	tree_link(tree, "run/systemd/network/10-netplan-eno1.network.d/a.conf", "/dev/null");
	assert_nets(tree, "usr/lib/systemd/network/50-x.network:2");
}

static void test_names_are_whole(void **state)
{
	static const char text[] = "UUID=11-22 /dev/sda10 tank/data pool";

	(void)state;
	assert_true(boot_uses_mention(text, strlen(text), "UUID=11-22"));
	assert_true(boot_uses_mention(text, strlen(text), "tank"));
	assert_false(boot_uses_mention(text, strlen(text), "UUID=11"));
	assert_false(boot_uses_mention(text, strlen(text), "/dev/sda1"));
	assert_false(boot_uses_mention(text, strlen(text), "data"));
	assert_false(boot_uses_mention(text, strlen(text), ""));
	/* A key file's disk. (crypttab(5)) */
	assert_true(boot_uses_mention("/k:UUID=1", 9, "UUID=1"));
	assert_false(boot_uses_mention("/k:PARTUUID=1", 13, "UUID=1"));
	assert_false(boot_uses_mention("a:tank", 6, "tank"));
}

/* The lines that use a disk of which udev says UDEV: "FILE:LINE …". */
static char *disks(struct tree *tree, const char *udev)
{
	auto_conf_items struct conf_items found = {0};
	auto_boot_names struct boot_names names = {0};
	auto_strbuf struct strbuf lines = {0};

	names.by_path = strdup("/dev/disk/by-path/pci-0000:01:00.0-");
	assert_int_equal(fs_names_add(&names.disks, "/dev/nvme0n1p1"), 0);
	assert_int_equal(boot_names_add_udev(udev, &names.disks), 0);
	assert_int_equal(boot_uses_find_disks(&tree->root, &names, &found), 0);
	for (size_t i = 0; i < found.n; i++)
		strbuf_add_item(&lines, "%s:%u", found.items[i].file, found.items[i].line);
	return strbuf_take(&lines);
}

static void assert_disks(struct tree *tree, const char *udev, const char *lines)
{
	auto_free char *seen = disks(tree, udev);

	assert_string_equal(seen, lines);
}

static void test_disks(void **state)
{
	static const char plain[] =
		"S:disk/by-id/nvme-X-part1\nE:ID_FS_TYPE=ext4\nE:ID_FS_UUID=aa-bb\n"
		"E:ID_FS_LABEL=fast\nE:ID_PART_ENTRY_UUID=cc-dd\n";
	struct tree *tree = *state;

	assert_disks(tree, plain, "");
	tree_file(tree, "etc/fstab",
		  "# UUID=aa-bb /old ext4\n"
		  "UUID=aa-bbb /other ext4\n"
		  "UUID=\"aa-bb\" /fast ext4 defaults 0 2\n"
		  "LABEL=fast /fast ext4 noauto 0 0\n"
		  "PARTUUID=cc-dd /fast ext4 defaults 0 0\n"
		  "/dev/disk/by-path/pci-0000:01:00.0-nvme-1-part2 none swap sw\n");
	assert_disks(tree, plain, "etc/fstab:3, etc/fstab:5, etc/fstab:6");
	tree_file(tree, "etc/fstab",
		  "UUID=nvme-X-part1 /other ext4\n"
		  "ID=nvme-X-part1 /fast ext4 defaults 0 2\n"
		  "ID=\"nvme-X-part1\" /fast ext4 defaults 0 2\n"
		  "ID=nvme-X-part10 /other ext4\n");
	assert_disks(tree, plain, "etc/fstab:2, etc/fstab:3");
	tree_delete(tree, "etc/fstab");
	tree_file(tree, "etc/crypttab", "x /dev/disk/by-id/nvme-X-part1 none luks\n");
	tree_file(tree, "etc/systemd/system/mnt-pve-fast.mount",
		  "[Mount]\nWhat=/dev/disk/by-uuid/aa-bb\n");
	tree_file(tree, "etc/systemd/system/fast.service", "ExecStart=x /dev/disk/by-uuid/aa-bb\n");
	tree_file(tree, "proc/cmdline", "quiet resume=UUID=aa-bb\n");
	assert_disks(tree, plain,
		     "etc/crypttab:1, etc/systemd/system/mnt-pve-fast.mount:2, proc/cmdline:1");
}

/* Members of what is put together of several disks. */
static void test_members(void **state)
{
	static const char zfs[] =
		"E:ID_FS_TYPE=zfs_member\nE:ID_FS_LABEL=tank\nE:ID_FS_UUID=1234\n",
			  md[] = "E:ID_FS_TYPE=linux_raid_member\n"
				 "E:ID_FS_UUID=01234567-89ab-cdef-0123-456789abcdef\n",
			  lvm[] = "E:ID_FS_TYPE=LVM2_member\nE:ID_FS_UUID=abcdef-0123\n";
	static const char cache[] = "\0\0\0\4tank\0\0\0\4path\0\0\0\16/dev/nvme0n1p1\0";
	struct tree *tree = *state;

	tree_file(tree, "etc/pve/storage.cfg", "zfspool: vms\n\tpool tank/vms\n");
	assert_disks(tree, zfs, "etc/pve/storage.cfg:2");
	tree_delete(tree, "etc/pve/storage.cfg");
	tree_bytes(tree, "etc/zfs/zpool.cache", cache, sizeof(cache));
	assert_disks(tree, "", "etc/zfs/zpool.cache:0");
	tree_delete(tree, "etc/zfs/zpool.cache");
	tree_file(tree, "etc/mdadm/mdadm.conf",
		  "ARRAY /dev/md0 UUID=01234567:89abcdef:01234567:89abcdef\n");
	assert_disks(tree, md, "etc/mdadm/mdadm.conf:1");
	tree_file(tree, "etc/lvm/backup/pve", "pve {\n\tid = \"abcdef-0123\"\n}\n");
	assert_disks(tree, lvm, "etc/lvm/backup/pve:2");
}

/* Without udev's database, by the links that it has made. */
static void test_links(void **state)
{
	static const struct {
		const char *dir, *uevent;
	} nodes[] = {
		{"nvme/nvme0/nvme0n1", "MAJOR=259\nMINOR=0\nDEVNAME=nvme0n1\nDEVTYPE=disk\n"},
		{"nvme/nvme0/nvme0n1/nvme0n1p1",
		 "MAJOR=259\nMINOR=1\nDEVNAME=nvme0n1p1\nDEVTYPE=partition\n"},
	};
	const struct usage_device device = {
		.bdf = {0, 1, 0, 0}, .class = 0x010802, .driver = "nvme"};
	auto_boot_names struct boot_names names = {0};
	struct tree *tree = *state;

	tree_device(tree, &(struct tree_device){"0000:01:00.0", 0x144d, 0xa80a, 0, 0, 0x010802, 1,
						NULL, NULL, NULL, true, false});
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		auto_free char *dir = fs_path("sys/devices/pci0000:00/0000:01:00.0/%s",
					      nodes[i].dir);
		auto_free char *uevent = fs_path("%s/uevent", dir), *dev = fs_path("%s/dev", dir);
		auto_free char *subsystem = fs_path("%s/subsystem", dir);

		tree_file(tree, uevent, nodes[i].uevent);
		tree_file(tree, dev, "259:0\n");
		tree_link(tree, subsystem, "/sys/class/block");
	}
	tree_link(tree, "dev/disk/by-uuid/aa-bb", "../../nvme0n1p1");
	tree_link(tree, "dev/disk/by-id/nvme-X", "../../nvme0n1");
	tree_link(tree, "dev/disk/by-id/nvme-Y", "../../nvme1n1");
	assert_int_equal(boot_names_read(&tree->root, &device, &names), 0);
	assert_true(fs_names_has(&names.disks, "/dev/nvme0n1p1"));
	assert_true(fs_names_has(&names.disks, "UUID=aa-bb"));
	assert_true(fs_names_has(&names.disks, "/dev/disk/by-uuid/aa-bb"));
	assert_true(fs_names_has(&names.disks, "/dev/disk/by-id/nvme-X"));
	assert_true(fs_names_has(&names.disks, "ID=nvme-X"));
	assert_false(fs_names_has(&names.disks, "/dev/disk/by-id/nvme-Y"));
	assert_string_equal(names.by_path, "/dev/disk/by-path/pci-0000:01:00.0-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_names_are_whole),
		cmocka_unit_test_setup_teardown(test_sources, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_nested_sources, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_networkd_matches, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_networkd_files, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_disks, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_members, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_links, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
