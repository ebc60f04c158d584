// SPDX-License-Identifier: GPL-2.0-or-later
/* Which further files /etc/network/interfaces names. */
#include "host/setup/early/boot_uses.h"

#include <fnmatch.h>
#include <string.h>

#define BLANKS " \t\r"
#define GLOBS  "*?["

/* The names that source-directory takes. (interfaces(5)) */
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

/* DIR (NULL: the root) with NAME below it; "." and ".." are worked out, so that a circle of files
 * comes back to the same path. A new string. */
static char *join(const char *dir, const char *name)
{
	size_t len = dir ? strlen(dir) : 0;

	if (!strcmp(name, "."))
		return strdup(dir ? dir : "");
	if (strcmp(name, "..") != 0)
		return len ? fs_path("%s/%s", dir, name) : strdup(name);
	while (len && dir[len - 1] != '/')
		len--;
	return strndup(dir ? dir : "", len ? len - 1 : 0);
}

/* Adds what the pattern PARTS, cut at its slashes, matches below DIR. */
static int expand(const struct fs_root *root, const char *dir, char *const *parts,
		  struct fs_names *ret)
{
	auto_names struct fs_names names = {0};
	auto_free char *plain = NULL;
	int err;

	if (!*parts)
		return fs_names_add(ret, dir);
	if (!strpbrk(*parts, GLOBS)) {
		plain = join(dir, *parts);
		return plain ? expand(root, plain, parts + 1, ret) : -ENOMEM;
	}
	err = fs_list(root, dir && *dir ? dir : ".", &names);
	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = NULL;

		if (fnmatch(*parts, names.items[i], FNM_PERIOD) != 0)
			continue;
		path = join(dir, names.items[i]);
		err = path ? expand(root, path, parts + 1, ret) : -ENOMEM;
	}
	return err == -ENOTDIR ? 0 : err;
}

/* The same for PATTERN, which is cut, and stands in the file PATH. */
static int expand_pattern(const struct fs_root *root, char *pattern, const char *path,
			  struct fs_names *ret)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = *pattern == '/' || !slash ? strdup("")
							: strndup(path, (size_t)(slash - path));
	auto_free char **parts = calloc(strlen(pattern) + 2, sizeof(*parts));
	size_t n = 0;
	char *part;

	if (!dir || !parts)
		return -ENOMEM;
	while ((part = strsep(&pattern, "/")))
		if (*part)
			parts[n++] = part;
	return n ? expand(root, dir, parts, ret) : 0;
}

static int add_directory(const struct fs_root *root, const char *dir, struct fs_names *ret)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, dir, &names);

	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = fs_path("%s/%s", dir, names.items[i]);

		if (!names.items[i][strspn(names.items[i], PLAIN)])
			err = path ? fs_names_add(ret, path) : -ENOMEM;
	}
	return err == -ENOTDIR ? 0 : err;
}

/* The files of a line, which is cut. */
static int add_line(const struct fs_root *root, char *line, const char *path, struct fs_names *ret)
{
	char *rest = line + strspn(line, BLANKS), *word = strsep(&rest, BLANKS);
	bool directory = !strcmp(word, "source-directory");
	int err = 0;

	if (!directory && strcmp(word, "source") != 0)
		return 0;
	while (!err && (word = strsep(&rest, BLANKS))) {
		auto_names struct fs_names dirs = {0};

		if (!*word)
			continue;
		err = expand_pattern(root, word, path, directory ? &dirs : ret);
		for (size_t i = 0; !err && i < dirs.n; i++)
			err = add_directory(root, dirs.items[i], ret);
	}
	return err;
}

int boot_uses_list_sources(const struct fs_root *root, const char *text, const char *path,
			   struct fs_names *ret)
{
	auto_free char *copy = strdup(text);
	char *rest = copy, *line;
	int err = copy ? 0 : -ENOMEM;

	/* A line that ends in a backslash goes on in the next one. */
	for (char *at = copy; at && (at = strstr(at, "\\\n")); at += 2)
		memcpy(at, "  ", 2);
	while (!err && (line = strsep(&rest, "\n")))
		err = add_line(root, line, path, ret);
	return err;
}
