// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/diff.h"

#include "host/base/fs.h"
#include "host/process/program.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define LIMIT_MS 10000
#define TEXT_MAX ((size_t)4 * 1024 * 1024)

/* One side of the diff: its label, and the file that diff reads. */
struct side {
	int fd;
	char *label;
	char *file;
};

static void side_free(struct side *side)
{
	closep(&side->fd);
	free(side->label);
	free(side->file);
}

/* Puts TEXT into a file in memory, which diff opens through our /proc. */
static int open_side(const char *prefix, const char *path, const char *text, struct side *ret)
{
	if (text) {
		ssize_t len = (ssize_t)strlen(text);

		ret->fd = memfd_create("host-setup", MFD_CLOEXEC);
		if (ret->fd < 0)
			return -errno;
		if (write(ret->fd, text, (size_t)len) != len)
			return -EIO;
	}
	ret->label = text ? fs_path("%s/%s", prefix, path) : strdup("/dev/null");
	ret->file = text ? fs_path("/proc/%d/fd/%d", (int)getpid(), ret->fd) : strdup("/dev/null");
	return ret->label && ret->file ? 0 : -ENOMEM;
}

int diff_unified(const char *path, const char *before, const char *after, char **ret)
{
	cleanup_with(side_free) struct side old = {.fd = -1}, new = {.fd = -1};
	auto_program_end struct program_end end = {0};
	int err = open_side("a", path, before, &old) ?: open_side("b", path, after, &new);
	const char *const args[] = {"diff",    "-u",	 "--label", old.label, "--label",
				    new.label, old.file, new.file,  NULL};
	const struct program program = {.args = args, .limit_ms = LIMIT_MS, .max = TEXT_MAX};

	err = err ?: program_run(&program, &end);
	if (err)
		return err;
	/* 1: they differ. */
	if (end.cut || !WIFEXITED(end.status) || WEXITSTATUS(end.status) > 1)
		return -EIO;
	*ret = TAKE_PTR(end.output);
	return 0;
}
