// SPDX-License-Identifier: GPL-2.0-or-later
/* What the config of a running container gives to it, in all the ways to write that. */
#include "host/usage/usage.h"

#include "tree.h"

#define BDF    "0000:03:00.0"
#define FOLDER "sys/devices/pci0000:00/" BDF

static void put_node(struct tree *tree, const char *name, unsigned int minor)
{
	auto_free char *dir = fs_path(FOLDER "/x/%u", minor), *node = fs_path("dev/%s", name);
	auto_free char *dev = fs_path("%s/dev", dir), *uevent = fs_path("%s/uevent", dir);
	auto_free char *numbers = fs_path("226:%u\n", minor);
	auto_free char *text = fs_path("MAJOR=226\nMINOR=%u\nDEVNAME=%s\n", minor, name);

	tree_file(tree, dev, numbers);
	tree_file(tree, uevent, text);
	tree_file(tree, node, "");
}

static size_t count(struct tree *tree)
{
	const struct usage_device device = {.bdf = {0, 3, 0, 0}, .class = 0x030000};
	auto_usage struct usage usage = {0};

	assert_int_equal(usage_read(&tree->root, &device, 1, &usage), 0);
	for (size_t i = 0; i < usage.n; i++) {
		assert_int_equal(usage.items[i].kind, USAGE_CONTAINER);
		assert_int_equal(usage.items[i].ctid, 105);
		assert_ptr_equal(strstr(usage.items[i].name, "/dev/"), usage.items[i].name);
		assert_false(usage.items[i].harmless);
	}
	return usage.n;
}

static void put_host(struct tree *tree)
{
	tree_device(tree, &(struct tree_device){.bdf = BDF, .class = 0x030000, .group = 3});
	put_node(tree, "dri/renderD128", 0);
	put_node(tree, "snd/controlC0", 1);
	put_node(tree, "snd/pcmC0D0p", 2);
	tree_link(tree, "dev/dri/by-path/pci-" BDF "-render", "../renderD128");
	tree_link(tree, "dev/sound-card", "snd");
	tree_link(tree, "dev/mine", "/dev/dri/renderD128");
	tree_file(tree, "dev/dri/renderD12", "");
	tree_file(tree, "dev/null", "");
	tree_folder(tree, "srv");
}

static void test_spellings(void **state)
{
	static const struct {
		const char *line;
		size_t n;
	} rows[] = {
		{"dev0: /dev/dri/renderD128", 1},
		{"dev0: /dev/dri/renderD128,gid=104,uid=0", 1},
		{"dev11: path=/dev/dri/renderD128,gid=104", 1},
		{"dev0: uid=1,path=/dev/dri/renderD128", 1},
		{"dev0: gid=44,/dev/dri/renderD128,deny-write=1", 1},
		{"dev0:uid=1, path=/dev/dri/renderD128\r", 1},
		{"dev0: /dev/dri/by-path/pci-" BDF "-render", 1},
		{"dev0: mode=0660,path=/dev/mine", 1},
		{"mp0: /dev/snd,mp=/dev/snd", 2},
		{"mp3: mp=/dev/snd,volume=/dev/snd", 2},
		{"mp0: /dev/sound-card/,mp=/sound", 2},
		{"rootfs: volume=/dev/snd/pcmC0D0p,size=8G", 1},
		{"lxc.mount.entry: /dev dev none rbind", 3},
		{"lxc.mount.entry: /dev/ dev none bind,optional 0 0", 3},
		{"lxc.mount.entry = /dev/snd dev/snd none bind,optional,create=dir", 2},
		{"lxc.mount.entry: /dev/snd/pcm\\103\\060D0p dev/x none bind,create=file", 1},
		{"lxc.mount.entry:\t/dev/dri/by-path/pci-" BDF "-render\tdev/x none bind", 1},
		/* Neighbours. */
		{"#dev0: /dev/dri/renderD128", 0},
		{"dev0: /dev/dri/renderD12", 0},
		{"dev0: /dev/null,uid=1", 0},
		{"dev: eloper=/dev/dri/renderD128", 0},
		{"mp0: local-lvm:vm-105-disk-1,mp=/dev/snd,size=8G", 0},
		{"mp0: /srv,mp=/dev/dri", 0},
		{"lxc.mount.entry: / mnt none bind", 0},
		{"lxc.mount.entry: /devices dev none bind", 0},
		{"lxc.cgroup2.devices.allow: c 226:* rwm", 0},
		{"lxc.cgroup2.devices.allow: a", 0},
		{"description: dev0: /dev/dri/renderD128", 0},
	};
	struct tree *tree = *state;

	put_host(tree);
	tree_folder(tree, "sys/fs/cgroup/lxc/105/ns");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = fs_path("arch: amd64\n%s\n[snap]\nmp0: /dev/snd,mp=/x\n",
					       rows[i].line);
		size_t n;

		tree_file(tree, "etc/pve/lxc/105.conf", text);
		n = count(tree);
		if (n != rows[i].n)
			print_error("%s: %zu nodes\n", rows[i].line, n);
		assert_int_equal(n, rows[i].n);
	}
}

/* Twice given is said once; the old hierarchy of control groups; a container that is stopped. */
static void test_running(void **state)
{
	struct tree *tree = *state;

	put_host(tree);
	tree_file(tree, "etc/pve/lxc/105.conf",
		  "dev0: /dev/snd/controlC0\nlxc.mount.entry: /dev/snd dev/snd none bind\n");
	assert_int_equal(count(tree), 0);
	tree_folder(tree, "sys/fs/cgroup/systemd/lxc/105");
	assert_int_equal(count(tree), 2);
	/* A control group is left over; but with its monitor's a container is being started. */
	tree_delete(tree, "sys/fs/cgroup/systemd");
	tree_file(tree, "sys/fs/cgroup/lxc/105/cgroup.events", "populated 0\nfrozen 0\n");
	assert_int_equal(count(tree), 0);
	tree_file(tree, "sys/fs/cgroup/lxc.monitor/105/cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(count(tree), 2);
	tree_delete(tree, "sys/fs/cgroup/lxc.monitor");
	tree_file(tree, "sys/fs/cgroup/lxc/105/cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(count(tree), 2);
	tree_obscure(tree, "etc/pve/lxc/105.conf");
	{
		const struct usage_device device = {.bdf = {0, 3, 0, 0}, .class = 0x030000};
		struct usage usage;

		assert_int_equal(usage_read(&tree->root, &device, 1, &usage), -ELOOP);
		/* While pve-cluster is restarted its directory is empty. */
		tree_delete(tree, "etc/pve/lxc");
		assert_int_equal(usage_read(&tree->root, &device, 1, &usage), -ENOTCONN);
	}
	/* Another manager's containers may have numbers, too. */
	tree_folder(tree, "etc/pve/lxc");
	assert_int_equal(count(tree), 0);
	tree_delete(tree, "etc/pve");
	assert_int_equal(count(tree), 0);
}

#define WITH_TREE(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TREE(test_spellings),
		WITH_TREE(test_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
