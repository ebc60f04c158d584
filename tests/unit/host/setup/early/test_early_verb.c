// SPDX-License-Identifier: GPL-2.0-or-later
/* `host-setup early`: what it refuses, writes and undoes, on a made-up host. */
#include "earlycase.h"
#include "hostcase.h"
#include "keep_json.h"

#include <stdio.h>
#include <unistd.h>

#include "host/pci/summary.h"
#include "host/setup/check/unfinished.h"
#include "host/setup/early/early_items.h"
#include "host/setup/early/early_verb.h"

#define CONF   "etc/pve-passthrough.d/host.conf"
#define SCRIPT "etc/initramfs-tools/scripts/init-top/00-pve-passthrough"
#define HOOK   "etc/initramfs-tools/hooks/pve-passthrough"

static const struct early_case
	card = {"pci0000:00/0000:00:1c.0/0000:01:00.0", 0x10de, 0x1b80, 0x030000, 0xa1, 0, NULL},
	sound = {"pci0000:00/0000:00:1c.0/0000:01:00.1", 0x10de, 0x10f0, 0x040300, 0xa1, 0, NULL},
	twin = {"pci0000:00/0000:00:1d.0/0000:02:00.0", 0x10de, 0x1b80, 0x030000, 0xa1, 0, NULL},
	nvme = {"pci0000:00/0000:00:1e.0/0000:03:00.0", 0x1b36, 0x0010, 0x010802, 2, 0, NULL},
	nvme2 = {"pci0000:00/0000:00:1f.0/0000:04:00.0", 0x1b36, 0x0010, 0x010802, 2, 0, NULL},
	nic = {"pci0000:00/0000:00:02.0", 0x8086, 0x10d3, 0x020000, 0, 0x525400fffe0a0b01, NULL};

static struct tree of(struct hosttree *host)
{
	return (struct tree){.root = {.fd = host->root.fd, .path = host->dir}};
}

static void build(struct hosttree *host)
{
	auto_hostcase struct hostcase made = {0};
	const struct early_case *all[] = {&card, &sound, &twin, &nvme, &nic};
	struct tree tree;

	hostcase_read("grub-intel", &made);
	hostcase_build(host, &made);
	tree = of(host);
	hosttree_text(host, "usr/sbin/mkinitramfs", "");
	tree_folder(&tree, "etc/initramfs-tools/scripts/init-top");
	tree_folder(&tree, "etc/initramfs-tools/hooks");
	hosttree_text(host, "etc/network/interfaces", "auto lo\n");
	hosttree_text(host, "proc/1/mountinfo", "");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		early_case_put(&tree, all[i]);
	early_case_group(&tree, &card, 1);
	early_case_group(&tree, &sound, 1);
	early_case_group(&tree, &nvme, 2);
	early_case_group(&tree, &nic, 3);
}

static int call(const struct fs_root *root, const void *options)
{
	return early_run(root, options, NULL);
}

/* Runs it with ADDRESSES, words; "-" before them: --remove. */
static struct hosttree_run run(struct hosttree *host, const char *addresses, bool yes)
{
	auto_free char *text = strdup(addresses + (*addresses == '-'));
	char *words[8] = {NULL}, *rest = text, *word;
	struct setup_options options = {
		.yes = yes, .remove = *addresses == '-', .addresses = words};
	size_t n = 0;

	while ((word = strsep(&rest, " ")))
		if (*word)
			words[n++] = word;
	return hosttree_run(host, call, &options);
}

/* Ends the test unless it ends with CODE and says TEXT. */
static void ends(struct hosttree *host, const char *addresses, int code, const char *text)
{
	auto_run struct hosttree_run done = run(host, addresses, true);

	hosttree_assert_code(&done, code);
	hosttree_assert_says(&done, text);
}

/* The list for programs. */
static void keep_list(struct hosttree *host)
{
	char *none[] = {NULL};
	const struct setup_options options = {.json = true, .addresses = none};
	auto_run struct hosttree_run printed = hosttree_run(host, call, &options);
	auto_json json_object *root = NULL;

	hosttree_assert_code(&printed, 0);
	root = keep_json(printed.output, "early", "list");
	assert_string_equal(json_text(root, "/devices/0/state"), "next-boot");
}

static void test_held_and_undone(void **state)
{
	auto_hosttree struct hosttree host = {0};
	auto_free char *before = NULL, *conf = NULL, *script = NULL, *commands = NULL;
	auto_run struct hosttree_run asked = {0};

	(void)state;
	build(&host);
	before = hosttree_render(&host);
	ends(&host, "", 0, "no device is held early");
	ends(&host, "-0000:01:00.0", 0, "nothing to undo");
	asked = run(&host, "0000:01:00.0", false);
	hosttree_assert_code(&asked, 2);
	hosttree_assert_says(&asked, "+hold pci:v000010DEd00001B80");
	hosttree_assert(&host, before, "nobody answered");
	hosttree_forget_commands(&host);
	ends(&host, "01:00.0", 0, "pve_passthrough.early=0");
	commands = hosttree_commands(&host);
	assert_non_null(strstr(commands, "update-initramfs -u -k all"));
	conf = hosttree_read(&host, CONF);
	assert_non_null(strstr(conf, "address = \"0000:01:00.0\"; path = \"0000:00/1c.0/00.0\""));
	assert_non_null(strstr(conf, "held = true; with = \"0000:01:00.0\""));
	script = hosttree_read(&host, SCRIPT);
	assert_non_null(strstr(script, "hold pci:v000010DEd00001B80sv00000000sd00000000bc03sc00i00 "
				       "0xa1 0000:00/1c.0/00.0 -\n"));
	assert_non_null(strstr(script, "bc04sc03i00 0xa1 0000:00/1c.0/00.1 -\n"));
	assert_non_null(strstr(script, "twin pci:v000010DEd00001B80sv00000000sd00000000bc03sc00i00 "
				       "0xa1 0000:00/1d.0/00.0 -\n"));
	ends(&host, "01:00.0", 0, "nothing to change");
	ends(&host, "", 0, "held early from the next boot on");
	keep_list(&host);
	ends(&host, "00:02.0", 0, "from the next boot on no driver of the host has 0000:00:02.0");
	ends(&host, "-01:00.0", 0, "others are still held");
	free(conf);
	conf = hosttree_read(&host, CONF);
	assert_null(strstr(conf, "0000:01:00.1"));
	ends(&host, "-00:02.0", 0, "nothing is held early");
	hosttree_assert(&host, before, "undone");
}

/* initramfs-tools runs what can be run. */
static void test_modes(void **state)
{
	auto_hosttree struct hosttree host = {0};
	auto_free char *tree = NULL;

	(void)state;
	build(&host);
	ends(&host, "00:02.0", 0, "");
	tree = hosttree_render(&host);
	assert_non_null(strstr(tree, "== 100755 0:0 " SCRIPT "\n"));
	assert_non_null(strstr(tree, "== 100755 0:0 " HOOK "\n"));
	assert_non_null(strstr(tree, "== 100644 0:0 " CONF "\n"));
}

static void refused(struct hosttree *host, const char *addresses, const char *text,
		    const char *reason)
{
	auto_free char *before = hosttree_render(host), *name = fs_path("early-%s", reason);
	char *words[] = {(char *)addresses, NULL};
	const struct setup_options json = {.json = true, .yes = true, .addresses = words};
	auto_run struct hosttree_run printed = {0};
	auto_json json_object *root = NULL;
	const char *object;

	ends(host, addresses, 2, text);
	hosttree_assert(host, before, addresses);
	printed = hosttree_run(host, call, &json);
	hosttree_assert_code(&printed, 2);
	hosttree_assert(host, before, addresses);
	object = strstr(printed.output, "{\n  \"verdict\":");
	assert_non_null(object);
	root = keep_json(object, "change", name);
	assert_string_equal(json_text(root, "/verdict"), "refused");
	assert_string_equal(json_text(root, "/refusals/0/reason"), reason);
}

static void test_refused(void **state)
{
	static const struct early_case numbered[] = {
		{"pci0000:00/0000:00:05.0/0000:05:00.0", 0x144d, 0xa80a, 0x010802, 0, 7, NULL},
		{"pci0000:00/0000:00:06.0/0000:06:00.0", 0x144d, 0xa80a, 0x010802, 0, 8, NULL},
	};
	auto_hosttree struct hosttree host = {0};
	struct tree tree;

	(void)state;
	build(&host);
	tree = of(&host);
	refused(&host, "0000:99:00.0", "there is no PCI device at 0000:99:00.0", "absent");
	early_case_put(&tree, &nvme2);
	refused(&host, "03:00.0", "storage controller with a twin", "twin");
	early_case_remove(&tree, &nvme2);
	early_case_put(&tree, &numbered[0]);
	early_case_put(&tree, &numbered[1]);
	ends(&host, "05:00.0", 0, "0000:05:00.0");
	ends(&host, "-05:00.0", 0, "");
	hosttree_text(&host, "etc/fstab",
		      "/dev/disk/by-path/pci-0000:03:00.0-nvme-1 /x ext4 defaults\n");
	refused(&host, "03:00.0", "/etc/fstab:1: /dev/disk/by-path", "used-at-boot");
	*host.root.path =
		*host.dir; /* no more the running system, whose interfaces would be read */
	tree_driver(&tree, "igb", NULL);
	early_case_bind(&tree, &nic, "igb");
	refused(&host, "00:02.0", "driver igb is part of the kernel itself", "built-in");
	tree_driver(&tree, "igb", "igb");
	tree_file(&tree, "sys/devices/pci0000:00/0000:00:02.0/net/eno1/flags", "0x1002\n");
	tree_link(&tree, "sys/class/net/eno1", "../../devices/pci0000:00/0000:00:02.0/net/eno1");
	hosttree_text(&host, "etc/network/interfaces",
		      "iface vmbr0 inet manual\n\tbridge-ports eno1\n");
	refused(&host, "00:02.0", "/etc/network/interfaces:2: bridge-ports eno1", "used-at-boot");
	hosttree_text(&host, SCRIPT, "#!/bin/sh\n# mine\n");
	refused(&host, "01:00.0", "host-setup did not write it", "file");
	tree_delete(&tree, "usr/sbin/mkinitramfs");
	hosttree_text(&host, "usr/bin/dracut", "");
	refused(&host, "01:00.0", "force_drivers+=", "initramfs");
	ends(&host, "01:00.0", 2,
	     "rm /etc/dracut.conf.d/vfio-early.conf /etc/modprobe.d/vfio-early.conf; dracut");
	/* initramfs-tools was removed, and not purged. */
	hosttree_text(&host, "etc/kernel/postinst.d/initramfs-tools", "");
	refused(&host, "01:00.0", "apt-get install initramfs-tools", "initramfs");
	hosttree_text(&host, "var/lib/dpkg/info/initramfs-tools.list", "");
	refused(&host, "01:00.0", "force_drivers+=", "initramfs");
	hosttree_text(&host, "usr/sbin/mkinitramfs", "");
	refused(&host, "01:00.0", "force_drivers+=", "initramfs");
	hosttree_text(&host, "var/lib/dpkg/info/initramfs-tools.md5sums", "");
	refused(&host, "01:00.0", "host-setup did not write it", "file");
}

static void test_what_sriov_keeps(void **state)
{
	auto_hosttree struct hosttree host = {0};
	auto_free char *before = NULL;

	(void)state;
	build(&host);
	hosttree_text(
		&host, CONF,
		"# Written by `host-setup sriov`; do not edit: `host-setup sriov ADDRESS N` "
		"changes it, N = 0 undoes it.\n"
		"format = 1;\nmade_directory = true;\nenabled_service = true;\nsriov = (\n"
		"  { address = \"0000:00:02.0\"; id = \"8086:10d3\"; vfs = 2; host_driver = false; }\n"
		");\n");
	before = hosttree_render(&host);
	refused(&host, "00:02.0", "is to have VFs at every boot", "makes-vfs");
	ends(&host, "01:00.0", 0, "");
	ends(&host, "-01:00.1", 0, "others are still held");
	ends(&host, "-01:00.0", 0, "");
	hosttree_assert(&host, before, "with host.conf of sriov");
}

/* Whether `check` says that COMMAND is to be run once more. */
static bool is_unfinished(struct hosttree *host, const char *command)
{
	auto_checklist struct checklist list = {0};

	assert_int_equal(unfinished_check(&host->root, &list), 0);
	if (list.n)
		assert_non_null(strstr(list.items[0].cure, command));
	return list.n;
}

/* Killed at each step, it can be undone. */
static void test_power_cuts(void **state)
{
	unsigned int at = 1, said = 0;

	(void)state;
	for (bool more = true; more; at++) {
		auto_hosttree struct hosttree host = {0};
		auto_free char *before = NULL;
		auto_run struct hosttree_run died = {0}, done = {0}, again = {0};

		build(&host);
		before = hosttree_render(&host);
		hosttree_cut(CUT_AFTER, at);
		died = run(&host, "01:00.0", true);
		hosttree_cut(CUT_NEVER, 0);
		more = died.code == HOSTTREE_DEAD;
		said += is_unfinished(&host, "host-setup early 01:00.0");
		again = run(&host, "01:00.0", true);
		hosttree_assert_code(&again, 0);
		assert_false(is_unfinished(&host, ""));
		done = run(&host, "-01:00.0", true);
		hosttree_assert_code(&done, 0);
		hosttree_assert(&host, before, "after a power cut");
	}
	assert_true(at > 5 && said > 3);
}

/* The same for the undo: what has been removed may still be in the initramfs. */
static void test_power_cuts_in_undo(void **state)
{
	unsigned int at = 1, said = 0;

	(void)state;
	for (bool more = true; more; at++) {
		auto_hosttree struct hosttree host = {0};
		auto_free char *before = NULL, *commands = NULL, *empty = NULL;
		auto_run struct hosttree_run died = {0}, again = {0};

		build(&host);
		empty = fs_path("%s/var/lib/pve-passthrough", host.dir);
		before = hosttree_render(&host);
		ends(&host, "01:00.0", 0, "");
		hosttree_forget_commands(&host);
		hosttree_cut(CUT_AFTER, at);
		died = run(&host, "-01:00.0", true);
		hosttree_cut(CUT_NEVER, 0);
		more = died.code == HOSTTREE_DEAD;
		said += is_unfinished(&host, "host-setup early --remove 01:00.0");
		again = run(&host, "-01:00.0", true);
		hosttree_assert_code(&again, 0);
		commands = hosttree_commands(&host);
		if (!strstr(commands, "update-grub"))
			fail_msg("after step %u: only %s was run", at, commands);
		/* The last step of all. */
		(void)!rmdir(empty);
		hosttree_assert(&host, before, "after a power cut");
	}
	assert_true(at > 5 && said > 3);
}

static void assert_cure(struct hosttree *host, const char *cure)
{
	auto_checklist struct checklist list = {0};
	bool said = false;

	assert_int_equal(early_check(&host->root, &list), 0);
	for (size_t i = 0; i < list.n; i++)
		said |= list.items[i].cure && !strcmp(list.items[i].cure, cure);
	assert_true(said);
}

/* Another card in the slot of one that was held, or at an address that it had. */
static void test_card_is_replaced(void **state)
{
	static const struct early_case other = {"pci0000:00/0000:00:1c.0/0000:01:00.0",
						0x1002,
						0x73bf,
						0x030000,
						0xc1,
						0,
						NULL},
				       moved = {"pci0000:00/0000:00:1d.0/0000:01:00.0",
						0x10de,
						0x1b80,
						0x030000,
						0xa1,
						0,
						NULL},
				       first = {"pci0000:00/0000:00:1c.0/0000:02:00.0",
						0x10de,
						0x1b80,
						0x030000,
						0xa1,
						0,
						NULL};
	auto_hosttree struct hosttree host = {0};
	auto_free char *gone = NULL, *conf = NULL;
	struct tree tree;

	(void)state;
	build(&host);
	tree = of(&host);
	ends(&host, "01:00.0", 0, "");
	early_case_remove(&tree, &card);
	early_case_remove(&tree, &sound);
	early_case_put(&tree, &other);
	ends(&host, "01:00.0", 0, "in slot 0000:00/1c.0/00.0 is no longer there: it is forgotten");
	ends(&host, "01:00.0", 0, "nothing to change");
	ends(&host, "", 0, "0000:01:00.1");
	ends(&host, "-01:00.0", 0, "nothing is held early");
	gone = hosttree_read(&host, CONF);
	assert_null(gone);

	/* Buses are numbered anew: each has the address that the other had. */
	early_case_remove(&tree, &other);
	early_case_put(&tree, &card);
	ends(&host, "01:00.0", 0, "");
	early_case_remove(&tree, &card);
	early_case_remove(&tree, &twin);
	early_case_put(&tree, &moved);
	early_case_put(&tree, &first);
	early_case_put(&tree, &sound);
	hosttree_text(&host, SCRIPT, "#!/bin/sh\n# Written by `host-setup early`\n");
	assert_cure(&host, "write it again: host-setup early 0000:02:00.0");
	ends(&host, "01:00.1", 0, "");
	ends(&host, "-01:00.1", 0, "others are still held");
	conf = hosttree_read(&host, CONF);
	assert_non_null(strstr(conf, "held = true"));
	ends(&host, "-02:00.0", 0, "nothing is held early");
}

/* One that is gone was where another is now, and each has more of its group. */
static void test_shared_address(void **state)
{
	static const struct early_case other = {"pci0000:00/0000:00:1d.0/0000:01:00.0",
						0x1002,
						0x73bf,
						0x030000,
						0xc1,
						0,
						NULL},
				       others = {"pci0000:00/0000:00:1d.0/0000:01:00.1",
						 0x1002,
						 0xab28,
						 0x040300,
						 0xc1,
						 0,
						 NULL};

	(void)state;
	for (int ghost = 0; ghost < 2; ghost++) {
		auto_hosttree struct hosttree host = {0};
		auto_free char *conf = NULL;
		struct tree tree;

		build(&host);
		tree = of(&host);
		ends(&host, "01:00.0", 0, "");
		early_case_remove(&tree, &card);
		early_case_remove(&tree, &sound);
		early_case_remove(&tree, &twin);
		early_case_put(&tree, &other);
		early_case_put(&tree, &others);
		early_case_group(&tree, &other, 1);
		early_case_group(&tree, &others, 1);
		ends(&host, "01:00.0", 0, "");
		assert_cure(&host, "to forget it: host-setup early --remove 0000:00/1c.0/00.0");
		ends(&host, ghost ? "-0000:00/1c.0/00.0" : "-01:00.0", 0,
		     ghost ? "0000:01:00.0 in slot 0000:00/1d.0/00.0 stays held"
			   : "to forget it, too: host-setup early --remove 0000:00/1c.0/00.0");
		conf = hosttree_read(&host, CONF);
		assert_non_null(strstr(conf, ghost ? "/1d.0/00.0" : "/1c.0/00.0"));
		assert_non_null(strstr(conf, ghost ? "/1d.0/00.1" : "/1c.0/00.1"));
		assert_null(strstr(conf, ghost ? "/1c.0/00" : "/1d.0/00"));
		ends(&host, "-01:00.0", 0, "nothing is held early");
	}
}

/* update-initramfs is told to do nothing: neither is anything held, nor undone. */
static void test_no_initramfs(void **state)
{
	static const char conf[] = "etc/initramfs-tools/update-initramfs.conf";
	auto_hosttree struct hosttree host = {0};
	auto_free char *before = NULL, *held = NULL;

	(void)state;
	build(&host);
	hosttree_text(&host, conf, "update_initramfs=no\n");
	before = hosttree_render(&host);
	ends(&host, "00:02.0", 2, "update-initramfs.conf:1: update_initramfs=no");
	hosttree_assert(&host, before, "refused");
	hosttree_text(&host, conf, "update_initramfs=yes\n");
	ends(&host, "00:02.0", 0, "");
	hosttree_text(&host, conf, "update_initramfs=no\n");
	held = hosttree_render(&host);
	ends(&host, "-00:02.0", 2, "set update_initramfs=yes there");
	hosttree_assert(&host, held, "the undo refused");
}

/* An image that runs the script too late: all is put back. */
static void test_order_is_verified(void **state)
{
	auto_hosttree struct hosttree host = {0};
	auto_free char *before = NULL;
	auto_free char *command = NULL;

	(void)state;
	if (system("command -v cpio >/dev/null"))
		skip();
	build(&host);
	command = fs_path(
		"cd %s && mkdir -p boot/x/scripts/init-top && : >boot/vmlinuz-9 && cd boot/x && "
		"printf '/scripts/init-top/udev\\n/scripts/init-top/00-pve-passthrough\\n' "
		">scripts/init-top/ORDER && find * | cpio --quiet -o -H newc >../initrd.img-9 && cd .. "
		"&& rm -r x",
		host.dir);
	assert_int_equal(system(command), 0);
	before = hosttree_render(&host);
	ends(&host, "00:02.0", 1, "initrd.img-9 runs 00-pve-passthrough after udev");
	hosttree_assert(&host, before, "put back");
}

/* The items of check that are about a device are STATUS, and one of them says TEXT. */
static void assert_checked(struct hosttree *host, enum check_status status, const char *text)
{
	auto_checklist struct checklist list = {0};
	bool said = false;

	assert_int_equal(early_check(&host->root, &list), 0);
	assert_true(list.n > 0);
	for (size_t i = 0; i < list.n; i++) {
		assert_string_equal(list.items[i].name, "early");
		said |= list.items[i].status == status && strstr(list.items[i].what, text);
	}
	if (!said)
		fail_msg("\"%s\" is not in: %s", text, list.items[0].what);
}

static void assert_summary(struct hosttree *host, const char *text)
{
	auto_summaries struct device_summaries devices = {0};
	struct bdf bdf = {0, 1, 0, 0};
	const struct device_summary *device;

	assert_int_equal(device_summaries_read(&host->root, &devices), 0);
	device = device_summaries_find(&devices, &bdf);
	assert_non_null(device->early);
	assert_non_null(strstr(device->early, text));
}

static void test_check_and_groups(void **state)
{
	static const struct early_case third = {
		"pci0000:00/0000:00:07.0/0000:09:00.0", 0x10de, 0x1b80, 0x030000, 0xa1, 0, NULL};
	auto_hosttree struct hosttree host = {0};
	auto_checklist struct checklist none = {0};
	struct tree tree;

	(void)state;
	build(&host);
	tree = of(&host);
	assert_int_equal(early_check(&host.root, &none), 0);
	assert_int_equal(none.n, 0);
	ends(&host, "01:00.0", 0, "");
	assert_checked(&host, CHECK_NOTE, "0000:01:00.0: held early from the next boot on");
	assert_summary(&host, "from the next boot on");
	tree_driver(&tree, "vfio-pci", "vfio_pci");
	early_case_bind(&tree, &card, "vfio-pci");
	early_case_bind(&tree, &sound, "vfio-pci");
	assert_checked(&host, CHECK_OK, "0000:01:00.0: held early: no driver of the host");
	assert_summary(&host, "no driver of the host has seen it");
	ends(&host, "", 0, "others of its kind, which stay with the host: 1");
	hosttree_text(&host, SCRIPT, "#!/bin/sh\n# Written by `host-setup early`\n");
	assert_checked(&host, CHECK_WARNING, "is not what host-setup writes");
	ends(&host, "01:00.0", 0, "");
	early_case_put(&tree, &third);
	assert_checked(&host, CHECK_WARNING, "appeared at 0000:09:00.0");
	assert_summary(&host, "no longer held early");
	/* The cure that is printed cures. */
	ends(&host, "01:00.0", 0, "");
	assert_checked(&host, CHECK_OK, "0000:01:00.0: held early");
	tree_delete(&tree, CONF);
	assert_checked(&host, CHECK_WARNING, "holds devices at boot, and");
}

static void test_disable_says_what_stays(void **state)
{
	auto_hosttree struct hosttree host = {0};
	auto_hostcase struct hostcase made = {0};
	auto_run struct hosttree_run enabled = {0}, disabled = {0};

	(void)state;
	build(&host);
	hostcase_read("grub-intel", &made);
	ends(&host, "00:02.0", 0, "");
	enabled = hostcase_enable(&host, &made);
	hosttree_assert_code(&enabled, 0);
	ends(&host, "03:00.0", 0, "");
	disabled = hostcase_disable(&host, &made);
	hosttree_assert_code(&disabled, 0);
	hosttree_assert_says(&disabled, "host-setup early --remove 0000:00:02.0 0000:03:00.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_held_and_undone),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_what_sriov_keeps),
		cmocka_unit_test(test_power_cuts),
		cmocka_unit_test(test_power_cuts_in_undo),
		cmocka_unit_test(test_card_is_replaced),
		cmocka_unit_test(test_shared_address),
		cmocka_unit_test(test_no_initramfs),
		cmocka_unit_test(test_order_is_verified),
		cmocka_unit_test(test_check_and_groups),
		cmocka_unit_test(test_disable_says_what_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
