// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/changes.h"

#include "host/base/clock.h"
#include "host/base/fs_write.h"
#include "tree.h"

static int listen_to(struct tree *tree)
{
	int fd;

	tree_folder(tree, "run/folder");
	fd = changes_open(&tree->root, "run/folder");
	assert_true(fd >= 0);
	return fd;
}

/* How long it slept, in milliseconds. */
static int64_t sleep_until_change(int changes, int limit_ms)
{
	int64_t begin = clock_now_ms();

	assert_false(changes_wait(changes, -1, limit_ms));
	return clock_now_ms() - begin;
}

static void test_hears(void **state)
{
	struct tree *tree = *state;
	auto_close int changes = listen_to(tree);

	assert_in_range(sleep_until_change(changes, 100), 100, 5000);
	assert_int_equal(fs_replace(&tree->root, "run/folder", "name", "text", 0600), 0);
	assert_in_range(sleep_until_change(changes, 10000), 0, 5000);
	changes_forget(changes);
	assert_in_range(sleep_until_change(changes, 100), 100, 5000);
	assert_int_equal(fs_remove(&tree->root, "run/folder", "name"), 0);
	assert_in_range(sleep_until_change(changes, 10000), 0, 5000);
	/* Two at once are forgotten at once. */
	assert_int_equal(fs_replace(&tree->root, "run/folder", "a", "", 0600), 0);
	assert_int_equal(fs_replace(&tree->root, "run/folder", "b", "", 0600), 0);
	changes_forget(changes);
	assert_in_range(sleep_until_change(changes, 100), 100, 5000);
}

static void test_other(void **state)
{
	auto_close int changes = listen_to(*state);
	int channel[2];

	assert_int_equal(pipe(channel), 0);
	assert_false(changes_wait(changes, channel[0], 50));
	close(channel[1]);
	assert_true(changes_wait(changes, channel[0], 10000));
	assert_true(changes_wait(-1, channel[0], 10000));
	close(channel[0]);
}

static void test_no_folder(void **state)
{
	struct tree *tree = *state;

	assert_int_equal(changes_open(&tree->root, "run/none"), -ENOENT);
	tree_file(tree, "run/file", "");
	assert_int_equal(changes_open(&tree->root, "run/file"), -ENOTDIR);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_hears),
		TEST(test_other),
		TEST(test_no_folder),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
