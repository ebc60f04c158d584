// SPDX-License-Identifier: GPL-2.0-or-later
/* By what devices are known that are held early, and whether they still are those that were there.
 */
#include "earlycase.h"

#include <fcntl.h>
#include <unistd.h>

#include "host/pci/early/early.h"
#include "host/pci/sriov_conf.h"

static const struct early_case
	card = {"pci0000:00/0000:00:1c.0/0000:01:00.0", 0x10de, 0x1b80, 0x030000, 0xa1, 0, NULL},
	twin = {"pci0000:00/0000:00:1d.0/0000:02:00.0",
		0x10de,
		0x1b80,
		0x030000,
		0xa1,
		0,
		"nouveau"},
	nic = {"pci0000:00/0000:00:02.0", 0x8086, 0x10d3, 0x020000, 0, 0x525400fffe000001, NULL},
	nic2 = {"pci0000:00/0000:00:03.0", 0x8086, 0x10d3, 0x020000, 0, 0x525400fffe000002, NULL};

static void assert_path(const char *target, int err, const char *want)
{
	char path[EARLY_PATH_SIZE] = "";

	assert_int_equal(early_path_parse(target, path), err);
	assert_string_equal(path, want);
}

static void test_path_of_slots(void **state)
{
	(void)state;
	assert_path("../../../devices/pci0000:00/0000:00:02.0", 0, "0000:00/02.0");
	assert_path(
		"../../../devices/pci0000:40/0000:40:01.1/0000:41:00.0/0000:42:08.0/0000:44:00.1",
		0, "0000:40/01.1/00.0/08.0/00.1");
	assert_path("../../../devices/platform/40000000.pcie/pci0001:00/0001:00:00.0", 0,
		    "0001:00/00.0");
	assert_path("../../../devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0", -EXDEV,
		    "");
	assert_path("../../../devices/pci0000:00", -EINVAL, "");
	assert_path("../../../devices/virtual/x", -EINVAL, "");
	assert_path("", -EINVAL, "");
}

static struct early_id id_of(struct tree *tree, const struct early_case *device)
{
	struct early_id id = {0};
	struct bdf bdf;

	assert_int_equal(bdf_parse(strrchr(device->at, '/') + 1, &bdf), 0);
	assert_int_equal(early_id_read(&tree->root, &bdf, &id), 0);
	return id;
}

static void test_identity(void **state)
{
	struct tree *tree = *state;
	struct early_id id;
	struct bdf vf = {0, 3, 0, 0};

	early_case_put(tree, &card);
	early_case_put(tree, &nic);
	id = id_of(tree, &card);
	assert_string_equal(id.path, "0000:00/1c.0/00.0");
	assert_string_equal(id.serial, "");
	assert_int_equal(id.revision, 0xa1);
	assert_string_equal(id_of(tree, &nic).serial, "525400fffe000001");
	assert_int_equal(early_id_read(&tree->root, &vf, &id), -ENODEV);
	early_case_put(tree, &(struct early_case){"pci0000:00/0000:03:00.0", 1, 2, 0, 0, 0, NULL});
	tree_link(tree, "sys/devices/pci0000:00/0000:03:00.0/physfn", "../0000:00:02.0");
	assert_int_equal(early_id_read(&tree->root, &vf, &id), -EXDEV);
}

static void assert_serial(struct tree *tree, const unsigned char *space, size_t len,
			  const char *expected)
{
	char serial[EARLY_SERIAL_SIZE] = "x";
	int fd;

	tree_bytes(tree, "config", space, len);
	fd = fs_open(&tree->root, "config", O_RDONLY, 0);
	assert_int_equal(early_serial_read(fd, serial), 0);
	assert_string_equal(serial, expected);
	close(fd);
	assert_int_equal(early_serial_read(fd, serial), -EBADF);
}

/* What looks like a list without end, or is cut off. */
static void test_serial_of_nonsense(void **state)
{
	struct tree *tree = *state;
	unsigned char space[4096];

	memset(space, 0xff, sizeof(space));
	assert_serial(tree, space, sizeof(space), "");
	memset(space, 0, sizeof(space));
	memcpy(space + 0x100, "\x01\x00\x01\x10", 4); /* its own successor */
	assert_serial(tree, space, sizeof(space), "");
	memcpy(space + 0x100, "\x03\x00\x01\x00", 4); /* a number of zeroes */
	assert_serial(tree, space, sizeof(space), "");
	space[0x104] = 7;
	assert_serial(tree, space, sizeof(space), "0000000000000007");
	assert_serial(tree, space, 0x108, "");
	assert_serial(tree, space, 64, "");
}

/* Writes host.conf with the devices, the first of which is held. */
static void hold_first(struct tree *tree, const struct early_case *first,
		       const struct early_case *second)
{
	auto_sriov_conf struct sriov_conf conf = {0};
	struct early_entry entry = {.id = id_of(tree, first), .held = true};
	auto_free char *text = NULL;

	entry.with = entry.id.bdf;
	assert_int_equal(early_list_add(&conf.early, &entry), 0);
	if (second) {
		entry = (struct early_entry){.id = id_of(tree, second)};
		assert_int_equal(early_list_add(&conf.early, &entry), 0);
	}
	text = sriov_conf_text(&conf);
	tree_file(tree, SRIOV_CONF_PATH, text);
}

/* The state of the only item, and that its reason has TEXT (NULL: it has none). */
static void assert_item(struct tree *tree, enum early_state state, const char *text)
{
	auto_early struct early early = {0};

	assert_int_equal(early_read(&tree->root, &early), 0);
	assert_int_equal(early.conf_err, 0);
	assert_int_equal(early.n, 1);
	assert_string_equal(early_state_name(early.items[0].state), early_state_name(state));
	if (text && (!early.items[0].why || !strstr(early.items[0].why, text)))
		fail_msg("\"%s\" is not in: %s", text, early.items[0].why);
	assert_true(text || !early.items[0].why);
}

static void test_states(void **state)
{
	struct tree *tree = *state;

	tree_vfio(tree);
	tree_driver(tree, "nouveau", "nouveau");
	early_case_put(tree, &card);
	early_case_put(tree, &twin);
	hold_first(tree, &card, &twin);
	tree_file(tree, "proc/cmdline", "root=/dev/sda1 quiet\n");
	assert_item(tree, EARLY_NEXT_BOOT, NULL);
	tree_file(tree, EARLY_SEEN_PATH, "hold 0000:00/1c.0/00.0\n");
	assert_item(tree, EARLY_NO_DRIVER, NULL);
	early_case_bind(tree, &card, "nouveau");
	assert_item(tree, EARLY_OTHER, NULL);
	early_case_bind(tree, &card, "vfio-pci");
	assert_item(tree, EARLY_HELD, NULL);
	early_case_bind(tree, &card, NULL);
	tree_file(tree, "proc/cmdline", "quiet pve_passthrough.early=0\n");
	assert_item(tree, EARLY_OFF, NULL);
}

static void test_what_changes(void **state)
{
	static const struct early_case third = {"pci0000:00/0000:00:1e.0/0000:03:00.0",
						0x10de,
						0x1b80,
						0x030000,
						0xa1,
						0,
						NULL},
				       renumbered = {"pci0000:00/0000:00:1c.0/0000:07:00.0",
						     0x10de,
						     0x1b80,
						     0x030000,
						     0xa1,
						     0,
						     NULL},
				       newer = {"pci0000:00/0000:00:1e.0/0000:03:00.0",
						0x10de,
						0x1b80,
						0x030000,
						0xa2,
						0,
						NULL};
	struct tree *tree = *state;

	early_case_put(tree, &card);
	early_case_put(tree, &twin);
	hold_first(tree, &card, &twin);
	/* Another number of its bus, and one of another revision, change nothing. */
	early_case_remove(tree, &card);
	early_case_put(tree, &renumbered);
	early_case_put(tree, &newer);
	assert_item(tree, EARLY_NEXT_BOOT, NULL);
	early_case_remove(tree, &newer);
	early_case_put(tree, &third);
	assert_item(tree, EARLY_CHANGED, "appeared at 0000:03:00.0");
	early_case_remove(tree, &third);
	early_case_remove(tree, &twin);
	assert_item(tree, EARLY_CHANGED, "which was 0000:02:00.0, is gone");
	early_case_put(tree, &third);
	assert_item(tree, EARLY_CHANGED, "in slot 0000:00/1d.0/00.0 is in slot 0000:00/1e.0/00.0");
}

static void test_cards_change_places(void **state)
{
	struct early_case a = nic, b = nic2;
	struct tree *tree = *state;

	early_case_put(tree, &nic);
	early_case_put(tree, &nic2);
	hold_first(tree, &nic, &nic2);
	assert_item(tree, EARLY_NEXT_BOOT, NULL);
	a.serial = nic2.serial;
	b.serial = nic.serial;
	early_case_put(tree, &a);
	early_case_put(tree, &b);
	assert_item(tree, EARLY_CHANGED, "another serial number");
}

/* The list is in a file that older versions read; without it their file is as they write it. */
static void test_host_conf(void **state)
{
	static const char old[] = "# Written by `host-setup sriov`; do not edit: `host-setup sriov "
				  "ADDRESS N` changes it, N = 0 undoes it.\n"
				  "format = 1;\n"
				  "made_directory = true;\n"
				  "enabled_service = false;\n"
				  "sriov = (\n"
				  ");\n";
	auto_sriov_conf struct sriov_conf conf = {0}, again = {0};
	auto_free char *text = NULL, *before = NULL;
	struct tree *tree = *state;

	early_case_put(tree, &nic);
	early_case_put(tree, &nic2);
	tree_file(tree, SRIOV_CONF_PATH, old);
	assert_int_equal(sriov_conf_read(&tree->root, &conf), 0);
	assert_false(sriov_conf_is_needed(&conf));
	before = sriov_conf_text(&conf);
	assert_string_equal(before, old);
	hold_first(tree, &nic, &nic2);
	assert_int_equal(sriov_conf_read(&tree->root, &again), 0);
	assert_true(sriov_conf_is_needed(&again) && early_list_holds(&again.early));
	assert_int_equal(again.early.n, 2);
	text = sriov_conf_text(&again);
	assert_non_null(strstr(text, "held = true; with = \"0000:00:02.0\""));
	tree_file(tree, SRIOV_CONF_PATH,
		  "format = 1; sriov = (); early = ({ address = \"0000:01:00.0\"; });\n");
	sriov_conf_free(&again);
	assert_int_equal(sriov_conf_read(&tree->root, &again), -EINVAL);
	tree_file(
		tree, SRIOV_CONF_PATH,
		"format = 1; sriov = (); early = ({ address = \"0000:01:00.0\"; path = \"0000:00/01.0;rm\";"
		" identity = \"8086:10d3:0000:0000:020000\"; revision = 0; serial = \"\"; held = true; });\n");
	assert_int_equal(sriov_conf_read(&tree->root, &again), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_of_slots),
		cmocka_unit_test_setup_teardown(test_identity, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_serial_of_nonsense, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_states, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_what_changes, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_cards_change_places, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_host_conf, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
