// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/duration.h"

#include <sys/stat.h>

#include "hookscript/records/record.h"
#include "tree.h"

#define PATH DURATION_DIR "/100"

static const struct duration some = {16042, 65536, 4};

static void write_one(struct tree *tree, unsigned int vmid)
{
	assert_int_equal(duration_write(&tree->root, vmid, &some), 0);
}

static void test_round_trip(void **state)
{
	struct tree *tree = *state;
	auto_free char *path = fs_path("%s/" PATH, tree->root.path);
	struct duration found;
	struct stat st;

	assert_int_equal(duration_read(&tree->root, 100, &found), 0);
	assert_int_equal(found.ms, 0);
	write_one(tree, 100);
	assert_int_equal(duration_read(&tree->root, 100, &found), 0);
	assert_int_equal(found.ms, some.ms);
	assert_int_equal(found.mib, some.mib);
	assert_int_equal(found.page_kib, some.page_kib);
	assert_int_equal(duration_read(&tree->root, 101, &found), 0);
	assert_int_equal(found.ms, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Somebody may have changed it: what is not a time is none, and an error. */
static void test_bad(void **state)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{"", -EINVAL},
		{"16 s\n", -EINVAL},
		{"format = 1;\n", -EINVAL},
		{"format = 2;\nms = 1;\nmemory_mib = 1;\npage_kib = 4;\n", -EPROTONOSUPPORT},
		{"format = 1;\nms = 0;\nmemory_mib = 1;\npage_kib = 4;\n", -EINVAL},
		{"format = 1;\nms = -5;\nmemory_mib = 1;\npage_kib = 4;\n", -EINVAL},
		{"format = 1;\nms = 999999999999L;\nmemory_mib = 1;\npage_kib = 4;\n", -EINVAL},
		{"format = 1;\nms = 1;\nmemory_mib = 0;\npage_kib = 4;\n", -EINVAL},
		{"format = 1;\nms = 1;\nmemory_mib = 1;\npage_kib = 8;\n", -EINVAL},
		{"format = 1;\nms = \"1\";\nmemory_mib = 1;\npage_kib = 4;\n", -EINVAL},
		{"format = 1;\nms = 1;\nmemory_mib = 1;\npage_kib = 2048;\n", 0},
	};
	struct tree *tree = *state;
	struct duration found;
	auto_free char *big = malloc(8192);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_file(tree, PATH, rows[i].text);
		if (duration_read(&tree->root, 100, &found) != rows[i].err)
			fail_msg("%s", rows[i].text);
		assert_int_equal(found.ms, !rows[i].err);
	}
	tree_bytes(tree, PATH, "format = 1;\0", 12);
	assert_int_equal(duration_read(&tree->root, 100, &found), -EINVAL);
	assert_non_null(big);
	memset(big, ' ', 8192);
	tree_bytes(tree, PATH, big, 8192);
	assert_int_equal(duration_read(&tree->root, 100, &found), -EFBIG);
	tree_link(tree, PATH, "/etc/passwd");
	assert_int_equal(duration_read(&tree->root, 100, &found), -ELOOP);
	tree_folder(tree, DURATION_DIR "/101");
	assert_int_equal(duration_read(&tree->root, 101, &found), -EISDIR);
}

static bool kept(struct tree *tree, unsigned int vmid)
{
	struct duration found;

	assert_int_equal(duration_read(&tree->root, vmid, &found), 0);
	return found.ms;
}

/* The VMs that are destroyed; not one that is on another node. */
static void test_forgets(void **state)
{
	struct tree *tree = *state;

	write_one(tree, 100);
	write_one(tree, 101);
	write_one(tree, 102);
	assert_true(kept(tree, 101)); /* no cluster's files: nothing is known */
	tree_file(tree, "etc/pve/nodes/lab/qemu-server/100.conf", "");
	tree_file(tree, "etc/pve/nodes/other/qemu-server/102.conf", "");
	tree_file(tree, DURATION_DIR "/103.tmp", "half");
	write_one(tree, 100);
	assert_true(tree_has(tree, DURATION_DIR "/103.tmp"));
	assert_true(kept(tree, 100));
	assert_false(kept(tree, 101));
	assert_true(kept(tree, 102));
	tree_obscure(tree, "etc/pve/nodes/other");
	assert_int_equal(duration_write(&tree->root, 100, &some), -ELOOP);
	assert_true(kept(tree, 102));
}

static void put_record(struct tree *tree, uint8_t bus, unsigned int vmid, uint64_t claim)
{
	const struct record record = {.bdf = {0, bus, 0, 0},
				      .vmid = vmid,
				      .stage = RECORD_CLAIMED,
				      .claim = claim,
				      .deadline = 8};

	assert_int_equal(record_write(&tree->root, &record), 0);
}

static void test_since_claim(void **state)
{
	const uint64_t second = (uint64_t)1000 << 22, now = record_new_claim();
	struct tree *tree = *state;
	int64_t ms;

	assert_int_equal(duration_since_claim(&tree->root, 100), 0);
	put_record(tree, 1, 100, now - 5 * second);
	put_record(tree, 2, 100, second / 1000); /* an earlier start's, not given back */
	put_record(tree, 3, 101, now);
	put_record(tree, 4, 102, now - 8000 * second);
	put_record(tree, 5, 103, now + 60 * second);
	put_record(tree, 6, 104, 0); /* version 0.1.0 */
	ms = duration_since_claim(&tree->root, 100);
	assert_in_range(ms, 5000, 65000);
	assert_int_equal(duration_since_claim(&tree->root, 102), 0);
	assert_int_equal(duration_since_claim(&tree->root, 103), 0);
	assert_int_equal(duration_since_claim(&tree->root, 104), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_bad),
		TEST(test_forgets),
		TEST(test_since_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
