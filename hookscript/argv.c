// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/argv.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "host/fs.h"

/* What no shell takes for anything but itself, wherever it stands. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=@%+"

char **argv_copy(const char *const *words)
{
	cleanup_with(argv_freep) char **argv = NULL;
	size_t n = 0;

	while (words[n])
		n++;
	argv = calloc(n + 1, sizeof(*argv));
	if (!argv)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		argv[i] = strdup(words[i]);
		if (!argv[i])
			return NULL;
	}
	return TAKE_PTR(argv);
}

char *argv_quote(const char *word)
{
	char *quoted = word ? malloc(strlen(word) * 4 + 3) : NULL;
	char *to = quoted;

	if (!quoted)
		return NULL;
	*to++ = '\'';
	for (; *word; word++)
		if (*word == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *word;
	strcpy(to, "'");
	return quoted;
}

char *argv_text(char *const *argv)
{
	char *text = strdup("");

	for (size_t i = 0; text && argv[i]; i++) {
		bool plain = *argv[i] && !argv[i][strspn(argv[i], PLAIN)];
		auto_free char *word = plain ? strdup(argv[i]) : argv_quote(argv[i]);
		char *longer = word ? fs_path("%s%s%s", text, i ? " " : "", word) : NULL;

		free(text);
		text = longer;
	}
	return text;
}

/* Starts it with the signals that we ignore set back to what they do by default. */
static int spawn(char *const *argv, pid_t *ret)
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
	err = err ?: posix_spawnp(ret, argv[0], &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -err;
}

int argv_run(char *const *argv)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	int status = 0, err;
	pid_t pid = -1;

	/* Ctrl-C ends the command and not us: it is still to be said what became of it. */
	sigaction(SIGINT, &ignore, &old);
	err = spawn(argv, &pid);
	while (!err && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err = -errno;
	sigaction(SIGINT, &old, NULL);
	if (err)
		return err;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void argv_free(char **argv)
{
	if (!argv)
		return;
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
}
