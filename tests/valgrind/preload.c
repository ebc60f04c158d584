// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded below valgrind, for two calls of the programs.
 *
 * openat2(2): Debian 12's valgrind does not know it and fails it with ENOSYS, so that no file could
 * be opened. RESOLVE_IN_ROOT is then done here, one component after the other; without it the way
 * is openat(2)'s. A valgrind that knows the call has it from the kernel.
 *
 * posix_spawn(3): it is told by the memory that it shares with its child, after a vfork(2), that
 * there is no such program. Valgrind makes a fork(2) of that, and every program seems to be there.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- openat2(2) ---- */

/* As many as the kernel follows. */
#define LINKS_MAX 40

struct walk {
	int root;
	char done[PATH_MAX]; /* below the root, without links */
	char rest[PATH_MAX]; /* still to walk */
	int links;
};

static long fail(int error)
{
	errno = error;
	return -1;
}

/* Takes the first component off the rest. */
static bool take_component(struct walk *walk, char *ret)
{
	const char *from = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(from, "/");

	memcpy(ret, from, len);
	ret[len] = '\0';
	memmove(walk->rest, from + len, strlen(from + len) + 1);
	return len;
}

/* Puts where the link PATH points in front of the rest. */
static long follow(struct walk *walk, const char *path)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t len = readlinkat(walk->root, path, target, sizeof(target) - 1);

	if (len < 0)
		return -1;
	target[len] = '\0';
	if (walk->links++ == LINKS_MAX)
		return fail(ELOOP);
	if (*target == '/')
		*walk->done = '\0';
	if (snprintf(rest, sizeof(rest), "%s%s", target, walk->rest) >= (int)sizeof(rest))
		return fail(ENAMETOOLONG);
	strcpy(walk->rest, rest);
	return 0;
}

static long step(struct walk *walk, const char *name, bool follow_last)
{
	bool last = !walk->rest[strspn(walk->rest, "/")];
	char path[PATH_MAX];
	char *slash = strrchr(walk->done, '/');
	struct stat st;

	if (!strcmp(name, "."))
		return 0;
	if (!strcmp(name, "..")) {
		*(slash ? slash : walk->done) = '\0';
		return 0;
	}
	if (snprintf(path, sizeof(path), "%s%s%s", walk->done, *walk->done ? "/" : "", name) >=
	    (int)sizeof(path))
		return fail(ENAMETOOLONG);
	if (fstatat(walk->root, path, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT || !last)
			return -1;
	} else if (S_ISLNK(st.st_mode) && (!last || *walk->rest || follow_last)) {
		return follow(walk, path);
	} else if (!last && !S_ISDIR(st.st_mode)) {
		return fail(ENOTDIR);
	}
	strcpy(walk->done, path);
	return 0;
}

static long open_from(int root, const char *path, const struct open_how *how)
{
	struct walk walk = {.root = root};
	int flags = (int)how->flags;
	bool follow_last = !(flags & O_NOFOLLOW) &&
			   (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	char name[PATH_MAX];

	if (!*path)
		return fail(ENOENT);
	if (!(how->resolve & RESOLVE_IN_ROOT))
		return openat(root, path, flags, (mode_t)how->mode);
	if (snprintf(walk.rest, sizeof(walk.rest), "%s", path) >= (int)sizeof(walk.rest))
		return fail(ENAMETOOLONG);
	while (take_component(&walk, name))
		if (step(&walk, name, follow_last))
			return -1;
	if (path[strlen(path) - 1] == '/')
		flags |= O_DIRECTORY;
	return openat(root, *walk.done ? walk.done : ".", flags | O_NOFOLLOW, (mode_t)how->mode);
}

long syscall(long number, ...)
{
	static bool unknown;
	long (*real)(long number, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long a[6], result;
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number != SYS_openat2 || !unknown) {
		result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (number != SYS_openat2 || result >= 0 || errno != ENOSYS)
			return result;
		unknown = true; /* asked once only: valgrind writes five lines about it */
	}
	return open_from((int)a[0], (const char *)a[1], (const struct open_how *)a[2]);
}

/* ---- posix_spawn(3) ---- */

typedef int spawn_function(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			   const posix_spawnattr_t *attributes, char *const argv[],
			   char *const envp[]);

/* Whether FILE is there: where it says, or in a folder of PATH. */
static bool is_there(const char *file, bool search)
{
	const char *at = getenv("PATH");

	if (!search || strchr(file, '/'))
		return !access(file, X_OK);
	while (at && *at) {
		int len = (int)strcspn(at, ":");
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%.*s/%s", len, at, file) < (int)sizeof(path) &&
		    !access(path, X_OK))
			return true;
		at += len + (at[len] == ':');
	}
	return false;
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	spawn_function *real = (spawn_function *)dlsym(RTLD_NEXT, "posix_spawn");

	return is_there(path, false) ? real(pid, path, actions, attributes, argv, envp) : ENOENT;
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	spawn_function *real = (spawn_function *)dlsym(RTLD_NEXT, "posix_spawnp");

	return is_there(file, true) ? real(pid, file, actions, attributes, argv, envp) : ENOENT;
}
