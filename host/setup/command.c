// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/command.h"

#include "host/clock.h"
#include "host/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define WORDS_MAX 16

bool command_is_there(const char *command)
{
	auto_free char *name = strndup(command, strcspn(command, " "));
	const char *path = getenv("PATH");
	auto_free char *copy = strdup(path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
	char *rest = copy, *folder;

	if (!name || !copy)
		return false;
	if (strchr(name, '/'))
		return !access(name, X_OK);
	while ((folder = strsep(&rest, ":"))) {
		auto_free char *file = malloc(strlen(folder) + strlen(name) + 2);

		if (!file)
			return false;
		stpcpy(stpcpy(stpcpy(file, folder), *folder ? "/" : ""), name);
		if (!access(file, X_OK))
			return true;
	}
	return false;
}

/* Cuts TEXT at its blanks into WORDS, with a NULL at the end. */
static bool split_words(char *text, char *words[WORDS_MAX])
{
	size_t n = 0;

	for (char *word; (word = strsep(&text, " "));) {
		if (n == WORDS_MAX - 1)
			return false;
		words[n++] = word;
	}
	words[n] = NULL;
	return n;
}

int command_run(const char *command)
{
	auto_free char *text = strdup(command);
	char *words[WORDS_MAX];

	if (!text)
		return -ENOMEM;
	return split_words(text, words) ? spawn_run(words) : -E2BIG;
}

/* All that comes from FD before the deadline. */
static int read_until(int fd, int64_t deadline, size_t max, char **ret)
{
	struct pollfd end = {.fd = fd, .events = POLLIN};
	auto_free char *text = malloc(max + 1);
	size_t len = 0;

	if (!text)
		return -ENOMEM;
	for (;;) {
		int ready = poll(&end, 1, clock_left_ms(deadline));
		ssize_t n;

		if (!ready)
			return -ETIMEDOUT;
		n = ready < 0 ? -1 : read(fd, text + len, max - len + 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	text[len] = '\0';
	*ret = TAKE_PTR(text);
	return 0;
}

/* Whether the child has ended before the deadline. */
static bool wait_until(pid_t pid, int64_t deadline)
{
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (!clock_left_ms(deadline))
			return false;
		clock_sleep_ms(10);
	}
	return true;
}

int command_read(const char *command, unsigned int seconds, size_t max, char **ret)
{
	int64_t deadline = clock_now_ms() + (int64_t)seconds * 1000;
	auto_free char *text = strdup(command);
	char *words[WORDS_MAX];
	int ends[2], err;
	pid_t pid = -1;

	if (!text)
		return -ENOMEM;
	if (!split_words(text, words))
		return -E2BIG;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	err = spawn_start(words, ends[1], &pid);
	close(ends[1]);
	err = err ?: read_until(ends[0], deadline, max, ret);
	close(ends[0]);
	if (pid > 0 && (err || !wait_until(pid, deadline))) {
		kill(-pid, SIGKILL);
		/* One that is stuck in the kernel does not die of that: it is left behind. */
		(void)wait_until(pid, clock_now_ms() + 1000);
	}
	return err;
}
