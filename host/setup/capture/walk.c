// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/walk.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "host/text/bdf.h"

#define LINKS_MAX 40
#define DEPTH_MAX 12

/* Larger than any text that decides; the kernel's log and tables of modules are the largest. */
#define FILE_MAX ((size_t)16 * 1024 * 1024)

/* ---- one path ---- */

/* What is known of the path so far, without links, and what is left of it. */
struct resolving {
	char *done, *rest;
	unsigned int links;
};

static void resolving_free(struct resolving *r)
{
	free(r->done);
	free(r->rest);
}

/* Takes the first component off the rest, in place. NULL: there is none left. */
static char *take_component(char **rest)
{
	char *name;

	do
		name = strsep(rest, "/");
	while (name && (!*name || !strcmp(name, ".")));
	return name;
}

int walk_dir_of(const struct walk *walk, const char *path)
{
	auto_free char *copy = strdup(path);
	struct entry *entry;
	char *slash;

	if (!copy)
		return -ENOMEM;
	while ((slash = strrchr(copy, '/'))) {
		*slash = '\0';
		if (entries_find(walk->entries, copy))
			return 0;
		entry = entries_add(walk->entries, copy, ENTRY_DIR);
		if (!entry)
			return -ENOMEM;
	}
	return 0;
}

static struct entry *add_entry(const struct walk *walk, const char *path, enum entry_type type)
{
	return walk_dir_of(walk, path) ? NULL : entries_add(walk->entries, path, type);
}

/* Follows the link at PATH, whose target is TARGET: relative to the directory DONE. */
static int follow(struct resolving *r, const char *target, const char *rest)
{
	char *more = rest && *rest ? fs_path("%s/%s", target, rest) : strdup(target);

	if (!more)
		return -ENOMEM;
	if (*target == '/')
		*r->done = '\0';
	free(r->rest);
	r->rest = more;
	return ++r->links > LINKS_MAX ? -ELOOP : 0;
}

/* One component on. Returns 0; 1 at the end; -errno. */
static int step(const struct walk *walk, struct resolving *r)
{
	auto_free char *text = TAKE_PTR(r->rest), *path = NULL, *target = NULL;
	char *rest = text, *name = take_component(&rest), *slash;
	struct entry *entry;
	int err;

	if (!name)
		return 1;
	if (!strcmp(name, "..")) {
		slash = strrchr(r->done, '/');
		*(slash ? slash : r->done) = '\0';
		r->rest = rest ? strdup(rest) : NULL;
		return rest && !r->rest ? -ENOMEM : 0;
	}
	path = *r->done ? fs_path("%s/%s", r->done, name) : strdup(name);
	if (!path)
		return -ENOMEM;
	entry = entries_find(walk->entries, path);
	err = entry ? (entry->type == ENTRY_LINK ? 0 : -EINVAL)
		    : fs_link_target(walk->root, path, &target);
	if (!err && !entry) {
		entry = add_entry(walk, path, ENTRY_LINK);
		if (!entry)
			return -ENOMEM;
		entry->bytes = TAKE_PTR(target);
		entry->len = strlen(entry->bytes);
	}
	if (!err)
		return follow(r, entry->bytes, rest);
	if (err != -EINVAL)
		return err;
	free(r->done);
	r->done = TAKE_PTR(path);
	r->rest = rest ? strdup(rest) : NULL;
	return rest && !r->rest ? -ENOMEM : 0;
}

/* Where PATH leads to, without links, in *RET; the links are added. Returns 0 or -errno. */
static int resolve(const struct walk *walk, const char *path, char **ret)
{
	cleanup_with(resolving_free) struct resolving r = {strdup(""), strdup(path), 0};
	int err = r.done && r.rest ? 0 : -ENOMEM;

	while (!err)
		err = step(walk, &r);
	if (err < 0)
		return err;
	*ret = TAKE_PTR(r.done);
	return 0;
}

/* ---- one file ---- */

/* Only a regular file is read: others may have effects, or never end. */
static int read_file(const struct walk *walk, struct entry *entry, enum texts_kind kind,
		     const char *words)
{
	auto_free char *text = NULL;
	size_t len = 0;
	int err;

	if (entry->read || kind == TEXTS_HERE || !S_ISREG(entry->st.st_mode))
		return 0;
	entry->read = true;
	err = fs_read(walk->root, entry->path, FILE_MAX, &text, &len);
	if (!err) {
		free(TAKE_PTR(entry->bytes));
		err = texts_reduce_one(walk->texts, kind, words, text, len, &entry->bytes,
				       &entry->len);
	}
	if (err == -ENOMEM)
		return err;
	entry->err = err;
	return 0;
}

/* What is behind an error that is no absence. */
static int add_unreadable(const struct walk *walk, const char *path, int err)
{
	struct entry *entry = NULL;

	/* A link that leads nowhere does so in the capture, too. */
	if (err == -ENOMEM || fs_is_absent(err) || err == -ELOOP)
		return err == -ENOMEM ? err : 0;
	entry = add_entry(walk, path, ENTRY_FILE);
	if (!entry)
		return -ENOMEM;
	entry->err = err;
	return 0;
}

int walk_add(const struct walk *walk, const char *path, enum texts_kind kind, const char *words)
{
	auto_free char *real = NULL;
	auto_close int fd = -1;
	struct entry *entry;
	struct stat st = {0};
	int err = resolve(walk, path, &real);

	if (err)
		return add_unreadable(walk, path, err);
	if (!*real)
		return 0;
	entry = entries_find(walk->entries, real);
	if (!entry || (entry->type == ENTRY_DIR && !entry->st.st_mode)) {
		fd = fs_open(walk->root, real, O_PATH, 0);
		if (fs_is_absent(fd))
			return 0;
		if (fd < 0 || fstat(fd, &st))
			err = fd < 0 ? fd : -errno;
		entry = add_entry(walk, real, S_ISDIR(st.st_mode) ? ENTRY_DIR : ENTRY_FILE);
		if (!entry)
			return -ENOMEM;
		entry->st = st;
		entry->err = err;
	}
	return entry->type == ENTRY_FILE && !entry->err ? read_file(walk, entry, kind, words) : 0;
}

/* ---- a pattern ---- */

/* Below a device: what has much in it, and nothing that decides. */
static bool is_dull(const char *name)
{
	static const char *const names[] = {"power",	 "msi_irqs", "statistics", "queues", "mq",
					    "integrity", "trace",    "wakeup",	   "hwmon"};
	struct bdf bdf;

	if (!bdf_parse(name, &bdf))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!fnmatch(names[i], name, 0))
			return true;
	return false;
}

static int expand(const struct walk *walk, const struct pattern *pattern, const char *done,
		  const char *rest, int depth);

/* What is behind a double star: here, and in each directory. */
static int expand_below(const struct walk *walk, const struct pattern *pattern, const char *done,
			const char *rest, int depth)
{
	const char *behind = rest + strlen("**/");
	auto_names struct fs_names names = {0};
	int err = expand(walk, pattern, done, behind, depth);

	if (err || depth > DEPTH_MAX || fs_list_dirs(walk->root, done, &names))
		return err;
	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = fs_path("%s/%s", done, names.items[i]);

		if (!is_dull(names.items[i]))
			err = path ? expand_below(walk, pattern, path, rest, depth + 1) : -ENOMEM;
	}
	return err;
}

/* A directory that cannot be listed is an entry with that error. */
static int list_dir(const struct walk *walk, const char *path, struct fs_names *ret)
{
	int err = fs_list(walk->root, *path ? path : ".", ret);
	auto_free char *real = NULL;
	struct entry *entry;

	if (!err || err == -ENOMEM)
		return err;
	err = walk_add(walk, path, TEXTS_HERE, NULL) ?: resolve(walk, path, &real);
	entry = err ? NULL : entries_find(walk->entries, real);
	if (entry)
		entry->err = fs_list(walk->root, path, ret);
	return err == -ENOMEM ? err : 0;
}

static int expand_matches(const struct walk *walk, const struct pattern *pattern, const char *done,
			  const char *name, const char *rest, int depth)
{
	auto_names struct fs_names names = {0};
	int err = *done ? walk_add(walk, done, TEXTS_HERE, NULL) : 0;

	err = err ?: list_dir(walk, done, &names);
	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = fs_path("%s%s%s", done, *done ? "/" : "", names.items[i]);

		if (!fnmatch(name, names.items[i], FNM_PERIOD | FNM_EXTMATCH))
			err = path ? expand(walk, pattern, path, rest, depth) : -ENOMEM;
	}
	return err;
}

/* DONE exists, or was not looked at; REST is what is left of the pattern. */
static int expand(const struct walk *walk, const struct pattern *pattern, const char *done,
		  const char *rest, int depth)
{
	auto_free char *name = NULL, *path = NULL;
	size_t n = strcspn(rest, "/");

	if (!*rest)
		return walk_add(walk, done, pattern->kind, pattern->words);
	if (after_prefix(rest, "**/"))
		return expand_below(walk, pattern, done, rest, depth);
	name = strndup(rest, n);
	if (!name)
		return -ENOMEM;
	rest += n + (rest[n] == '/');
	if (strpbrk(name, "*?[("))
		return expand_matches(walk, pattern, done, name, rest, depth);
	path = fs_path("%s%s%s", done, *done ? "/" : "", name);
	return path ? expand(walk, pattern, path, rest, depth) : -ENOMEM;
}

int walk_pattern(const struct walk *walk, const struct pattern *pattern)
{
	return expand(walk, pattern, "", pattern->path, 0);
}
