// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define WORDS_MAX 16

extern char **environ;

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

/* Starts it with the signals that we ignore set back to what they do by default. */
static int spawn(char *words[WORDS_MAX], pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int err;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGPIPE);
	err = posix_spawn_file_actions_init(&files);
	if (err)
		return -err;
	err = posix_spawnattr_init(&attributes);
	if (err) {
		posix_spawn_file_actions_destroy(&files);
		return -err;
	}
	err = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	err = err ?: posix_spawnattr_setsigdefault(&attributes, &defaults);
	err = err ?: posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	err = err ?: posix_spawnp(ret, words[0], &files, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -err;
}

int command_run(const char *command)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	auto_free char *text = strdup(command);
	char *words[WORDS_MAX];
	int status, err;
	pid_t pid = -1;

	if (!text)
		return -ENOMEM;
	if (!split_words(text, words))
		return -E2BIG;
	sigaction(SIGINT, &ignore, &old);
	err = spawn(words, &pid);
	while (!err && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err = -errno;
	sigaction(SIGINT, &old, NULL);
	if (err)
		return err;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
