// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/identity.h"
#include "hookscript/plan/facts/facts.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "factscase.h"
#include "tree.h"

#define PATH "var/lib/pve-passthrough/vm/100"

static const struct pci_identity gpu = {0x10de, 0x1001, 0x1043, 0x8600, 0x030000};
static const struct pci_identity sound = {0x10de, 0x1002, 0x1043, 0x8600, 0x040300};
static const struct pci_identity nic = {0x8086, 0x10d3, 0x8086, 0, 0x020000};

static const struct identity_device some[] = {
	{.bdf = {0, 1, 0, 0}, .identity = {0x10de, 0x1001, 0x1043, 0x8600, 0x030000}},
	{.bdf = {0, 1, 0, 1}, .identity = {0x10de, 0x1002, 0x1043, 0x8600, 0x040300}},
	{.bdf = {0x10000, 0xff, 0x1f, 7},
	 .identity = {0xffff, 0, 0xffff, 0, 0xffffff},
	 .path = "10000:e0/06.0/00.7",
	 .serial = 0xf025385b71b0e11f},
};

static void add_device(struct tree *tree, const char *bdf, const struct pci_identity *id)
{
	tree_device(tree, &(struct tree_device){.bdf = bdf,
						.vendor = id->vendor,
						.device = id->device,
						.subvendor = id->subvendor,
						.subdevice = id->subdevice,
						.class = id->class,
						.group = -1});
}

static void assert_list(const struct identity_device *list, size_t n,
			const struct identity_device *want, size_t n_want)
{
	assert_int_equal(n, n_want);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(bdf_compare(&list[i].bdf, &want[i].bdf), 0);
		assert_true(pci_identity_equal(&list[i].identity, &want[i].identity));
		assert_string_equal(list[i].path, want[i].path);
		assert_true(list[i].serial == want[i].serial);
	}
}

static void assert_kept(struct tree *tree, unsigned int vmid, const struct identity_device *want,
			size_t n_want)
{
	auto_free struct identity_device *list = NULL;
	char *why = NULL;
	size_t n;

	if (identity_read(&tree->root, vmid, &list, &n, &why))
		fail_msg("%s", why);
	assert_non_null(list);
	assert_list(list, n, want, n_want);
}

static void test_round_trip(void **state)
{
	struct tree *tree = *state;
	auto_free char *text = NULL;

	for (size_t n = 1; n <= ARRAY_SIZE(some); n++) {
		assert_int_equal(identity_write(&tree->root, 100, some, n), 0);
		assert_kept(tree, 100, some, n);
	}
	assert_int_equal(identity_write(&tree->root, 101, some, 1), 0);
	assert_kept(tree, 100, some, ARRAY_SIZE(some));
	assert_kept(tree, 101, some, 1);
	text = tree_text(tree, PATH);
	assert_non_null(strstr(text, "# The devices that VM 100 has by their addresses"));
	assert_non_null(strstr(text, "{ address = \"0000:01:00.1\"; identity = "
				     "\"10de:1002:1043:8600:040300\"; },\n"));
}

static void test_none(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = tree_render(tree, TREE_ALL);

	assert_kept(tree, 100, NULL, 0);
	assert_int_equal(identity_forget(&tree->root, 100), 0);
	assert_int_equal(identity_write(&tree->root, 100, some, 0), 0);
	tree_assert_is(tree, TREE_ALL, before);
}

static void test_forget(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(identity_write(&tree->root, 100, some, 1), 0);
	assert_int_equal(identity_write(&tree->root, 101, some, 1), 0);
	assert_int_equal(identity_forget(&tree->root, 100), 0);
	assert_kept(tree, 100, NULL, 0);
	/* No device at all is nothing to keep. */
	assert_int_equal(identity_write(&tree->root, 101, some, 0), 0);
	assert_false(tree_has(tree, "var/lib/pve-passthrough/vm/101"));
}

static struct stat stat_of(struct tree *tree, const char *path)
{
	auto_free char *full = fs_path("%s/%s", tree->root.path, path);
	struct stat st;

	assert_int_equal(lstat(full, &st), 0);
	return st;
}

static void test_only_root_reads_it(void **state)
{
	struct tree *tree = *state;
	mode_t before = umask(0);

	assert_int_equal(identity_write(&tree->root, 100, some, 1), 0);
	umask(before);
	assert_int_equal(stat_of(tree, PATH).st_mode & 07777, 0600);
	assert_int_equal(stat_of(tree, "var/lib/pve-passthrough/vm").st_mode & 07777, 0700);
	assert_int_equal(stat_of(tree, "var/lib/pve-passthrough").st_mode & 07777, 0755);
}

/* A start a minute writes nothing a minute: the file stays the one that it was. */
static void test_nothing_is_written_when_nothing_changes(void **state)
{
	struct tree *tree = *state;
	struct stat first, second, third;

	assert_int_equal(identity_write(&tree->root, 100, some, 2), 0);
	first = stat_of(tree, PATH);
	assert_int_equal(identity_write(&tree->root, 100, some, 2), 0);
	second = stat_of(tree, PATH);
	assert_int_equal(first.st_ino, second.st_ino);
	assert_int_equal(first.st_ctim.tv_sec, second.st_ctim.tv_sec);
	assert_int_equal(first.st_ctim.tv_nsec, second.st_ctim.tv_nsec);
	/* Held, so that its number is not given away again. */
	{
		auto_close int fd = fs_open(&tree->root, PATH, O_PATH, 0);

		assert_true(fd >= 0);
		assert_int_equal(identity_write(&tree->root, 100, some, 3), 0);
		third = stat_of(tree, PATH);
		assert_int_not_equal(third.st_ino, first.st_ino);
	}
}

static void test_too_many(void **state)
{
	struct tree *tree = *state;
	size_t n = IDENTITY_DEVICES_MAX + 1;
	auto_free struct identity_device *list = calloc(n, sizeof(*list));

	assert_non_null(list);
	for (size_t i = 0; i < n; i++)
		list[i].bdf = (struct bdf){0xffff0000U + (uint32_t)i, 0, 0, 0};
	assert_int_equal(identity_write(&tree->root, 100, list, n), -E2BIG);
	assert_false(tree_has(tree, PATH));
	/* The most that is written can be read. */
	assert_int_equal(identity_write(&tree->root, 100, list, n - 1), 0);
	assert_kept(tree, 100, list, n - 1);
}

static void read_bad(struct tree *tree, const char *text, int err, const char *what)
{
	struct identity_device *list = NULL;
	auto_free char *why = NULL;
	size_t n = 7;

	tree_file(tree, PATH, text);
	if (identity_read(&tree->root, 100, &list, &n, &why) != err)
		fail_msg("not refused as it should be: %s", text);
	assert_null(list);
	assert_int_equal(n, 7);
	assert_non_null(strstr(why, "/" PATH ": "));
	assert_non_null(strstr(why, what));
	assert_non_null(strstr(why, "pve-passthrough accept 100"));
}

#define ONE(address, identity) "{ address = \"" address "\"; identity = \"" identity "\"; }"
#define LONG                                                                           \
	"0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789" \
	"0123456789"
#define GOOD ONE("0000:01:00.0", "8086:10d3:8086:0000:020000")
#define WITH(more) \
	"{ address = \"0000:01:00.0\"; identity = \"8086:10d3:8086:0000:020000\"; " more "; }"
#define FILE_OF(devices) "format = 1;\ndevices = ( " devices " );\n"

static void test_broken(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"garbage",
		"format = 1;",
		"devices = ();",
		"format = 0; devices = ();",
		"format = -1; devices = ();",
		"format = \"1\"; devices = ();",
		"format = 1; devices = [];",
		"format = 1; devices = [ \"0000:01:00.0\" ];",
		"format = 1; devices = { };",
		"format = 1; devices = 1;",
		FILE_OF("1"),
		FILE_OF("\"0000:01:00.0\""),
		FILE_OF("{ }"),
		FILE_OF("{ address = \"0000:01:00.0\"; }"),
		FILE_OF("{ identity = \"8086:10d3:8086:0000:020000\"; }"),
		FILE_OF("{ address = 1; identity = \"8086:10d3:8086:0000:020000\"; }"),
		FILE_OF(ONE("01:00.0", "8086:10d3:8086:0000:020000")),
		FILE_OF(ONE("0000:01:00", "8086:10d3:8086:0000:020000")),
		FILE_OF(ONE("0000:01:00.8", "8086:10d3:8086:0000:020000")),
		FILE_OF(ONE("", "8086:10d3:8086:0000:020000")),
		FILE_OF(ONE("0000:01:00.0", "8086:10d3")),
		FILE_OF(ONE("0000:01:00.0", "8086:10D3:8086:0000:020000")),
		FILE_OF(ONE("0000:01:00.0", "")),
		FILE_OF(GOOD ", " GOOD),
		FILE_OF(GOOD ", " ONE("0000:02:00.0", "8086:10d3:8086:0000:020000") ", " ONE(
			"0000:01:00.0", "8086:10d4:8086:0000:020000")),
		FILE_OF(WITH("path = \"\"")),
		FILE_OF(WITH("path = \"0000:00\"")),
		FILE_OF(WITH("path = \"0000:00/1C.0\"")),
		FILE_OF(WITH("path = \"/" LONG LONG "\"")),
		FILE_OF(WITH("serial = \"\"")),
		FILE_OF(WITH("serial = \"25385b71b0e11f\"")),
		FILE_OF(WITH("serial = \"0025385B71B0E11F\"")),
		FILE_OF(WITH("serial = \"0025385b71b0e11f0\"")),
		FILE_OF(GOOD) "garbage",
		"@include \"/etc/hostname\"\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		read_bad(*state, texts[i], -EINVAL, "not a list of the VM's devices");
	read_bad(*state, "format = 2;\n", -EPROTONOSUPPORT, "newer version");
}

static void test_cut_off(void **state)
{
	struct tree *tree = *state;
	auto_free char *text = NULL;

	assert_int_equal(identity_write(&tree->root, 100, some, 3), 0);
	text = tree_text(tree, PATH);
	/* All but its last newline and semicolon, which libconfig does not need. */
	for (size_t len = strlen(text) - 2; len-- > 0;) {
		auto_free char *cut = strndup(text, len);

		read_bad(tree, cut, -EINVAL, "not a list");
	}
}

static void test_nul(void **state)
{
	static const char text[] = FILE_OF(GOOD) "\0more";
	struct tree *tree = *state;
	struct identity_device *list = NULL;
	auto_free char *why = NULL;
	size_t n;

	tree_bytes(tree, PATH, text, sizeof(text));
	assert_int_equal(identity_read(&tree->root, 100, &list, &n, &why), -EINVAL);
	assert_null(list);
}

static void test_too_long(void **state)
{
	size_t len = (size_t)512 * 1024;
	auto_free char *text = calloc(1, len);

	assert_non_null(text);
	memset(text, ' ', len - 1);
	read_bad(*state, text, -EFBIG, "too large");
}

static void test_link_is_not_followed(void **state)
{
	struct tree *tree = *state;
	struct identity_device *list = NULL;
	auto_free char *why = NULL;
	auto_free char *outside = NULL;
	size_t n;

	tree_file(tree, "etc/list", FILE_OF(GOOD));
	tree_link(tree, PATH, "/etc/list");
	assert_int_equal(identity_read(&tree->root, 100, &list, &n, &why), -ELOOP);
	/* It is replaced, and what it led to stays. */
	assert_int_equal(identity_write(&tree->root, 100, some, 1), 0);
	assert_kept(tree, 100, some, 1);
	outside = tree_text(tree, "etc/list");
	assert_string_equal(outside, FILE_OF(GOOD));
}

/* What a later version of the same format may add is ignored, and order means nothing. */
static void test_good_text(void **state)
{
	static const struct identity_device want[] = {
		{.bdf = {0, 1, 0, 0}, .identity = {0x8086, 0x10d3, 0x8086, 0, 0x020000}},
		{.bdf = {0, 2, 0, 0}, .identity = {0x8086, 0x10d3, 0x8086, 0, 0x020000}},
	};
	struct tree *tree = *state;

	tree_file(
		tree, PATH,
		"more = 1;\nformat = 1;\ndevices = (\n" ONE(
			"0000:02:00.0",
			"8086:10d3:8086:0000:020000") ",\n{ address = \"0000:01:00.0\"; identity = "
						      "\"8086:10d3:8086:0000:020000\"; "
						      "name = \"nic\"; });\n");
	assert_kept(tree, 100, want, 2);
	tree_file(tree, PATH, "format = 1; devices = ();");
	assert_kept(tree, 100, NULL, 0);
}

/* ---- the machine ---- */

#define CONFIG                                                              \
	"hostpci0: 01:00\nhostpci1: mapping=nic\nhostpci2: ff:ff.f;00:1f\n" \
	"args: -device vfio-pci,host=05:00.0\nhostpci3: 01:00.1\n"
#define MAPPING \
	"nic\n\tmap id=8086:10d3,iommugroup=1,node=lab,path=0000:02:00.0,subsystem-id=8086:0000\n"

static void test_survey(void **state)
{
	static const struct identity_device want[] = {
		{.bdf = {0, 1, 0, 0}, .identity = {0x10de, 0x1001, 0x1043, 0x8600, 0x030000}},
		{.bdf = {0, 1, 0, 1}, .identity = {0x10de, 0x1002, 0x1043, 0x8600, 0x040300}},
		{.bdf = {0, 5, 0, 0}, .identity = {0x8086, 0x10d3, 0x8086, 0, 0x020000}},
	};
	auto_free struct identity_device *list = NULL;
	auto_free struct identity_device *nothing = NULL;
	auto_free char *why = NULL;
	auto_facts struct facts *facts = NULL;
	auto_facts struct facts *none = NULL;
	struct tree *tree = *state;
	size_t n;

	add_device(tree, "0000:01:00.1", &sound);
	add_device(tree, "0000:01:00.0", &gpu);
	add_device(tree, "0000:01:01.0", &nic);
	add_device(tree, "0000:02:00.0", &nic);
	add_device(tree, "0000:05:00.0", &nic);
	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_file(tree, MAPPINGS_PATH, MAPPING);
	tree_vm(tree, 100, CONFIG);
	assert_int_equal(
		facts_read(&tree->root, 100, &settings_default, FACTS_ADDRESSES, &facts, &why), 0);
	list = facts_list_known(facts, &n);
	assert_list(list, n, want, ARRAY_SIZE(want));
	tree_vm(tree, 100, "");
	assert_int_equal(
		facts_read(&tree->root, 100, &settings_default, FACTS_ADDRESSES, &none, &why), 0);
	nothing = facts_list_known(none, &n);
	assert_non_null(nothing);
	assert_int_equal(n, 0);
}

static void test_wanted(void **state)
{
	struct facts facts = {0};

	(void)state;
	factscase_decide(&facts, CONFIG, MAPPING);
	assert_true(facts_name_by_address(&facts, &(struct bdf){0, 1, 0, 7}));
	assert_true(facts_name_by_address(&facts, &(struct bdf){0, 0, 0x1f, 0}));
	assert_true(facts_name_by_address(&facts, &(struct bdf){0, 5, 0, 0}));
	assert_false(facts_name_by_address(&facts, &(struct bdf){0, 2, 0, 0}));
	assert_false(facts_name_by_address(&facts, &(struct bdf){1, 1, 0, 0}));
	assert_false(facts_name_by_address(&facts, &(struct bdf){0, 5, 0, 1}));
	factscase_free(&facts);
}

static void test_compare(void **state)
{
	const struct identity_device now[] = {{.bdf = {0, 1, 0, 0}, .identity = gpu},
					      {.bdf = {0, 2, 0, 0}, .identity = nic}};
	const struct identity_device *there = NULL;
	struct pci_identity changed[5];

	(void)state;
	assert_int_equal(identity_compare(&now[0], now, 2, &there), IDENTITY_SAME);
	assert_int_equal(identity_compare(&now[1], now, 2, &there), IDENTITY_SAME);
	assert_int_equal(identity_compare(&now[1], now, 1, &there), IDENTITY_ABSENT);
	assert_int_equal(identity_compare(&now[0], NULL, 0, &there), IDENTITY_ABSENT);
	assert_int_equal(
		identity_compare(&(struct identity_device){.bdf = {0, 1, 0, 1}, .identity = gpu},
				 now, 2, &there),
		IDENTITY_ABSENT);
	assert_null(there);
	assert_int_equal(
		identity_compare(&(struct identity_device){.bdf = {0, 2, 0, 0}, .identity = gpu},
				 now, 2, &there),
		IDENTITY_OTHER);
	assert_ptr_equal(there, &now[1]);
	/* Each of its numbers counts. */
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		changed[i] = gpu;
	changed[0].vendor++;
	changed[1].device++;
	changed[2].subvendor++;
	changed[3].subdevice++;
	changed[4].class = sound.class;
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++) {
		const struct identity_device known = {.bdf = {0, 1, 0, 0}, .identity = changed[i]};

		assert_int_equal(identity_compare(&known, now, 2, &there), IDENTITY_OTHER);
	}
}

/* A device with a place and a number, "": unknown, 0: unknown. */
static struct identity_device placed(unsigned int bus, const char *path, uint64_t serial)
{
	struct identity_device device = {
		.bdf = {0, (uint8_t)bus, 0, 0}, .identity = nic, .serial = serial};

	snprintf(device.path, sizeof(device.path), "%s", path);
	return device;
}

/* What is known of both tells them apart, and what is not does not. */
static void test_differ(void **state)
{
	static const struct {
		const char *path;
		uint64_t serial;
		const char *other_path;
		uint64_t other_serial;
		bool differ, prove;
	} rows[] = {
		{"", 0, "", 0, false, false},
		{"a/1", 0, "", 0, false, false},
		{"a/1", 0, "a/1", 0, false, true},
		{"a/1", 0, "a/2", 0, true, false},
		{"a/1", 7, "a/1", 0, false, true},
		{"a/1", 7, "a/1", 7, false, true},
		{"a/1", 7, "a/1", 8, true, false},
		{"", 7, "a/1", 7, false, true},
		{"", 7, "a/1", 8, true, false},
		/* It may be the same one in another slot, and is not where it was. */
		{"a/1", 7, "a/2", 7, true, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct identity_device a = placed(1, rows[i].path, rows[i].serial);
		struct identity_device b = placed(2, rows[i].other_path, rows[i].other_serial);

		assert_int_equal(identity_differ(&a, &b), rows[i].differ);
		assert_int_equal(identity_differ(&b, &a), rows[i].differ);
		assert_int_equal(identity_prove(&a, &b), rows[i].prove);
		assert_int_equal(identity_prove(&b, &a), rows[i].prove);
		b.identity = gpu;
		assert_true(identity_differ(&a, &b));
		assert_false(identity_prove(&a, &b));
	}
}

static void test_pick(void **state)
{
	const struct identity_device known = placed(1, "a/1", 7);
	struct identity_device now[] = {placed(1, "a/2", 8), placed(2, "a/1", 0),
					placed(3, "a/3", 7)};

	(void)state;
	assert_null(identity_pick(&known, now, 0));
	assert_null(identity_pick(&known, now, 1));
	/* Its number says more than its slot, in which it may have been before. */
	assert_ptr_equal(identity_pick(&known, now, 2), &now[1]);
	assert_ptr_equal(identity_pick(&known, now, 3), &now[2]);
	/* Another function of the same card has the same number. */
	now[2].bdf.func = 1;
	assert_ptr_equal(identity_pick(&known, now, 3), &now[1]);
	/* A maker that gives all of them one number: the slot tells. */
	for (size_t i = 0; i < ARRAY_SIZE(now); i++)
		now[i].serial = 7;
	assert_ptr_equal(identity_pick(&known, now, 3), &now[1]);
	now[1].path[2] = '9';
	assert_null(identity_pick(&known, now, 3));
}

/* What a device does not say at this moment is not forgotten. */
static void test_keep_serials(void **state)
{
	const struct identity_device old[] = {placed(1, "a/1", 7), placed(2, "a/2", 8)};
	struct identity_device now[] = {placed(1, "a/1", 0), placed(2, "a/2", 9),
					placed(3, "a/3", 0)};

	(void)state;
	identity_keep_serials(now, ARRAY_SIZE(now), old, ARRAY_SIZE(old));
	assert_true(now[0].serial == 7 && now[1].serial == 9 && now[2].serial == 0);
	/* Another one, or in another slot. */
	now[0] = placed(1, "a/9", 0);
	now[1] = placed(2, "a/2", 0);
	now[1].identity = gpu;
	identity_keep_serials(now, ARRAY_SIZE(now), old, ARRAY_SIZE(old));
	assert_true(now[0].serial == 0 && now[1].serial == 0);
}

/* An error says nothing of where a device is. */
static void test_paths_unread(void **state)
{
	struct tree *tree = *state;
	struct identity_device list[] = {{.bdf = {0, 1, 0, 0}, .identity = gpu, .serial = 7}};

	add_device(tree, "0000:01:00.0", &gpu);
	assert_int_equal(identity_add_paths(&tree->root, list, 1), 0);
	assert_string_not_equal(list[0].path, "");
	tree_link(tree, "sys/devices/pci0000:00/0000:01:00.0/physfn", "physfn");
	assert_int_equal(identity_add_paths(&tree->root, list, 1), -ELOOP);
	tree_delete(tree, "sys/devices/pci0000:00/0000:01:00.0/physfn");
	tree_device_gone(tree, "0000:01:00.0");
	assert_int_equal(identity_add_paths(&tree->root, list, 1), 0);
	assert_string_equal(list[0].path, "");
}

static void test_find(void **state)
{
	auto_free struct identity_device *one = NULL, *three = NULL, *none = NULL;
	struct pci_identity other = gpu;
	struct tree *tree = *state;
	char text[BDF_TEXT_SIZE];
	size_t n;

	other.subdevice++;
	add_device(tree, "10000:01:00.0", &nic);
	add_device(tree, "f000:01:00.0", &nic);
	add_device(tree, "0000:01:00.0", &gpu);
	add_device(tree, "0000:02:00.0", &other);
	add_device(tree, "0000:03:00.1", &nic);
	assert_int_equal(identity_find(&tree->root, &gpu, &one, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(bdf_format(&one[0].bdf, text), "0000:01:00.0");
	assert_int_equal(identity_find(&tree->root, &nic, &three, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(bdf_format(&three[0].bdf, text), "0000:03:00.1");
	assert_string_equal(bdf_format(&three[1].bdf, text), "f000:01:00.0");
	assert_string_equal(bdf_format(&three[2].bdf, text), "10000:01:00.0");
	assert_int_equal(identity_find(&tree->root, &sound, &none, &n), 0);
	assert_int_equal(n, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_differ),
		TEST(test_pick),
		TEST(test_none),
		TEST(test_forget),
		TEST(test_only_root_reads_it),
		TEST(test_nothing_is_written_when_nothing_changes),
		TEST(test_too_many),
		TEST(test_broken),
		TEST(test_cut_off),
		TEST(test_nul),
		TEST(test_too_long),
		TEST(test_link_is_not_followed),
		TEST(test_good_text),
		TEST(test_survey),
		TEST(test_wanted),
		TEST(test_compare),
		TEST(test_keep_serials),
		TEST(test_paths_unread),
		TEST(test_find),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
