// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/statefile.h"

#include <string.h>
#include <sys/stat.h>

#include "tree.h"

#define FILE_PATH STATE_DIR "/vm/100"

static int read_it(struct tree *tree, char **ret)
{
	return statefile_read(&tree->root, FILE_PATH, 8, ret);
}

static void test_round(void **state)
{
	const struct fs_root *root = &((struct tree *)*state)->root;
	auto_free char *text = NULL;

	assert_int_equal(read_it(*state, &text), -ENOENT);
	for (int i = 0; i < 2; i++) {
		auto_free char *now = NULL;

		assert_int_equal(statefile_write(root, FILE_PATH, i ? "b" : "a", 0600, i), 0);
		assert_int_equal(read_it(*state, &now), 0);
		assert_string_equal(now, i ? "b" : "a");
	}
	assert_int_equal(tree_mode_of(*state, STATE_DIR), 0755);
	assert_int_equal(tree_mode_of(*state, STATE_DIR "/vm"), 0700);
	assert_int_equal(tree_mode_of(*state, FILE_PATH), 0600);
	assert_int_equal(statefile_write(root, STATE_DIR "/all", "c", 0644, true), 0);
	assert_int_equal(tree_mode_of(*state, STATE_DIR "/all"), 0644);
	assert_int_equal(statefile_write(root, FILE_PATH, NULL, 0600, true), -ENOMEM);
	assert_int_equal(statefile_write(root, NULL, "a", 0600, true), -ENOMEM);
	assert_int_equal(statefile_read(root, NULL, 8, &text), -ENOMEM);
	assert_null(text);
}

static void assert_not_ours(struct tree *tree, int err)
{
	char *text = NULL;

	assert_int_equal(read_it(tree, &text), err);
	assert_null(text);
	tree_delete(tree, FILE_PATH);
}

static void test_not_ours(void **state)
{
	struct tree *tree = *state;
	auto_free char *text = NULL;
	auto_free char *path = fs_path("%s/" FILE_PATH, tree->root.path);

	tree_file(tree, FILE_PATH, "12345678");
	assert_int_equal(read_it(tree, &text), 0);
	tree_file(tree, FILE_PATH, "123456789");
	assert_not_ours(tree, -EFBIG);
	tree_bytes(tree, FILE_PATH, "a\0b", 3);
	assert_not_ours(tree, -EINVAL);
	/* Opening it would wait for a writer. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_not_ours(tree, -EINVAL);
	tree_folder(tree, FILE_PATH);
	assert_not_ours(tree, -EISDIR);
	tree_link(tree, FILE_PATH, "elsewhere");
	assert_not_ours(tree, -ELOOP);
	tree_delete(tree, STATE_DIR "/vm");
	tree_file(tree, STATE_DIR "/vm", "");
	assert_int_equal(read_it(tree, &text), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_not_ours, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
