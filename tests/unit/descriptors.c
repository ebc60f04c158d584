// SPDX-License-Identifier: GPL-2.0-or-later
#include "descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void descriptors_read(struct descriptors *ret)
{
	for (int fd = 0; fd < DESCRIPTORS_MAX; fd++)
		ret->open[fd] = fcntl(fd, F_GETFD) >= 0;
}

static void say_left_open(int fd)
{
	char path[64], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target));
	fprintf(stderr, "descriptor %d was left open: %.*s\n", fd, len > 0 ? (int)len : 1,
		len > 0 ? target : "?");
}

bool descriptors_are_same(const struct descriptors *before)
{
	struct descriptors now;
	bool same = true;

	descriptors_read(&now);
	for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
		if (now.open[fd] == before->open[fd])
			continue;
		same = false;
		if (now.open[fd])
			say_left_open(fd);
		else
			fprintf(stderr,
				"descriptor %d was closed, which somebody else had opened\n", fd);
	}
	return same;
}

/* ---- around every test ---- */

/* A test of a suite, and what was open before it. */
struct watched {
	const struct CMUnitTest *test;
	struct descriptors before;
};

static struct watched *current;

static int setup(void **state)
{
	current = *state;
	*state = current->test->initial_state;
	descriptors_read(&current->before);
	return current->test->setup_func ? current->test->setup_func(state) : 0;
}

static int teardown(void **state)
{
	int result = current->test->teardown_func ? current->test->teardown_func(state) : 0;

	if (descriptors_are_same(&current->before))
		return result;
	print_error("%s ended with other descriptors than it began with\n", current->test->name);
	return -1;
}

int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
				   CMFixtureFunction group_setup, CMFixtureFunction group_teardown);
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
				   CMFixtureFunction group_setup, CMFixtureFunction group_teardown);

int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
				   CMFixtureFunction group_setup, CMFixtureFunction group_teardown)
{
	struct CMUnitTest *around = calloc(n, sizeof(*around));
	struct watched *watched = calloc(n, sizeof(*watched));
	int failed;

	if (!around || !watched)
		abort();
	/* "test_claim*": these tests alone. */
	cmocka_set_test_filter(getenv("TEST_ONLY"));
	for (size_t i = 0; i < n; i++) {
		watched[i].test = &tests[i];
		around[i] = (struct CMUnitTest){tests[i].name, tests[i].test_func, setup, teardown,
						&watched[i]};
	}
	failed = __real__cmocka_run_group_tests(name, around, n, group_setup, group_teardown);
	free(around);
	free(watched);
	return failed;
}
