// SPDX-License-Identifier: GPL-2.0-or-later
/* What sets the number of a PF's VFs beside host-setup: found with file and line, or another's. */
#include "tree.h"

#include "host/text/strbuf.h"
#include "host/setup/sriov/setters.h"

#define PF    "0000:03:00.0"
#define OTHER "0000:04:00.0"

static const struct bdf pf = {0, 3, 0, 0};

static void put_nic(struct tree *tree, const char *bdf, const char *name, const char *driver)
{
	auto_free char *link = fs_path("sys/class/net/%s/device", name);
	auto_free char *target = fs_path("../../../bus/pci/devices/%s", bdf);
	auto_free char *mac = fs_path("sys/class/net/%s/address", name);

	tree_device(tree, &(struct tree_device){bdf, 0x8086, 0x10c9, 0, 0, 0x020000, 20, driver,
						NULL, NULL, true, false});
	tree_link(tree, link, target);
	tree_file(tree, mac, "52:54:00:00:00:01\n");
}

static int setup(void **state)
{
	if (tree_setup(state))
		return -1;
	tree_driver(*state, "igb", "igb");
	tree_driver(*state, "mlx5_core", "mlx5_core");
	put_nic(*state, PF, "eno1", "igb");
	put_nic(*state, OTHER, "eno2", "mlx5_core");
	put_nic(*state, "0000:05:00.0", "eno10", "mlx5_core");
	tree_file(*state, "sys/class/net/eno2/address", "52:54:00:00:00:02\n");
	return 0;
}

/* What is found for the PF, "FILE:LINE" each. */
static char *find(struct tree *tree)
{
	auto_setters_pf struct setters_pf about = {0};
	auto_setters struct setters found = {0};
	auto_strbuf struct strbuf text = {0};

	assert_int_equal(setters_pf_read(&tree->root, &pf, &about), 0);
	assert_int_equal(setters_find(&tree->root, NULL, &about, &found), 0);
	for (size_t i = 0; i < found.active.n; i++)
		strbuf_add_item(&text, "%s:%u", found.active.items[i].file,
				found.active.items[i].line);
	for (size_t i = 0; i < found.dormant.n; i++)
		strbuf_add_item(&text, "not %s:%u", found.dormant.items[i].file,
				found.dormant.items[i].line);
	return strbuf_take(&text);
}

/* A name that udev found for it, by which its configuration may still call it. */
static void test_other_names(void **state)
{
	static const char text[] =
		"iface enp3s0f0 inet manual\n\tup echo 4 > /sys/class/net/$IFACE/device/sriov_numvfs\n"
		"iface enp4s0 inet manual\n\tup echo 4 > /sys/class/net/$IFACE/device/sriov_numvfs\n";
	struct tree *tree = *state;
	auto_free char *found = NULL;

	tree_file(tree, "sys/class/net/eno1/ifindex", "3\n");
	tree_file(tree, "run/udev/data/n3",
		  "I:1\nE:ID_NET_NAMING_SCHEME=v252\nE:ID_NET_NAME_PATH=enp3s0f0\nG:systemd\n");
	tree_file(tree, "sys/class/net/eno2/ifindex", "4\n");
	tree_file(tree, "run/udev/data/n4", "E:ID_NET_NAME_PATH=enp4s0\n");
	tree_file(tree, "etc/network/interfaces", text);
	found = find(tree);
	assert_string_equal(found, "etc/network/interfaces:2");
}

static void test_files(void **state)
{
	static const struct {
		const char *path, *text;
		unsigned int line; /* 0: it is no setter of this PF */
	} rows[] = {
		/* sysfsutils */
		{"etc/sysfs.conf", "# x\nbus/pci/devices/" PF "/sriov_numvfs = 4\n", 2},
		{"etc/sysfs.conf", "devices/pci0000:00/0000:00:01.0/" PF "/sriov_numvfs = 4\n", 1},
		{"etc/sysfs.conf", "devices/pci0000:00/0000:00:01.0/" OTHER "/sriov_numvfs = 4\n",
		 0},
		{"etc/sysfs.conf", "#bus/pci/devices/" PF "/sriov_numvfs = 4\n", 0},
		{"etc/sysfs.d/vf.conf", "class/net/eno1/device/sriov_numvfs = 7\n", 1},
		{"etc/sysfs.d/vf.conf", "class/net/eno2/device/sriov_numvfs = 7\n", 0},
		{"etc/sysfs.d/vf.conf", "class/net/eno10/device/sriov_numvfs = 7\n", 0},
		/* Of an interface that is not there now: it may be the PF's. */
		{"etc/sysfs.d/vf.conf", "class/net/enp9s0/device/sriov_numvfs = 7\n", 1},
		{"etc/rc.local",
		 "#!/bin/sh\nip link set eno2 up\n"
		 "echo 4 > /sys/class/net/enp9s0/device/sriov_numvfs\n",
		 3},
		{"etc/sysfs.d/vf.txt", "class/net/eno1/device/sriov_numvfs = 7\n", 0},
		/* systemd */
		{"etc/tmpfiles.d/vf.conf", "w /sys/class/net/eno1/device/sriov_numvfs - - - - 4\n",
		 1},
		{"etc/systemd/network/10.link",
		 "[Match]\nOriginalName=eno1\n[Link]\nSR-IOVVirtualFunctions=4\n", 4},
		{"etc/systemd/network/10.link",
		 "[Match]\nOriginalName=eno2\n[Link]\nSR-IOVVirtualFunctions=4\n", 0},
		{"etc/systemd/network/10.link",
		 "[Match]\nDriver=ig*\n[Link]\nSR-IOVVirtualFunctions=4\n", 4},
		{"etc/systemd/network/10.link",
		 "[Match]\nDriver=ixgbe mlx5_core\n[Link]\nSR-IOVVirtualFunctions=4\n", 0},
		{"etc/systemd/network/10.link",
		 "[Match]\nPath=pci-" PF "\n[Link]\nSR-IOVVirtualFunctions=4\n", 4},
		{"etc/systemd/network/10.link",
		 "[Match]\nPath=pci-" OTHER "\n[Link]\nSR-IOVVirtualFunctions=4\n", 0},
		{"etc/systemd/network/10.link",
		 "[Match]\nMACAddress=52:54:00:00:00:02\n[Link]\nSR-IOVVirtualFunctions=4\n", 0},
		{"usr/lib/systemd/network/10.link.d/vf.conf", "[Link]\nSR-IOVVirtualFunctions=4\n",
		 2},
		/* ifupdown */
		{"etc/network/interfaces",
		 "iface eno1 inet manual\n\tup echo 4 > /sys/class/net/$IFACE/device/sriov_numvfs\n",
		 2},
		{"etc/network/interfaces",
		 "iface eno2 inet manual\n\tup echo 4 > /sys/class/net/$IFACE/device/sriov_numvfs\n",
		 0},
		{"etc/network/interfaces.d/vf",
		 "iface eno1 inet manual\n\tpre-up echo 4 > "
		 "/sys/bus/pci/devices/" PF "/sriov_numvfs\n",
		 2},
		/* udev */
		{"etc/udev/rules.d/70.rules",
		 "ACTION==\"add\", \\\n  KERNEL==\"" PF "\", ATTR{sriov_numvfs}=\"4\"\n", 1},
		{"etc/udev/rules.d/70.rules", "KERNEL==\"" OTHER "\", ATTR{sriov_numvfs}=\"4\"\n",
		 0},
		{"etc/udev/rules.d/70.rules", "KERNEL==\"eno*\", ATTR{device/sriov_numvfs}=\"4\"\n",
		 1},
		{"etc/udev/rules.d/70.rules", "DRIVERS==\"ixgbe\", ATTR{sriov_numvfs}=\"4\"\n", 0},
		{"etc/udev/rules.d/70.rules", "DRIVERS==\"igb\", ATTR{sriov_numvfs}=\"4\"\n", 1},
		{"etc/udev/rules.d/70.rules",
		 "KERNEL==\"" PF "\", ATTR{sriov_numvfs}==\"0\", RUN+=\"/bin/logger none\"\n", 0},
		{"usr/lib/udev/rules.d/70.rules",
		 "ATTR{vendor}==\"0x8086\", ATTR{sriov_numvfs}==\"0\", ATTR{sriov_numvfs}=\"4\"\n",
		 1},
		/* others */
		{"etc/rc.local", "#!/bin/sh\necho 4 > /sys/bus/pci/devices/" PF "/sriov_numvfs\n",
		 2},
		{"etc/cron.d/vf", "@reboot root echo 4 >/sys/class/net/eno1/device/sriov_numvfs\n",
		 1},
		{"etc/network/if-pre-up.d/vf", "#!/bin/sh\nN=2\necho $N >$D/sriov_numvfs\n", 3},
		/* modules */
		{"etc/modprobe.d/igb.conf", "options igb max_vfs=7,7\n", 1},
		{"etc/modprobe.d/igb.conf",
		 "install igb modprobe -i igb; echo 4 >/sys/class/net/eno1/device/sriov_numvfs\n",
		 1},
		{"etc/modprobe.d/igb.conf", "options igb max_vfs=0\n", 0},
		{"etc/modprobe.d/igb.conf", "options ixgbe max_vfs=7\n", 0},
		{"etc/modprobe.d/igb.conf", "options igb debug=7\n", 0},
		{"proc/cmdline", "quiet igb.max_vfs=2\n", 1},
		{"proc/cmdline", "quiet ixgbe.max_vfs=2 max_vfs=3\n", 0},
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *wanted = rows[i].line ? fs_path("%s:%u", rows[i].path, rows[i].line)
						      : strdup("");
		auto_free char *seen = NULL;

		tree_file(tree, rows[i].path, rows[i].text);
		seen = find(tree);
		if (strcmp(seen, wanted))
			fail_msg("%s: '%s': expected '%s', seen '%s'", rows[i].path, rows[i].text,
				 wanted, seen);
		tree_delete(tree, rows[i].path);
	}
}

/* A file that another one replaces does not count. */
static void test_replaced(void **state)
{
	static const char rule[] = "KERNEL==\"" PF "\", ATTR{sriov_numvfs}=\"4\"\n";
	struct tree *tree = *state;
	auto_free char *seen = NULL;

	tree_file(tree, "usr/lib/udev/rules.d/70.rules", rule);
	tree_link(tree, "etc/udev/rules.d/70.rules", "/dev/null");
	seen = find(tree);
	assert_string_equal(seen, "");
}

/* Units, and the scripts that they run. */
static void test_units(void **state)
{
	static const char unit[] = "[Service]\nExecStart=/usr/local/bin/vfs.sh eno1\n"
				   "[Install]\nWantedBy=multi-user.target\n";
	static const char file[] = "etc/systemd/system/vfs.service";
	static const char link[] = "etc/systemd/system/multi-user.target.wants/vfs.service";
	auto_free char *disabled = NULL, *enabled = NULL, *template = NULL, *timer = NULL,
		       *static_unit = NULL;
	struct tree *tree = *state;

	tree_file(tree, "usr/local/bin/vfs.sh",
		  "#!/bin/sh\n# sriov_numvfs\necho 4 >/sys/class/net/$1/device/sriov_numvfs\n");
	tree_file(tree, file, unit);
	disabled = find(tree);
	assert_string_equal(disabled, "not usr/local/bin/vfs.sh:3");
	tree_link(tree, link, "../vfs.service");
	enabled = find(tree);
	assert_string_equal(enabled, "usr/local/bin/vfs.sh:3");
	tree_delete(tree, link);
	tree_link(tree, "etc/systemd/system/timers.target.wants/vfs.timer", "../vfs.timer");
	timer = find(tree);
	assert_string_equal(timer, "usr/local/bin/vfs.sh:3");
	tree_delete(tree, "etc/systemd/system/timers.target.wants");
	tree_delete(tree, file);
	tree_file(tree, "etc/systemd/system/vfs@.service",
		  "[Service]\nExecStart=/bin/sh -c 'echo 4 > "
		  "/sys/class/net/%i/device/sriov_numvfs'\n[Install]\nWantedBy=basic.target\n");
	tree_link(tree, "etc/systemd/system/basic.target.wants/vfs@eno1.service",
		  "../vfs@.service");
	template = find(tree);
	assert_string_equal(template, "etc/systemd/system/vfs@.service:2");
	tree_delete(tree, "etc/systemd/system/vfs@.service");
	tree_file(tree, "usr/lib/systemd/system/a.service",
		  "[Service]\nExecStart=/bin/sh -c 'echo 1 >/sys/class/net/eno1/device/"
		  "sriov_numvfs'\n");
	static_unit = find(tree);
	assert_string_equal(static_unit, "usr/lib/systemd/system/a.service:2");
}

/* i915's and xe's max_vfs= only limits the number. */
static void test_limit(void **state)
{
	auto_free char *seen = NULL, *other = NULL;
	struct tree *tree = *state;

	tree_driver(tree, "i915", "i915");
	tree_bind(tree, PF, "i915");
	tree_file(tree, "proc/cmdline", "i915.max_vfs=7\n");
	seen = find(tree);
	assert_string_equal(seen, "");
	/* Of a PF without driver any module may be the one. */
	tree_bind(tree, PF, NULL);
	other = find(tree);
	assert_string_equal(other, "proc/cmdline:1");
}

/* A file that cannot be read may set it. */
static void test_unreadable(void **state)
{
	auto_setters_pf struct setters_pf about = {0};
	auto_setters struct setters found = {0};
	struct tree *tree = *state;

	assert_int_equal(setters_pf_read(&tree->root, &pf, &about), 0);
	tree_file(tree, "etc/sysfs.d/x", "");
	tree_obscure(tree, "etc/sysfs.d");
	assert_int_equal(setters_find(&tree->root, NULL, &about, &found), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_other_names, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_replaced, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_units, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
