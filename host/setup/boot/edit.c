// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/edit.h"
#include "host/setup/boot/diff.h"
#include "host/base/log.h"
#include "host/base/utf8.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)1024 * 1024)

/* Reads a file that is to be edited: its text and its owner. */
static int read_before(const struct fs_root *root, struct edit *edit)
{
	size_t len;
	int err;

	err = fs_owner(root, edit->path, &edit->owner);
	if (err == -ENOENT || err == -ENOTDIR) {
		edit->owner = (struct fs_owner){0644, geteuid(), getegid()};
		return 0;
	}
	err = err ?: fs_read(root, edit->path, TEXT_MAX, &edit->before, &len);
	if (!err && strlen(edit->before) != len)
		err = -EINVAL;
	return err;
}

static bool texts_equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : !a && !b;
}

static struct edit *find_edit(const struct edits *edits, const char *path)
{
	for (size_t i = 0; i < edits->n; i++)
		if (!strcmp(edits->items[i].path, path))
			return &edits->items[i];
	return NULL;
}

static void edit_free(struct edit *edit)
{
	free(edit->path);
	free(edit->before);
	free(edit->after);
}

static int copy_text(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

static int change_edit(struct edits *edits, struct edit *edit, const char *after)
{
	char *copy;
	int err = copy_text(after, &copy);

	if (err)
		return err;
	free(edit->after);
	edit->after = copy;
	if (!texts_equal(edit->before, edit->after))
		return 0;
	edit_free(edit);
	memmove(edit, edit + 1, (size_t)(edits->items + edits->n - (edit + 1)) * sizeof(*edit));
	edits->n--;
	return 0;
}

int edits_add(struct edits *edits, const struct fs_root *root, const char *path, const char *after)
{
	cleanup_with(edit_free) struct edit new = {0};
	struct edit *known = find_edit(edits, path);
	int err;

	if (known)
		return change_edit(edits, known, after);
	new.path = strdup(path);
	if (!new.path)
		return -ENOMEM;
	err = read_before(root, &new);
	if (err || texts_equal(new.before, after))
		return err;
	err = copy_text(after, &new.after);
	if (err || !array_grow(edits->items, edits->n))
		return -ENOMEM;
	edits->items[edits->n++] = new;
	new = (struct edit){0};
	return 0;
}

int edits_text(const struct edits *edits, const struct fs_root *root, const char *path, char **ret)
{
	const struct edit *edit = find_edit(edits, path);
	int err;

	if (edit)
		return copy_text(edit->after, ret);
	*ret = NULL;
	err = fs_read(root, path, TEXT_MAX, ret, NULL);
	return err == -ENOENT || err == -ENOTDIR ? 0 : err;
}

int edits_read(const struct edits *edits, const struct fs_root *root,
	       const struct bootloader *bootloader, struct bootcfg *ret)
{
	auto_free struct bootcfg_file *files = calloc(edits->n + 1, sizeof(*files));

	if (!files)
		return -ENOMEM;
	for (size_t i = 0; i < edits->n; i++)
		files[i] = (struct bootcfg_file){edits->items[i].path, edits->items[i].after};
	return bootcfg_read_with(root, bootloader, files, edits->n, ret);
}

/* On a terminal what might be a command to it is made visible; elsewhere it is a patch, as it is.
 */
static int print_diff(char *diff)
{
	char *rest = diff, *line;

	if (!isatty(STDOUT_FILENO)) {
		fputs(diff, stdout);
		return 0;
	}
	while ((line = strsep(&rest, "\n"))) {
		auto_free char *safe = utf8_printable(line);

		if (!safe)
			return -ENOMEM;
		if (rest || *line)
			puts(safe);
	}
	return 0;
}

int edits_show(const struct edits *edits)
{
	int err = 0;

	for (size_t i = 0; i < edits->n && !err; i++) {
		const struct edit *edit = &edits->items[i];
		auto_free char *diff = NULL;

		err = diff_unified(edit->path, edit->before, edit->after, &diff);
		err = err ?: print_diff(diff);
	}
	fflush(stdout);
	return err;
}

static int make_dir_of(const struct fs_root *root, const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = strndup(path, slash ? (size_t)(slash - path) : 0);

	if (!slash)
		return 0;
	return dir ? fs_make_dir(root, dir, 0755) : -ENOMEM;
}

static int put_text(const struct fs_root *root, const struct edit *edit, const char *text)
{
	int err;

	if (!text)
		return fs_remove_durably(root, edit->path);
	err = make_dir_of(root, edit->path);
	return err ? err : fs_replace_durably(root, edit->path, text, &edit->owner);
}

int edits_apply(const struct edits *edits, const struct fs_root *root, size_t *ret_done)
{
	int err = 0;

	for (*ret_done = 0; *ret_done < edits->n; (*ret_done)++) {
		const struct edit *edit = &edits->items[*ret_done];

		err = put_text(root, edit, edit->after);
		if (err)
			break;
	}
	return err;
}

/* Puts one file back, unless it is as it was: a write that failed may or may not have changed it.
 */
static int undo_edit(const struct edit *edit, const struct fs_root *root)
{
	const struct edits none = {0};
	auto_free char *now = NULL;
	int err = edits_text(&none, root, edit->path, &now);

	if (err || !texts_equal(now, edit->before))
		err = put_text(root, edit, edit->before);
	return err;
}

int edits_undo(const struct edits *edits, const struct fs_root *root, size_t done)
{
	int first = 0;

	while (done--) {
		int err = undo_edit(&edits->items[done], root);

		if (err)
			log_error(_("/%s could not be put back: %s"), edits->items[done].path,
				  strerror(-err));
		first = first ?: err;
	}
	return first;
}

void edits_free(struct edits *edits)
{
	for (size_t i = 0; i < edits->n; i++)
		edit_free(&edits->items[i]);
	free(edits->items);
	*edits = (struct edits){0};
}
