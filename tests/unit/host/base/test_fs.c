// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/fs.h"
#include "host/base/fs_write.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "tree.h"

static char *read_text(struct tree *tree, const char *path)
{
	char *text = NULL;

	return fs_read(&tree->root, path, 1000, &text, NULL) ? NULL : text;
}

static void assert_reads(struct tree *tree, const char *path, const char *text)
{
	auto_free char *read = read_text(tree, path);

	assert_non_null(read);
	assert_string_equal(read, text);
}

/* ---- the root ---- */

static void test_root_path(void **state)
{
	struct tree *tree = *state;
	auto_free char *slashes = fs_path("%s///", tree->root.path);
	struct fs_root root;

	assert_int_equal(fs_root_open(slashes, &root), 0);
	assert_string_equal(root.path, tree->root.path);
	assert_false(fs_root_is_running_system(&root));
	fs_root_close(&root);
	fs_root_close(&root);
	assert_int_equal(fs_root_open("/", &root), 0);
	assert_string_equal(root.path, "");
	assert_true(fs_root_is_running_system(&root));
	fs_root_close(&root);
	assert_int_equal(fs_root_open("/dev/null", &root), -ENOTDIR);
	assert_int_equal(fs_root_open("/no/such/folder", &root), -ENOENT);
}

/* The running system is looked at by other calls, with the same answers. */
static void test_running_system(void **state)
{
	struct tree *tree = *state;
	auto_free char *file = fs_path("%s/file", tree->root.path + 1);
	auto_free char *link = fs_path("%s/link", tree->root.path + 1);
	auto_free char *dangling = fs_path("%s/dangling", tree->root.path + 1);
	auto_free char *name = NULL, *none = NULL;
	auto_root struct fs_root root;

	assert_int_equal(fs_root_open("/", &root), 0);
	tree_file(tree, "file", "");
	tree_link(tree, "link", "file");
	tree_link(tree, "dangling", "some/where");
	assert_int_equal(fs_probe(&root, file), 1);
	assert_int_equal(fs_probe(&root, link), 1);
	assert_int_equal(fs_probe(&root, dangling), 0);
	assert_int_equal(fs_probe(&root, NULL), -ENOMEM);
	assert_int_equal(fs_link_name(&root, dangling, &name), 0);
	assert_string_equal(name, "where");
	assert_int_equal(fs_link_name(&root, file, &none), -EINVAL);
	assert_int_equal(fs_link_name(&root, "no/such", &none), -ENOENT);
	assert_int_equal(fs_link_name(&root, NULL, &none), -ENOMEM);
	assert_null(none);
}

/* Only what the kernel calls absent is absent; whatever else it says is unknown. */
static void test_probe(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "a/file", "");
	tree_link(tree, "a/loop", "loop");
	tree_link(tree, "a/dangling", "nowhere");
	tree_folder(tree, "empty");
	assert_int_equal(fs_probe(&tree->root, "a/file"), 1);
	assert_int_equal(fs_probe(&tree->root, "a"), 1);
	assert_int_equal(fs_probe(&tree->root, "a/none"), 0);
	assert_int_equal(fs_probe(&tree->root, "a/dangling"), 0);
	assert_int_equal(fs_probe(&tree->root, "a/file/below"), 0);
	assert_int_equal(fs_probe(&tree->root, "a/loop"), -ELOOP);
	assert_int_equal(fs_probe(&tree->root, NULL), -ENOMEM);
	assert_int_equal(fs_probe_entries(&tree->root, "a"), 1);
	assert_int_equal(fs_probe_entries(&tree->root, "empty"), 0);
	assert_int_equal(fs_probe_entries(&tree->root, "none"), 0);
	assert_int_equal(fs_probe_entries(&tree->root, "a/file"), 0);
	assert_int_equal(fs_probe_entries(&tree->root, "a/loop"), -ELOOP);
}

/* Links lead where they would if the root were "/". */
static void test_links_stay_inside(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "a/file", "inside");
	tree_link(tree, "b/absolute", "/a/file");
	tree_link(tree, "b/up", "../a/file");
	tree_link(tree, "b/far-up", "../../../../../../../a/file");
	tree_link(tree, "b/folder", "/a");
	tree_link(tree, "b/twice", "/b/absolute");
	tree_link(tree, "b/outside", "/proc/self/stat");
	tree_link(tree, "b/loop", "loop");
	assert_reads(tree, "a/file", "inside");
	assert_reads(tree, "b/absolute", "inside");
	assert_reads(tree, "b/up", "inside");
	assert_reads(tree, "b/far-up", "inside");
	assert_reads(tree, "b/folder/file", "inside");
	assert_reads(tree, "b/twice", "inside");
	assert_reads(tree, "../../../../a/file", "inside");
	assert_reads(tree, "b/../../a/file", "inside");
	assert_int_equal(fs_open(&tree->root, "b/outside", O_RDONLY, 0), -ENOENT);
	assert_int_equal(fs_open(&tree->root, "b/loop", O_RDONLY, 0), -ELOOP);
	assert_int_equal(fs_open(&tree->root, NULL, O_RDONLY, 0), -ENOMEM);
}

static void test_descriptors_are_closed_on_exec(void **state)
{
	struct tree *tree = *state;
	auto_close int fd = -1;

	tree_file(tree, "file", "");
	fd = fs_open(&tree->root, "file", O_RDONLY, 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(tree->root.fd, F_GETFD) & FD_CLOEXEC);
}

static void test_exists(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "file", "");
	tree_mode(tree, "file", 0);
	tree_link(tree, "good", "/file");
	tree_link(tree, "dangling", "/nothing");
	assert_int_equal(fs_probe(&tree->root, "file"), 1);
	assert_int_equal(fs_probe(&tree->root, "good"), 1);
	assert_int_equal(fs_probe(&tree->root, "."), 1);
	assert_int_equal(fs_probe(&tree->root, "dangling"), 0);
	assert_int_equal(fs_probe(&tree->root, "file/below"), 0);
	assert_int_equal(fs_probe(&tree->root, NULL), -ENOMEM);
}

/* ---- reading ---- */

static void test_read(void **state)
{
	static const char bytes[] = "a\0b\n";
	struct tree *tree = *state;
	char *text = NULL;
	size_t len = 0;

	tree_bytes(tree, "file", bytes, 4);
	assert_int_equal(fs_read(&tree->root, "file", 4, &text, &len), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(text, bytes, 5);
	free(text);
	text = NULL;
	assert_int_equal(fs_read(&tree->root, "file", 3, &text, &len), -EFBIG);
	assert_null(text);
	assert_int_equal(fs_read(&tree->root, "nothing", 3, &text, &len), -ENOENT);
	assert_int_equal(fs_read(&tree->root, "proc", 3, &text, &len), -EISDIR);
	tree_file(tree, "empty", "");
	assert_int_equal(fs_read(&tree->root, "empty", 0, &text, &len), 0);
	assert_int_equal(len, 0);
	assert_string_equal(text, "");
	free(text);
}

/* A FIFO is not opened, or this would not end. */
static void test_read_regular(void **state)
{
	struct tree *tree = *state;
	auto_free char *text = NULL;
	size_t len = 0;

	tree_file(tree, "file", "text");
	tree_link(tree, "link", "/file");
	assert_int_equal(mkfifoat(tree->root.fd, "fifo", 0600), 0);
	assert_int_equal(mknodat(tree->root.fd, "socket", S_IFSOCK | 0600, 0), 0);
	tree_link(tree, "to-fifo", "/fifo");
	assert_int_equal(fs_read_regular(&tree->root, "fifo", 9, &text, &len), -EMEDIUMTYPE);
	assert_int_equal(fs_read_regular(&tree->root, "to-fifo", 9, &text, &len), -EMEDIUMTYPE);
	assert_int_equal(fs_read_regular(&tree->root, "socket", 9, &text, &len), -EMEDIUMTYPE);
	assert_int_equal(fs_read_regular(&tree->root, ".", 9, &text, &len), -EISDIR);
	assert_int_equal(fs_read_regular(&tree->root, "absent", 9, &text, &len), -ENOENT);
	assert_int_equal(fs_read_regular(&tree->root, "file", 3, &text, &len), -EFBIG);
	assert_null(text);
	assert_int_equal(fs_read_regular(&tree->root, "link", 9, &text, &len), 0);
	assert_string_equal(text, "text");
	assert_int_equal(len, 4);
}

static void test_read_much(void **state)
{
	struct tree *tree = *state;
	size_t size = 100001, len = 0;
	auto_free char *bytes = malloc(size);
	auto_free char *text = NULL;

	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i % 251);
	tree_bytes(tree, "file", bytes, size);
	assert_int_equal(fs_read(&tree->root, "file", size, &text, &len), 0);
	assert_int_equal(len, size);
	assert_memory_equal(text, bytes, size);
	assert_int_equal(text[size], 0);
}

static void test_read_attr(void **state)
{
	static const struct {
		const char *file, *text;
	} rows[] = {{"value\n", "value"}, {"value", "value"}, {"", ""},
		    {"\n", ""},		  {"a\n\n", "a\n"},   {"a\nb\n", "a\nb"}};
	struct tree *tree = *state;
	char *none;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = NULL;

		tree_file(tree, "attr", rows[i].file);
		assert_int_equal(fs_read_attr(&tree->root, "attr", &text), 0);
		assert_string_equal(text, rows[i].text);
	}
	assert_int_equal(fs_read_attr(&tree->root, "nothing", &none), -ENOENT);
	assert_int_equal(fs_read_attr(&tree->root, NULL, &none), -ENOMEM);
}

/* The real one: no fake kernel stands before it here. */
static void test_write_attr(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "attr", "");
	assert_int_equal(fs_write_attr(&tree->root, "attr", "0000:01:00.0"), 0);
	assert_reads(tree, "attr", "0000:01:00.0");
	assert_int_equal(fs_write_attr(&tree->root, "nothing", "x"), -ENOENT);
	assert_false(tree_has(tree, "nothing"));
	assert_int_equal(fs_write_attr(&tree->root, NULL, "x"), -ENOMEM);
	tree_link(tree, "full", "/dev/full");
	assert_int_equal(fs_write_attr(&tree->root, "full", "x"), -ENOENT);
}

static void test_link_name(void **state)
{
	struct tree *tree = *state;
	auto_free char *far = NULL;
	auto_free char *near = NULL;
	char *none;

	tree_link(tree, "driver", "../../../bus/pci/drivers/e1000e");
	tree_link(tree, "near", "name");
	tree_file(tree, "file", "");
	assert_int_equal(fs_link_name(&tree->root, "driver", &far), 0);
	assert_string_equal(far, "e1000e");
	assert_int_equal(fs_link_name(&tree->root, "near", &near), 0);
	assert_string_equal(near, "name");
	assert_int_equal(fs_link_name(&tree->root, "file", &none), -EINVAL);
	assert_int_equal(fs_link_name(&tree->root, "proc", &none), -EINVAL);
	assert_int_equal(fs_link_name(&tree->root, "nothing", &none), -ENOENT);
}

static void test_list(void **state)
{
	struct tree *tree = *state;
	struct fs_names names = {0};

	tree_file(tree, "folder/b", "");
	tree_folder(tree, "folder/a");
	tree_link(tree, "folder/.c", "nowhere");
	tree_link(tree, "link", "/folder");
	assert_int_equal(fs_list(&tree->root, "link", &names), 0);
	assert_int_equal(names.n, 3);
	assert_string_equal(names.items[0], ".c");
	assert_string_equal(names.items[1], "a");
	assert_string_equal(names.items[2], "b");
	fs_names_free(&names);
	assert_int_equal(names.n, 0);
	assert_int_equal(fs_list(&tree->root, "folder/a", &names), 0);
	assert_int_equal(names.n, 0);
	fs_names_free(&names);
	assert_int_equal(fs_list(&tree->root, "folder/b", &names), 0);
	assert_int_equal(names.n, 0);
	assert_int_equal(fs_list(&tree->root, "nothing", &names), 0);
	assert_int_equal(names.n, 0);
	tree_link(tree, "loop", "loop");
	assert_int_equal(fs_list(&tree->root, "loop", &names), -ELOOP);
}

/* ---- writing ---- */

static void test_make_folder(void **state)
{
	struct tree *tree = *state;

	tree_link(tree, "elsewhere", "/run");
	assert_int_equal(fs_make_dir(&tree->root, "one/two/three", 0700), 0);
	assert_int_equal(tree_mode_of(tree, "one/two/three"), 0700);
	assert_int_equal(fs_make_dir(&tree->root, "one/two/three", 0700), 0);
	assert_int_equal(fs_make_dir(&tree->root, "elsewhere/new", 0700), 0);
	assert_true(tree_has(tree, "run/new"));
	tree_file(tree, "file", "");
	assert_int_equal(fs_make_dir(&tree->root, "file/below", 0700), -ENOTDIR);
}

static void test_replace(void **state)
{
	struct tree *tree = *state;
	mode_t before = umask(0077);

	tree_folder(tree, "folder");
	assert_int_equal(fs_replace(&tree->root, "folder", "name", "one", 0644), 0);
	umask(before);
	assert_reads(tree, "folder/name", "one");
	assert_int_equal(tree_mode_of(tree, "folder/name"), 0644);
	assert_int_equal(fs_replace(&tree->root, "folder", "name", "", 0600), 0);
	assert_reads(tree, "folder/name", "");
	assert_int_equal(tree_mode_of(tree, "folder/name"), 0600);
	assert_false(tree_has(tree, "folder/.name.new"));
	assert_int_equal(fs_replace(&tree->root, "nothing", "name", "one", 0644), -ENOENT);
}

/* A reader with the old file open keeps the old text: it was replaced, not rewritten. */
static void test_replace_is_atomic(void **state)
{
	struct tree *tree = *state;
	auto_close int fd = -1;
	auto_free char *text = NULL;

	tree_file(tree, "folder/name", "old text");
	fd = fs_open(&tree->root, "folder/name", O_RDONLY, 0);
	assert_int_equal(fs_replace(&tree->root, "folder", "name", "new", 0600), 0);
	assert_int_equal(fs_read_fd(fd, 100, &text, NULL), 0);
	assert_string_equal(text, "old text");
	assert_reads(tree, "folder/name", "new");
}

/* Neither a leftover of a crash nor a trap leads the text elsewhere. */
static void test_replace_over_a_leftover(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "victim", "victim");
	tree_link(tree, "folder/.name.new", "/victim");
	assert_int_equal(fs_replace(&tree->root, "folder", "name", "new", 0600), 0);
	tree_link(tree, "folder/linked", "/victim");
	assert_int_equal(fs_replace(&tree->root, "folder", "linked", "new", 0600), 0);
	assert_reads(tree, "victim", "victim");
	assert_reads(tree, "folder/linked", "new");
}

static void test_replace_fails_cleanly(void **state)
{
	struct tree *tree = *state;

	tree_folder(tree, "folder/name");
	assert_int_equal(fs_replace(&tree->root, "folder", "name", "new", 0600), -EISDIR);
	assert_false(tree_has(tree, "folder/.name.new"));
}

static void test_remove(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "folder/name", "");
	assert_int_equal(fs_remove(&tree->root, "folder", "name"), 0);
	assert_false(tree_has(tree, "folder/name"));
	assert_int_equal(fs_remove(&tree->root, "folder", "name"), 0);
	assert_int_equal(fs_remove(&tree->root, "nothing", "name"), 0);
}

static void test_lock(void **state)
{
	struct tree *tree = *state;
	auto_close int lock = fs_lock(&tree->root, "lock", LOCK_EX | LOCK_NB);

	assert_true(lock >= 0);
	assert_int_equal(tree_mode_of(tree, "lock"), 0600);
	assert_int_equal(fs_lock(&tree->root, "lock", LOCK_EX | LOCK_NB), -EWOULDBLOCK);
	assert_int_equal(fs_lock(&tree->root, "lock", LOCK_SH | LOCK_NB), -EWOULDBLOCK);
	close(TAKE_FD(lock));
	lock = fs_lock(&tree->root, "lock", LOCK_EX | LOCK_NB);
	assert_true(lock >= 0);
	tree_link(tree, "trap", "/victim");
	assert_int_equal(fs_lock(&tree->root, "trap", LOCK_EX | LOCK_NB), -ELOOP);
	assert_false(tree_has(tree, "victim"));
	assert_int_equal(fs_lock(&tree->root, "no/folder", LOCK_EX | LOCK_NB), -ENOENT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_root_path),
		TEST(test_running_system),
		TEST(test_links_stay_inside),
		TEST(test_descriptors_are_closed_on_exec),
		TEST(test_exists),
		TEST(test_read),
		TEST(test_read_regular),
		TEST(test_read_much),
		TEST(test_read_attr),
		TEST(test_write_attr),
		TEST(test_link_name),
		TEST(test_probe),
		TEST(test_list),
		TEST(test_make_folder),
		TEST(test_replace),
		TEST(test_replace_is_atomic),
		TEST(test_replace_over_a_leftover),
		TEST(test_replace_fails_cleanly),
		TEST(test_remove),
		TEST(test_lock),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
