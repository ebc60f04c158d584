// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "host/base/fs_write.h"
#include "host/base/log.h"

void fuzz_fail(const char *condition, const char *file, int line, const char *function)
{
	fprintf(stderr, "%s:%d: %s: this does not hold: %s\n", file, line, function, condition);
	abort();
}

/* libconfig forgets a string that is not closed; a program that ends then need not mind. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

/* The targets are about what a function returns: what it says would only fill the terminal. */
void __wrap_log_device(enum log_level level, const struct bdf *bdf, const char *driver,
		       const char *format, ...) printf_like(4, 5);
void __wrap_log_device(enum log_level level, const struct bdf *bdf, const char *driver,
		       const char *format, ...)
{
	(void)level;
	(void)bdf;
	(void)driver;
	(void)format;
}

char *fuzz_bytes(const uint8_t *data, size_t size)
{
	char *copy = malloc(size);

	fuzz_require(copy || !size);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *fuzz_string(const uint8_t *data, size_t size)
{
	size_t len = size ? strnlen((const char *)data, size) : 0;
	char *copy = malloc(len + 1);

	fuzz_require(copy);
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

char *fuzz_part(const uint8_t **data, size_t *size, char separator)
{
	const uint8_t *end = *size ? memchr(*data, separator, *size) : NULL;
	size_t len = end ? (size_t)(end - *data) : *size;
	char *part = fuzz_string(*data, len);

	len += end != NULL;
	if (len)
		*data += len;
	*size -= len;
	return part;
}

bool fuzz_is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

unsigned int fuzz_count_lines(const char *text, size_t size)
{
	unsigned int n = 1;

	for (size_t i = 0; i < size; i++)
		n += text[i] == '\n';
	return n;
}

/* --- the root folder --- */

static struct fs_root root = {.fd = -1};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_root(void)
{
	nftw(root.path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	fs_root_close(&root);
}

const struct fs_root *fuzz_root(void)
{
	const char *folder = getenv("TMPDIR");
	auto_free char *path = NULL;

	if (root.fd >= 0)
		return &root;
	path = fs_path("%s/fuzz.XXXXXX", folder && *folder ? folder : "/tmp");
	fuzz_require(path && mkdtemp(path) && !fs_root_open(path, &root));
	fuzz_require(!atexit(remove_root));
	return &root;
}

void fuzz_write_file(const char *path, const void *bytes, size_t size)
{
	const char *slash = strrchr(path, '/');
	auto_free char *folder = strndup(path, slash ? (size_t)(slash - path) : 0);
	int flags = O_WRONLY | O_CREAT | O_TRUNC;
	auto_close int fd = fs_open(fuzz_root(), path, flags, 0600);

	if (fd == -ENOENT) {
		fuzz_require(folder && !fs_make_dir(fuzz_root(), folder, 0700));
		fd = fs_open(fuzz_root(), path, flags, 0600);
	}
	fuzz_require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
}
