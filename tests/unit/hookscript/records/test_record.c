// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/record.h"

#include <stdio.h>
#include <sys/stat.h>

#include "host/base/clock.h"
#include "tree.h"

#define PATH "run/pve-passthrough/records/0000:01:00.0"

static const struct bdf bdf = {0, 1, 0, 0};

/* A record of the format that this program writes, with a place for one more line. */
#define GOOD                                                                          \
	"format = 1;\naddress = \"0000:01:00.0\";\nvmid = 100;\nstage = \"taken\";\n" \
	"identity = \"8086:10d3:8086:0000:020000\";\ndriver = \"e1000e\";\n"          \
	"module = \"e1000e\";\ndriver_override = \"\";\ndeadline = 30;\n"

static void assert_text(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void round_trip(struct tree *tree, const struct record *record)
{
	cleanup_with(record_freep) struct record *back = NULL;
	char *why = NULL;

	assert_int_equal(record_write(&tree->root, record), 0);
	if (record_read(&tree->root, &record->bdf, &back, &why))
		fail_msg("%s", why);
	assert_non_null(back);
	assert_int_equal(bdf_compare(&back->bdf, &record->bdf), 0);
	assert_int_equal(back->vmid, record->vmid);
	assert_int_equal(back->stage, record->stage);
	assert_true(pci_identity_equal(&back->identity, &record->identity));
	assert_text(back->driver, record->driver);
	assert_text(back->module, record->module);
	assert_text(back->override, record->override);
	assert_int_equal(back->deadline, record->deadline);
}

static void test_round_trip(void **state)
{
	static char driver[] = "xhci_hcd", module[] = "xhci_pci", override[] = "vfio-pci";
	struct record record = {
		.bdf = bdf,
		.vmid = 100,
		.stage = RECORD_CLAIMED,
		.identity = {0x8086, 0x10d3, 0x1043, 0xffff, 0x0c0330},
		.deadline = 30,
	};

	round_trip(*state, &record);
	record.stage = RECORD_TAKEN;
	round_trip(*state, &record);
	record.driver = driver;
	round_trip(*state, &record);
	record.module = module;
	record.override = override;
	record.vmid = 999999999;
	record.deadline = 3600;
	record.identity = (struct pci_identity){0xffff, 0, 0xffff, 0, 0xffffff};
	round_trip(*state, &record);
	record.bdf = (struct bdf){0x10000, 0xff, 0x1f, 7};
	round_trip(*state, &record);
}

/* driver_override takes any text that root writes there. */
static void test_hostile_texts(void **state)
{
	static const char *const texts[] = {
		"\"; vmid = 7; driver = \"evil",
		"a\\",
		"\\\"",
		"a\nb",
		"\t\r\x01\x1f\x7f",
		"\xff\xfe",
		"\xc3\xa9\xc2\x9b",
		"@include \"/etc/passwd\"",
		"%s%n",
		"/* */ # //",
		"../../../etc",
		" ",
		"''$(x)`y`",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_free char *text = strdup(texts[i]);
		struct record record = {
			.bdf = bdf,
			.vmid = 100,
			.stage = RECORD_TAKEN,
			.driver = text,
			.module = text,
			.override = text,
			.deadline = 1,
		};

		round_trip(*state, &record);
	}
}

static void test_long_text(void **state)
{
	auto_free char *text = calloc(1, 4096);
	struct record record = {
		.bdf = bdf, .vmid = 100, .stage = RECORD_TAKEN, .override = text, .deadline = 1};

	assert_non_null(text);
	memset(text, '\\', 4095);
	round_trip(*state, &record);
}

static void test_only_root_reads_it(void **state)
{
	struct tree *tree = *state;
	struct record record = {.bdf = bdf, .vmid = 100, .deadline = 1};
	mode_t before = umask(0);

	assert_int_equal(record_write(&tree->root, &record), 0);
	umask(before);
	assert_int_equal(tree_mode_of(tree, PATH), 0600);
	assert_int_equal(tree_mode_of(tree, "run/pve-passthrough"), 0700);
	assert_int_equal(tree_mode_of(tree, "run/pve-passthrough/records"), 0700);
}

static void read_bad(struct tree *tree, const char *text, int err, const char *what)
{
	struct record *record = NULL;
	auto_free char *why = NULL;

	tree_file(tree, PATH, text);
	if (record_read(&tree->root, &bdf, &record, &why) != err)
		fail_msg("not refused as it should be: %s", text);
	assert_null(record);
	assert_non_null(strstr(why, "/" PATH ": "));
	assert_non_null(strstr(why, what));
}

static void test_broken(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"garbage",
		"format = 1;",
		"format = \"1\";",
		"format = 0;",
		"format = 1; vmid = 100;",
		"@include \"/etc/hostname\"\n",
	};
	/* Every line of a good one, in turn, is missing or wrong. */
	static const char *const words[] = {"format",	"vmid",	    "stage",	       "identity",
					    "\ndriver", "\nmodule", "driver_override", "deadline"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		read_bad(*state, texts[i], -EINVAL, "not a record");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		auto_free char *text = strdup(GOOD);
		char *at = strstr(text, words[i]);

		assert_non_null(at);
		at[strlen(words[i]) - 1] = 'X';
		read_bad(*state, text, -EINVAL, "not a record");
	}
}

static void test_wrong_values(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"vmid = 100", "vmid = 0"},
		{"vmid = 100", "vmid = -1"},
		{"vmid = 100", "vmid = \"1\""},
		{"\"taken\"", "\"TAKEN\""},
		{"\"taken\"", "\"\""},
		{"deadline = 30", "deadline = 0"},
		{"deadline = 30", "deadline = -5"},
		{"8086:10d3:8086:0000:020000", "8086:10d3:8086:0000:02000"},
		{"8086:10d3:8086:0000:020000", "8086:10D3:8086:0000:020000"},
		{"driver = \"e1000e\"", "driver = 5"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *good = strdup(GOOD);
		char *at = strstr(good, rows[i].from);
		auto_free char *text = NULL;

		assert_non_null(at);
		text = fs_path("%.*s%s%s", (int)(at - good), good, rows[i].to,
			       at + strlen(rows[i].from));
		read_bad(*state, text, -EINVAL, "not a record");
	}
}

static void test_newer_format(void **state)
{
	read_bad(*state, "format = 2;\n", -EPROTONOSUPPORT, "newer version");
	read_bad(*state, "format = 2; vmid = 100; what = \"ever\";", -EPROTONOSUPPORT,
		 "newer version");
}

static void test_too_long(void **state)
{
	size_t len = (size_t)128 * 1024;
	auto_free char *text = calloc(1, len);

	assert_non_null(text);
	memset(text, ' ', len - 1);
	read_bad(*state, text, -EFBIG, "too large");
}

static void test_link_is_not_followed(void **state)
{
	struct tree *tree = *state;
	struct record *record = NULL;
	auto_free char *why = NULL;

	tree_file(tree, "etc/record", GOOD);
	tree_link(tree, PATH, "/etc/record");
	assert_int_equal(record_read(&tree->root, &bdf, &record, &why), -ELOOP);
	assert_null(record);
}

static void test_good_text(void **state)
{
	struct tree *tree = *state;
	cleanup_with(record_freep) struct record *record = NULL;
	char *why = NULL;

	/* What a later version of the same format may add is ignored. */
	tree_file(tree, PATH, GOOD "more = 1;\n");
	assert_int_equal(record_read(&tree->root, &bdf, &record, &why), 0);
	assert_string_equal(record->driver, "e1000e");
	assert_null(record->override);
	assert_int_equal(record->stage, RECORD_TAKEN);
}

/* Byte by byte as version 0.1.0 wrote it before it wrote through host/base/conftext.h. */
static void test_written_by_an_older_version(void **state)
{
	static const char text[] =
		"format = 1;\naddress = \"0000:01:00.0\";\nvmid = 100;\nclaim = 515396075520004711L;\n"
		"stage = \"taken\";\nidentity = \"8086:10d3:8086:0000:020000\";\n"
		"driver = \"e1000e\";\nmodule = \"e1000e\";\ndriver_override = \"\";\n"
		"deadline = 20;\nnetwork = \"eno1: \\x22vmbr\\xc3\\xa4\\x5c\\x0a\";\n"
		"return_to = \"none\";\nbind_to = \"nvgrace_gpu_vfio_pci\";\nunload = \"a b\";\n"
		"unloaded = \"b\";\nreset_method = \"\";\nreset_method_before = \"flr bus\";\n"
		"d3cold_allowed = \"0\";\nd3cold_allowed_before = \"1\";\nifreload = true;\n"
		"choice = true;\nnew_id = true;\n";
	cleanup_with(record_freep) struct record *record = NULL;
	auto_free char *again = NULL;
	struct tree *tree = *state;
	char *why = NULL;

	tree_file(tree, PATH, text);
	if (record_read(&tree->root, &bdf, &record, &why))
		fail_msg("%s", why);
	assert_int_equal(record->claim, 515396075520004711);
	assert_int_equal(record->stage, RECORD_TAKEN);
	assert_string_equal(record->driver, "e1000e");
	assert_null(record->override);
	assert_string_equal(record->network, "eno1: \"vmbr\xc3\xa4\\\n");
	assert_string_equal(record->return_to, "none");
	assert_string_equal(record->bind_to, "nvgrace_gpu_vfio_pci");
	assert_string_equal(record->unload, "a b");
	assert_string_equal(record->unloaded, "b");
	assert_string_equal(record->attributes[RECORD_RESET_METHOD].set, "");
	assert_string_equal(record->attributes[RECORD_RESET_METHOD].before, "flr bus");
	assert_string_equal(record->attributes[RECORD_D3COLD].set, "0");
	assert_true(record->ifreload && record->choice && record->new_id);
	/* And that version reads what is written now: only what is escaped in strings differs. */
	free(TAKE_PTR(record->network));
	again = record_format(record);
	assert_non_null(again);
	assert_null(strstr(again, "network"));
	assert_int_equal(strncmp(again, text, (size_t)(strstr(text, "network") - text)), 0);
	assert_string_equal(strstr(again, "return_to"), strstr(text, "return_to"));
}

static void test_none(void **state)
{
	struct tree *tree = *state;
	struct record *record = (struct record *)tree;
	struct bdf *list = NULL;
	char *why = NULL;
	size_t n = 9;

	assert_int_equal(record_read(&tree->root, &bdf, &record, &why), 0);
	assert_null(record);
	assert_int_equal(record_list(&tree->root, &list, &n), 0);
	assert_int_equal(n, 0);
	free(list);
	assert_int_equal(record_remove(&tree->root, &bdf), 0);
	assert_false(tree_has(tree, "run/pve-passthrough"));
}

static void test_list(void **state)
{
	static const char *const names[] = {
		"0000:02:00.0",	     "0000:01:00.1",	  "10000:01:00.0", "0000:01:00.0",
		".0000:01:00.0.new", ".0000:03:00.0.new", "0000:01:00",	   "README",
		"0000:01:00.8"};
	struct tree *tree = *state;
	auto_free struct bdf *list = NULL;
	char text[BDF_TEXT_SIZE];
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = fs_path("run/pve-passthrough/records/%s", names[i]);

		tree_file(tree, path, "");
	}
	assert_int_equal(record_list(&tree->root, &list, &n), 0);
	assert_int_equal(n, 4);
	assert_string_equal(bdf_format(&list[0], text), "0000:01:00.0");
	assert_string_equal(bdf_format(&list[1], text), "0000:01:00.1");
	assert_string_equal(bdf_format(&list[2], text), "0000:02:00.0");
	assert_string_equal(bdf_format(&list[3], text), "10000:01:00.0");
}

/* What a crash left of a record being written is replaced, whatever it is. */
static void test_leftover_of_a_crash(void **state)
{
	struct tree *tree = *state;
	struct record record = {.bdf = bdf, .vmid = 100, .deadline = 1};
	auto_free char *outside = NULL;

	tree_file(tree, "etc/passwd", "root\n");
	tree_link(tree, "run/pve-passthrough/records/.0000:01:00.0.new", "/etc/passwd");
	round_trip(tree, &record);
	assert_false(tree_has(tree, "run/pve-passthrough/records/.0000:01:00.0.new"));
	outside = tree_text(tree, "etc/passwd");
	assert_string_equal(outside, "root\n");
}

static void test_remove(void **state)
{
	struct tree *tree = *state;
	struct record record = {.bdf = bdf, .vmid = 100, .deadline = 1};

	assert_int_equal(record_write(&tree->root, &record), 0);
	assert_int_equal(record_remove(&tree->root, &bdf), 0);
	assert_false(tree_has(tree, PATH));
	assert_int_equal(record_remove(&tree->root, &bdf), 0);
}

static void test_locks(void **state)
{
	struct tree *tree = *state;
	const struct bdf other = {0, 1, 0, 1};
	auto_close int one = record_lock_device(&tree->root, &bdf, 0);
	auto_close int two = record_lock_device(&tree->root, &other, 0);
	auto_close int claims = record_lock_claims(&tree->root, 0);
	int64_t start = clock_now_ms();

	assert_true(one >= 0 && two >= 0 && claims >= 0);
	assert_int_equal(record_lock_device(&tree->root, &bdf, start + 60), -EBUSY);
	assert_in_range(clock_now_ms() - start, 60, 5000);
	assert_int_equal(record_lock_claims(&tree->root, 0), -EBUSY);
	close(TAKE_FD(one));
	one = record_lock_device(&tree->root, &bdf, 0);
	assert_true(one >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_hostile_texts, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_long_text, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_only_root_reads_it, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_broken, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_wrong_values, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_newer_format, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_written_by_an_older_version, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_too_long, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_link_is_not_followed, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_good_text, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_none, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_list, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_leftover_of_a_crash, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(test_remove, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_locks, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
