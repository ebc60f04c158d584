// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The script of the initramfs, run by the shells that one may have, on a made-up sysfs: which
 * devices it gives to vfio-pci. It must say the same as host/pci/early/early.c.
 */
#include "earlycase.h"

#include <stdio.h>
#include <sys/stat.h>

#include "host/pci/early/early.h"
#include "host/setup/early/early_images.h"
#include "host/setup/early/early_script.h"

static const struct early_case
	card = {"pci0000:00/0000:00:1c.0/0000:01:00.0", 0x10de, 0x1b80, 0x030000, 0xa1, 0, NULL},
	twin = {"pci0000:00/0000:00:1d.0/0000:02:00.0", 0x10de, 0x1b80, 0x030000, 0xa1, 0, NULL},
	nic = {"pci0000:00/0000:00:02.0", 0x8086, 0x10d3, 0x020000, 0, 0x525400fffe0a0b01, NULL},
	nic2 = {"pci0000:00/0000:00:03.0", 0x8086, 0x10d3, 0x020000, 0, 0x525400fffe0a0b02, NULL},
	other = {"pci0000:00/0000:00:04.0", 0x8086, 0x1533, 0x020000, 0, 0, NULL};

/* dash, and what else is here. */
static const char *const shells[] = {"dash", "busybox sh", "bash --posix", "/usr/lib/klibc/bin/sh"};

static void add(struct tree *tree, struct early_list *list, const struct early_case *device,
		bool held)
{
	struct early_entry entry = {.held = held};
	struct bdf bdf;

	assert_int_equal(bdf_parse(strrchr(device->at, '/') + 1, &bdf), 0);
	assert_int_equal(early_id_read(&tree->root, &bdf, &entry.id), 0);
	entry.with = bdf;
	assert_int_equal(early_list_add(list, &entry), 0);
}

static int run(struct tree *tree, const char *shell)
{
	/* modprobe is a fake; od, cat and the like are the host's. */
	auto_free char *command = fs_path("cd / && PATH=%s/bin:$PATH exec %s %s/script 2>%s/stderr",
					  tree->root.path, shell, tree->root.path, tree->root.path);
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Writes the script, with its root in the tree. */
static void put_script(struct tree *tree, const struct early_list *list)
{
	auto_free char *text = early_script_text(list), *here = NULL;
	char *at = strstr(text, "\nroot=\n");

	assert_non_null(at);
	here = fs_path("%.*s\nroot=%s\n%s", (int)(at - text), text, tree->root.path,
		       at + strlen("\nroot=\n"));
	tree_file(tree, "script", here);
}

static void reset(struct tree *tree)
{
	static const char *const names[] = {"0000:01:00.0", "0000:02:00.0", "0000:00:02.0",
					    "0000:00:03.0", "0000:00:04.0"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *link = fs_path("sys/bus/pci/devices/%s", names[i]);
		auto_free char *path = fs_path("%s/driver_override", link);

		if (tree_has(tree, link))
			tree_file(tree, path, "(null)\n");
	}
	tree_file(tree, "dev/kmsg", "");
	tree_file(tree, "sys/bus/pci/drivers_probe", "");
	tree_delete(tree, EARLY_SEEN_PATH);
	tree_delete(tree, "loaded");
}

/* In each shell: the devices HELD ("0000:01:00.0 0000:00:02.0 ") get vfio-pci, no other does, and
 * the kernel's log has TEXT. */
static void assert_held(struct tree *tree, const char *held, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		auto_free char *word = strndup(shells[i], strcspn(shells[i], " "));
		auto_free char *there = fs_path("command -v %s >/dev/null", word);
		auto_free char *log = NULL, *seen = strdup(""), *errors = NULL;
		auto_names struct fs_names devices = {0};

		if (system(there))
			continue;
		reset(tree);
		assert_int_equal(run(tree, shells[i]), 0);
		assert_int_equal(fs_list(&tree->root, "sys/bus/pci/devices", &devices), 0);
		for (size_t d = 0; d < devices.n; d++) {
			auto_free char *before = seen;

			seen = fs_path("%s%s%s", before,
				       strcmp(tree_override_of(tree, devices.items[d]), "vfio-pci")
					       ? ""
					       : devices.items[d],
				       strcmp(tree_override_of(tree, devices.items[d]), "vfio-pci")
					       ? ""
					       : " ");
		}
		errors = tree_text(tree, "stderr");
		if (strcmp(seen, held) || *errors)
			fail_msg("%s: holds %s, not %s\n%s", shells[i], seen, held, errors);
		assert_int_equal(tree_has(tree, "loaded"), *held != '\0');
		log = tree_text(tree, "dev/kmsg");
		if (!strstr(log, text))
			fail_msg("%s: \"%s\" is not in: %s", shells[i], text, log);
	}
}

static int setup(void **state)
{
	struct tree *tree;
	const struct early_case *all[] = {&card, &twin, &nic, &nic2, &other};

	if (tree_setup(state))
		return -1;
	tree = *state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		early_case_put(tree, all[i]);
	tree_file(tree, "proc/cmdline", "quiet splash\n");
	tree_file(tree, "sbin/modprobe",
		  "#!/bin/sh\n[ \"$*\" = vfio-pci ] && : >\"${0%/sbin/*}/loaded\"\n");
	tree_mode(tree, "sbin/modprobe", 0755);
	return 0;
}

static void test_holds_those_alone(void **state)
{
	struct early_list list = {0};
	struct tree *tree = *state;

	add(tree, &list, &card, true);
	add(tree, &list, &twin, false);
	add(tree, &list, &nic, false);
	add(tree, &list, &nic2, true);
	put_script(tree, &list);
	early_list_free(&list);
	assert_held(tree, "0000:00:03.0 0000:01:00.0 ", "0000:01:00.0 is held early for vfio-pci");
	tree_file(tree, "proc/cmdline", "quiet pve_passthrough.early=0 splash\n");
	assert_held(tree, "", "no device is held early");
	tree_file(tree, "proc/cmdline", "quiet xpve_passthrough.early=01\n");
	assert_held(tree, "0000:00:03.0 0000:01:00.0 ", "");
}

static void test_a_kind_that_changed(void **state)
{
	static const struct early_case third = {
		"pci0000:00/0000:00:1e.0/0000:03:00.0", 0x10de, 0x1b80, 0x030000, 0xa1, 0, NULL};
	struct early_case a = nic, b = nic2;
	struct early_list list = {0};
	struct tree *tree = *state;
	auto_free char *seen = NULL;

	add(tree, &list, &card, true);
	add(tree, &list, &twin, false);
	add(tree, &list, &nic, true);
	add(tree, &list, &nic2, false);
	put_script(tree, &list);
	early_list_free(&list);
	early_case_put(tree, &third);
	assert_held(tree, "0000:00:02.0 ", "one of its kind has appeared");
	seen = tree_text(tree, EARLY_SEEN_PATH);
	assert_string_equal(seen, "hold 0000:00/02.0\nchanged 0000:00/1c.0/00.0\n");
	early_case_remove(tree, &third);
	early_case_remove(tree, &twin);
	assert_held(tree, "0000:00:02.0 ", "slot 0000:00/1c.0/00.0 is not held");
	a.serial = nic2.serial;
	b.serial = nic.serial;
	early_case_put(tree, &a);
	early_case_put(tree, &b);
	assert_held(tree, "", "slot 0000:00/02.0 is not held");
}

/* The bus of the card has another number than when it was set up. */
static void test_buses_are_renumbered(void **state)
{
	static const struct early_case moved = {
		"pci0000:00/0000:00:1c.0/0000:05:00.0", 0x10de, 0x1b80, 0x030000, 0xa1, 0, NULL};
	struct early_list list = {0};
	struct tree *tree = *state;

	add(tree, &list, &card, true);
	add(tree, &list, &twin, false);
	put_script(tree, &list);
	early_list_free(&list);
	early_case_remove(tree, &card);
	early_case_put(tree, &moved);
	assert_held(tree, "0000:05:00.0 ", "0000:05:00.0 is held");
}

static void test_a_driver_was_first(void **state)
{
	struct early_list list = {0};
	struct tree *tree = *state;

	add(tree, &list, &other, true);
	put_script(tree, &list);
	early_list_free(&list);
	tree_driver(tree, "igb", NULL);
	early_case_bind(tree, &other, "igb");
	assert_held(tree, "", "0000:00:04.0 is not held early: a driver of the kernel itself");
}

static void test_order(void **state)
{
	static const char tail[] = " \"$@\"\n[ -e /conf/param.conf ] && . /conf/param.conf\n";
	auto_free char *ours = fs_path("/scripts/init-top/%s%s", EARLY_SCRIPT_NAME, tail);
	auto_free char *udev = fs_path("/scripts/init-top/udev%s", tail);
	auto_free char *good = fs_path("%s/scripts/init-top/blacklist%s%s", ours, tail, udev);
	auto_free char *bad = fs_path("%s%s", udev, ours);

	(void)state;
	assert_int_equal(early_order_place(good), EARLY_BEFORE);
	assert_int_equal(early_order_place(bad), EARLY_AFTER);
	assert_int_equal(early_order_place(ours), EARLY_BEFORE);
	assert_int_equal(early_order_place(udev), EARLY_ABSENT);
	assert_int_equal(early_order_place(""), EARLY_ABSENT);
}

/* Microcode, not compressed; zeroes; and the rest, compressed. */
static void test_images(void **state)
{
	struct tree *tree = *state;
	auto_free char *why = NULL;
	auto_free char *make = fs_path(
		"cd %s && mkdir -p boot early/kernel main/scripts/init-top && : >boot/vmlinuz-6.8 &&"
		" echo x >early/kernel/x && echo '/scripts/init-top/%s \"$@\"' "
		">main/scripts/init-top/ORDER &&"
		" (cd early && find . | cpio --quiet -o -H newc >../boot/initrd.img-6.8) &&"
		" (cd main && find * | cpio --quiet -o -H newc | gzip >>../boot/initrd.img-6.8) &&"
		" cp boot/initrd.img-6.8 boot/initrd.img-6.7",
		tree->root.path, EARLY_SCRIPT_NAME);

	if (system("command -v cpio >/dev/null"))
		skip();
	assert_int_equal(system(make), 0);
	assert_int_equal(early_images_check(&tree->root, true, &why), 0);
	assert_int_equal(early_images_check(&tree->root, false, &why), -ENODATA);
	assert_non_null(strstr(why, "/boot/initrd.img-6.8 still has the script"));
	free(TAKE_PTR(why));
	tree_file(tree, "boot/initrd.img-6.8", "no archive");
	assert_int_equal(early_images_check(&tree->root, true, &why), -EPROTONOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_holds_those_alone, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_a_kind_that_changed, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_buses_are_renumbered, setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_a_driver_was_first, setup, tree_teardown),
		cmocka_unit_test(test_order),
		cmocka_unit_test_setup_teardown(test_images, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
