// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes of this machine, with a terminal of the test's own as the device. */
#include "host/usage/open_search.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "tree.h"

#include "host/base/clock.h"

struct terminal {
	int master;
	char *path;
	struct usage_device device;
	struct survey survey;
};

static void open_terminal(struct terminal *ret)
{
	struct stat st;
	struct survey_node node = {.device = &ret->device, .path = strdup("")};

	*ret = (struct terminal){.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
	assert_true(ret->master >= 0);
	assert_int_equal(grantpt(ret->master) | unlockpt(ret->master), 0);
	ret->path = strdup(ptsname(ret->master));
	assert_int_equal(stat(ret->path, &st), 0);
	node.name = strdup(ret->path + strlen("/dev/"));
	node.major = major(st.st_rdev);
	node.minor = minor(st.st_rdev);
	assert_int_equal(survey_add_node(&ret->survey, &node), 0);
}

static void close_terminal(struct terminal *terminal)
{
	survey_free(&terminal->survey);
	free(terminal->path);
	close(terminal->master);
}

/* A process that has the terminal open for MS, and then again after a PAUSE, COUNT times; it has it
 * open when this returns. */
static pid_t start_opener(const struct terminal *terminal, int ms, int pause_ms, int count)
{
	int channel[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(channel, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	for (int i = 0; !pid && i < count; i++) {
		int fd = open(terminal->path, O_RDWR | O_NOCTTY);

		if (fd < 0 || write(channel[1], "", 1) != 1)
			_exit(1);
		clock_sleep_ms(ms);
		close(fd);
		clock_sleep_ms(pause_ms);
	}
	while (!pid)
		pause();
	close(channel[1]);
	assert_int_equal(read(channel[0], &byte, 1), 1);
	close(channel[0]);
	return pid;
}

static void end_opener(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static size_t search(const struct terminal *terminal, pid_t *ret_pid)
{
	auto_root struct fs_root root = {.fd = -1};
	auto_open_search struct open_search found = {0};

	assert_int_equal(fs_root_open("/", &root), 0);
	assert_int_equal(open_search(&root, &terminal->survey, &found), 0);
	*ret_pid = found.n ? found.items[0].pid : 0;
	return found.n;
}

static void test_held(void **state)
{
	struct terminal terminal;
	pid_t pid, seen;

	(void)state;
	open_terminal(&terminal);
	assert_int_equal(search(&terminal, &seen), 0);
	pid = start_opener(&terminal, 100000, 0, 1);
	assert_int_equal(search(&terminal, &seen), 1);
	assert_int_equal(seen, pid);
	end_opener(pid);
	close_terminal(&terminal);
}

/* Who closes it soon is none, nor who opens it again and again. */
static void test_passing(void **state)
{
	struct terminal terminal;
	pid_t pid, seen;

	(void)state;
	open_terminal(&terminal);
	pid = start_opener(&terminal, 100, 0, 1);
	assert_int_equal(search(&terminal, &seen), 0);
	end_opener(pid);
	pid = start_opener(&terminal, 15, 85, 1000);
	assert_int_equal(search(&terminal, &seen), 0);
	end_opener(pid);
	close_terminal(&terminal);
}

/* As many descriptors as there may be, of something else, cost one question each. */
static void test_many_descriptors(void **state)
{
	struct terminal terminal;
	pid_t pid, seen;
	int channel[2];
	char byte;

	(void)state;
	open_terminal(&terminal);
	assert_int_equal(pipe2(channel, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		int fd = open("/dev/null", O_RDONLY);

		while (fd >= 0 && dup(fd) >= 0)
			;
		_exit(write(channel[1], "", 1) == 1 ? pause() : 1);
	}
	close(channel[1]);
	assert_int_equal(read(channel[0], &byte, 1), 1);
	close(channel[0]);
	assert_int_equal(search(&terminal, &seen), 0);
	end_opener(pid);
	close_terminal(&terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_passing),
		cmocka_unit_test(test_many_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
