// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/diff.h"

#include "host/base/fs.h"
#include "host/process/program.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define LIMIT_MS 10000
#define TEXT_MAX ((size_t)4 * 1024 * 1024)

/* A file in memory that holds TEXT, for a program to open by our /proc. Returns its
 * descriptor or -errno. */
static int put_in_memory(const char *text)
{
	size_t len = strlen(text), done = 0;
	auto_close int fd = memfd_create("host-setup", MFD_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	result = fd;
	fd = -1;
	return result;
}

/* One side of the diff: its label, and what diff reads. */
struct side {
	int fd;
	char *label;
	char *file;
};

static void side_free(struct side *side)
{
	if (side->fd >= 0)
		close(side->fd);
	free(side->label);
	free(side->file);
}

static int open_side(const char *letter, const char *path, const char *text, struct side *ret)
{
	ret->fd = text ? put_in_memory(text) : -1;
	if (text && ret->fd < 0)
		return ret->fd;
	ret->label = text ? fs_path("%s/%s", letter, path) : strdup("/dev/null");
	ret->file = text ? fs_path("/proc/%d/fd/%d", (int)getpid(), ret->fd) : strdup("/dev/null");
	return ret->label && ret->file ? 0 : -ENOMEM;
}

int diff_unified(const char *path, const char *before, const char *after, char **ret)
{
	cleanup_with(side_free) struct side old = {.fd = -1}, new = {.fd = -1};
	auto_program_end struct program_end end = {0};
	int err = open_side("a", path, before, &old);

	err = err ?: open_side("b", path, after, &new);
	err = err
		      ?: program_run(
				 &(struct program){.args = (const char *[]){"diff", "-u", "--label",
									    old.label, "--label",
									    new.label, old.file,
									    new.file, NULL},
						   .limit_ms = LIMIT_MS,
						   .max = TEXT_MAX},
				 &end);
	if (err)
		return err;
	/* 1: they differ. */
	if (end.cut || !WIFEXITED(end.status) || WEXITSTATUS(end.status) > 1)
		return -EIO;
	*ret = TAKE_PTR(end.output);
	return 0;
}
