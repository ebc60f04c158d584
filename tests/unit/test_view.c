// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/view.h"

#include "tree.h"

/* TREE's file or folder as the running system's root has it. */
static char *outside(const struct tree *tree, const char *path)
{
	return fs_join(tree->root.path + 1, "/", path);
}

static void assert_seen(const struct fs_root *root, const struct tree *tree, const char *path,
			const char *text)
{
	auto_free char *full = outside(tree, path);
	auto_free char *read = NULL;

	assert_int_equal(fs_exists(root, full), text != NULL);
	assert_int_equal(fs_read_attr(root, full, &read), text ? 0 : -ENOENT);
	if (text)
		assert_string_equal(read, text);
}

/* What is in a folder that was entered is seen there and nowhere else. */
static void test_view(void **state)
{
	struct tree *tree = *state;
	auto_free char *folder = outside(tree, "a/b"), *other = outside(tree, "a/c");
	auto_free char *link = outside(tree, "a/b/link"), *name = NULL;
	auto_names struct fs_names names = {0};
	auto_root struct fs_root root;
	auto_view struct fs_root view;

	tree_file(tree, "a/b/file", "first");
	tree_file(tree, "a/bb/file", "neighbour");
	tree_link(tree, "a/b/link", "../bb");
	assert_int_equal(fs_root_open("/", &root), 0);
	view_open(&root, &view);
	assert_true(view_enter(&view, folder));
	assert_true(view_enter(&view, folder));
	assert_false(view_enter(&view, other));
	assert_seen(&view, tree, "a/b/file", "first");
	assert_seen(&view, tree, "a/b/nothing", NULL);
	assert_seen(&view, tree, "a/bb/file", "neighbour");
	assert_seen(&view, tree, "a/b/link/file", "neighbour");
	assert_int_equal(fs_link_name(&view, link, &name), 0);
	assert_string_equal(name, "bb");
	assert_int_equal(fs_list(&view, folder, &names), 0);
	assert_int_equal(names.n, 2);

	assert_int_equal(fs_rename(&tree->root, "a", "b", "was-b"), 0);
	tree_file(tree, "a/b/file", "second");
	assert_seen(&view, tree, "a/b/file", "first");
	assert_seen(&root, tree, "a/b/file", "second");
	assert_int_equal(fs_remove(&tree->root, "a/was-b", "file"), 0);
	assert_seen(&view, tree, "a/b/file", NULL);
	view_close(&view);
	assert_seen(&root, tree, "a/b/file", "second");
}

/* Elsewhere links must stay inside of the root, which only a way from the root shows. */
static void test_view_of_another_root(void **state)
{
	struct tree *tree = *state;
	auto_view struct fs_root view;
	auto_free char *text = NULL;

	tree_file(tree, "a/b/file", "first");
	view_open(&tree->root, &view);
	assert_false(view_enter(&view, "a/b"));
	assert_false(view_enter(&tree->root, "a/b"));
	assert_int_equal(fs_rename(&tree->root, "a", "b", "was-b"), 0);
	tree_file(tree, "a/b/file", "second");
	assert_int_equal(fs_read_attr(&view, "a/b/file", &text), 0);
	assert_string_equal(text, "second");
	assert_true(fs_exists(&view, "a/b/file"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_view),
		TEST(test_view_of_another_root),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
