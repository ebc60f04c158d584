// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

/* Standard output into OUTPUT, which then is read by us alone, and a process group of its own. */
static int redirect(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int output)
{
	int err = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);

	err = err
		      ?: posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null",
							  O_WRONLY, 0);
	err = err ?: posix_spawnattr_setpgroup(attributes, 0);
	return err
		       ?: posix_spawnattr_setflags(attributes,
						   POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

int spawn_start(char *const *words, int output, pid_t *ret)
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
	if (output >= 0)
		err = err ?: redirect(&files, &attributes, output);
	err = err ?: posix_spawnp(ret, words[0], &files, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -err;
}

int spawn_run(char *const *words)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	int status = 0, err;
	pid_t pid = -1;

	sigaction(SIGINT, &ignore, &old);
	err = spawn_start(words, -1, &pid);
	while (!err && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err = -errno;
	sigaction(SIGINT, &old, NULL);
	if (err)
		return err;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
