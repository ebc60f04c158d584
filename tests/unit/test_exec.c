// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/exec.h"

#include <fcntl.h>

#include "host/clock.h"
#include "tree.h"

#define RUN(wanted, limit, ...) exec_run((const char *const[]){__VA_ARGS__, NULL}, wanted, limit)

static void test_ends(void **state)
{
	(void)state;
	assert_int_equal(RUN(NULL, 5000, "true"), 0);
	assert_int_equal(RUN(NULL, 5000, "false"), -EIO);
	assert_int_equal(RUN(NULL, 5000, "sh", "-c", "kill -9 $$"), -EIO);
	assert_int_equal(RUN(NULL, 5000, "no-program-has-this-name"), -ENOENT);
	assert_int_equal(RUN("word", 5000, "no-program-has-this-name"), -ENOENT);
}

/* With a word that is asked for, the exit code says nothing: systemctl uses it for other things. */
static void test_words(void **state)
{
	(void)state;
	assert_int_equal(RUN("stopping", 5000, "sh", "-c", "echo stopping; exit 3"), 0);
	assert_int_equal(RUN("stopping", 5000, "sh", "-c", "printf 'stop'; printf 'ping'"), 0);
	assert_int_equal(RUN("stopping", 5000, "echo", "running"), -ENOMSG);
	assert_int_equal(RUN("stopping", 5000, "echo", "stopping soon"), -ENOMSG);
	assert_int_equal(RUN("stopping", 5000, "true"), -ENOMSG);
	/* More than anybody wants to know neither blocks it nor matters. */
	assert_int_equal(RUN("a", 5000, "sh", "-c", "echo a; head -c 200000 /dev/zero"), 0);
	assert_int_equal(RUN("a", 5000, "sh", "-c", "head -c 200000 /dev/zero"), -ENOMSG);
}

static void test_takes_too_long(void **state)
{
	int64_t begin = clock_now_ms();

	(void)state;
	assert_int_equal(RUN(NULL, 100, "sleep", "3"), -ETIMEDOUT);
	assert_in_range(clock_now_ms() - begin, 100, 2500);
}

/* It has none of the caller's descriptors: Proxmox VE waits for the end of its streams. */
static void test_inherits_nothing(void **state)
{
	auto_close int fd = open("/dev/null", O_RDONLY); /* not O_CLOEXEC: somebody else's */

	(void)state;
	assert_true(fd > 2);
	assert_int_equal(RUN(NULL, 5000, "sh", "-c",
			     "for fd in /proc/$$/fd/*; do case ${fd##*/} in 0|1|2|10) ;; "
			     "*) [ ! -e $fd ] || exit 1;; esac; done"),
			 0);
	assert_int_equal(RUN(NULL, 5000, "sh", "-c", "[ $(readlink /proc/$$/fd/2) = /dev/null ]"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_takes_too_long),
		cmocka_unit_test(test_inherits_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
