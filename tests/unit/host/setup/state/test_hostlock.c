// SPDX-License-Identifier: GPL-2.0-or-later
/* One host-setup at a time changes how the host boots, and the other is told who that is. */
#include "host/setup/state/hostlock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "scenario.h"

static int take(const struct fs_root *root, unsigned int vmid)
{
	auto_close int fd = hostlock_take(root);

	(void)vmid;
	return fd < 0;
}

static ino_t inode_of_etc(struct tree *tree)
{
	auto_close int fd = fs_open(&tree->root, "etc", O_RDONLY | O_DIRECTORY, 0);
	struct stat st;

	assert_true(fd >= 0 && !fstat(fd, &st));
	return st.st_ino;
}

static void put_locks(struct tree *tree)
{
	auto_free char *text = fs_path("1: POSIX  ADVISORY  WRITE 7 00:2d:%ju 0 EOF\n"
				       "2: FLOCK  ADVISORY  WRITE 8 00:2d:3 0 EOF\n"
				       "2: -> FLOCK  ADVISORY  WRITE 9 00:2d:%ju 0 EOF\n"
				       "3: FLOCK  ADVISORY  WRITE 4711 fe:01:%ju 0 EOF\n",
				       (uintmax_t)inode_of_etc(tree), (uintmax_t)inode_of_etc(tree),
				       (uintmax_t)inode_of_etc(tree));

	tree_file(tree, "proc/locks", text);
	tree_bytes(tree, "proc/4711/cmdline", "host-setup\0enable", sizeof("host-setup\0enable"));
}

static void test_held(void **state)
{
	struct tree *tree = *state;
	auto_run struct run unknown = {0}, known = {0}, free = {0};
	int lock;

	tree_folder(tree, "etc");
	lock = hostlock_take(&tree->root);
	assert_true(lock >= 0);
	tree_delete(tree, "proc/locks");
	run_hook(tree, take, 0, &unknown);
	run_assert_code(&unknown, 1);
	run_assert_says(&unknown, "another host-setup is changing how this host boots, or waits "
				  "for an answer; nothing was changed");
	put_locks(tree);
	run_hook(tree, take, 0, &known);
	run_assert_code(&known, 1);
	run_assert_says(&known, "process 4711 (host-setup enable) is changing how this host boots");
	close(lock);
	run_hook(tree, take, 0, &free);
	run_assert_code(&free, 0);
}

/* Nothing is left behind. */
static void test_leaves_nothing(void **state)
{
	struct tree *tree = *state;
	auto_free char *before = NULL;
	int lock;

	tree_folder(tree, "etc");
	before = tree_render(tree, TREE_ALL);
	lock = hostlock_take(&tree->root);
	assert_true(lock >= 0);
	close(lock);
	tree_assert_is(tree, TREE_ALL, before);
}

static void test_cannot_be_locked(void **state)
{
	struct tree *tree = *state;
	auto_run struct run run = {0};

	tree_delete(tree, "etc");
	tree_file(tree, "etc", "");
	run_hook(tree, take, 0, &run);
	run_assert_code(&run, 1);
	run_assert_says(&run, "/etc cannot be locked: Not a directory; nothing was changed");
}

/* On a host with users: what they may open, they may lock. */
static void test_others_cannot_lock_it(void **state)
{
	struct tree *tree = *state;
	struct fs_root running = {.fd = tree->root.fd, .path = (char *)(uintptr_t) ""};
	auto_close int theirs = -1;
	struct stat st;
	int lock;

	tree_folder(tree, "etc");
	theirs = fs_open(&running, "etc", O_RDONLY | O_DIRECTORY, 0);
	assert_false(flock(theirs, LOCK_EX));
	lock = hostlock_take(&running);
	assert_true(lock >= 0);
	assert_int_equal(hostlock_try(&running), -EWOULDBLOCK);
	assert_false(fstat(lock, &st));
	assert_int_equal(st.st_mode & 0777, 0700);
	close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_held, scenario_setup, fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_leaves_nothing, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_cannot_be_locked, scenario_setup,
						fake_kernel_teardown),
		cmocka_unit_test_setup_teardown(test_others_cannot_lock_it, scenario_setup,
						fake_kernel_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
