// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/facts.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define FACT_MAX ((size_t)16 * 1024 * 1024)

static const char *noted_in;

void facts_note_in(const char *dir)
{
	noted_in = dir;
}

bool facts_are_noted(void)
{
	return noted_in;
}

static char *path_of(const char *dir, const char *key)
{
	char *path = fs_path("%s/%s", dir, key);

	for (char *c = path ? path + strlen(dir) + 1 : NULL; c && *c; c++)
		if (*c == '/')
			*c = '!';
	return path;
}

void facts_note(const char *key, const char *format, ...)
{
	auto_free char *path = noted_in ? path_of(noted_in, key) : NULL, *text = NULL;
	auto_close int fd = -1;
	va_list args;

	if (!path)
		return;
	va_start(args, format);
	text = vprintf_text(format, args);
	va_end(args);
	/* No file below a root: processes that note may be anywhere. */
	if (text)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && dprintf(fd, "%s", text) < 0)
		unlink(path);
}

int facts_get(const struct fs_root *root, const char *key, char **ret)
{
	auto_free char *path = path_of(CAPTURE_FACTS, key);
	int err = fs_root_is_capture(root) ? fs_read(root, path, FACT_MAX, ret, NULL) : -ENODATA;

	return fs_is_absent(err) ? -ENODATA : err;
}

int facts_host_name(const struct fs_root *root, char **ret)
{
	struct utsname names;
	char *name;

	if (fs_root_is_capture(root))
		return facts_get(root, "node", ret);
	if (uname(&names))
		return -errno;
	name = strndup(names.nodename, strcspn(names.nodename, "."));
	if (!name)
		return -ENOMEM;
	facts_note("node", "%s", name);
	*ret = name;
	return 0;
}

void facts_note_number(const char *key, long long number)
{
	facts_note(key, "%lld\n", number);
}

int facts_get_number(const struct fs_root *root, const char *key, long long *ret)
{
	auto_free char *text = NULL;
	int err = facts_get(root, key, &text);

	if (!err)
		*ret = strtoll(text, NULL, 10);
	return err;
}
