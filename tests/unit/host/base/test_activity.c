// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/activity.h"

#include "host/base/fs.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tree.h"

/* A page that another process reads. */
static struct activity *new_page(void)
{
	void *page = mmap(NULL, sizeof(struct activity), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	return page;
}

static void test_note(void **state)
{
	struct activity *page = new_page(), seen;
	char longer[1000] = {0};

	(void)state;
	activity_begin("read", "sys/nowhere");
	assert_false(activity_read(page, &seen));
	activity_set_page(page);
	activity_begin("read", "sys/file");
	assert_true(activity_read(page, &seen));
	assert_string_equal(seen.verb, "read");
	assert_string_equal(seen.path, "sys/file");
	errno = EBUSY;
	activity_end();
	assert_int_equal(errno, EBUSY);
	assert_false(activity_read(page, &seen));

	memset(longer, 'x', sizeof(longer) - 1);
	activity_begin(longer, longer);
	assert_true(activity_read(page, &seen));
	assert_int_equal(strlen(seen.verb), ACTIVITY_VERB_SIZE - 1);
	assert_int_equal(strlen(seen.path), ACTIVITY_PATH_SIZE - 1);
	activity_begin("call", NULL);
	assert_true(activity_read(page, &seen));
	assert_string_equal(seen.path, "");
	activity_set_page(NULL);
	munmap(page, sizeof(*page));
}

/* A child that reads what nobody writes: its parent sees where it is. */
static void test_stuck_read(void **state)
{
	struct tree *tree = *state;
	struct activity *page = new_page(), seen;
	bool found = false;
	int status;
	pid_t pid;

	tree_file(tree, "sys/before", "x");
	assert_int_equal(mkfifoat(tree->root.fd, "sys/stuck", 0600), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		auto_free char *text = NULL;

		activity_set_page(page);
		if (fs_read_attr(&tree->root, "sys/before", &text) ||
		    fs_read_attr(&tree->root, "sys/stuck", &text))
			_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 500 && !found; i++) {
		found = activity_read(page, &seen) && !strcmp(seen.path, "sys/stuck");
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_true(found);
	munmap(page, sizeof(*page));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_note, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_stuck_read, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
