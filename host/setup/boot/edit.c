// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/edit.h"
#include "host/setup/boot/diff.h"
#include "host/base/log.h"
#include "host/text/utf8.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)1024 * 1024)

/* Reads a file that is to be edited: its text and its owner. */
static int read_before(const struct fs_root *root, struct edit *edit)
{
	size_t len;
	int err = fs_owner(root, edit->path, &edit->owner);

	if (err == -ENOENT || err == -ENOTDIR) {
		edit->owner = (struct fs_owner){0644, geteuid(), getegid()};
		return 0;
	}
	err = err ?: fs_read(root, edit->path, TEXT_MAX, &edit->before, &len);
	return err ?: strlen(edit->before) == len ? 0 : -EINVAL;
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

int edits_add(struct edits *edits, const char *path, const char *after)
{
	cleanup_with(edit_free) struct edit new = {.path = strdup(path)};
	struct edit *old = find_edit(edits, path);
	auto_free char *copy = NULL;
	int err = new.path ? copy_text(after, &copy) : -ENOMEM;

	if (!err && !old)
		err = read_before(edits->root, &new);
	if (err)
		return err;
	if (old) {
		free(old->after);
		old->after = TAKE_PTR(copy);
		if (!same_text(old->before, old->after))
			return 0;
		edit_free(old);
		edits->n--;
		memmove(old, old + 1, (size_t)(edits->items + edits->n - old) * sizeof(*old));
		return 0;
	}
	if (same_text(new.before, copy))
		return 0;
	if (!array_grow(edits->items, edits->n))
		return -ENOMEM;
	new.after = TAKE_PTR(copy);
	edits->items[edits->n++] = new;
	new = (struct edit){0};
	return 0;
}

int edits_text(const struct edits *edits, const char *path, char **ret)
{
	const struct edit *edit = path ? find_edit(edits, path) : NULL;
	int err;

	if (edit)
		return copy_text(edit->after, ret);
	*ret = NULL;
	err = fs_read(edits->root, path, TEXT_MAX, ret, NULL);
	return err == -ENOENT || err == -ENOTDIR ? 0 : err;
}

/* On a terminal control characters are escaped; elsewhere it is a patch, unchanged. */
static int print_text(char *text)
{
	char *rest = text, *line;

	if (!isatty(STDOUT_FILENO)) {
		fputs(text, stdout);
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

static void say_no_diff(int err)
{
	if (err == -ENOENT)
		log_warning(_("diff is not installed, so the whole new files are shown; to see the "
			      "changes alone: apt-get install diffutils"));
	else
		log_warning(_("diff failed (%s), so the whole new files are shown"),
			    strerror(-err));
}

/* Without diff(1): the whole new text. */
static int print_whole(const struct edit *edit)
{
	auto_free char *text = edit->after ? strdup(edit->after) : NULL;
	int err;

	if (!edit->after) {
		printf(_("/%s would be removed\n"), edit->path);
		return 0;
	}
	printf(_("the new text of /%s:\n"), edit->path);
	err = text ? print_text(text) : -ENOMEM;
	if (*edit->after && edit->after[strlen(edit->after) - 1] != '\n')
		putchar('\n');
	return err;
}

int edits_show(const struct edits *edits)
{
	bool warned = false;
	int err = 0;

	for (size_t i = 0; i < edits->n && !err; i++) {
		const struct edit *edit = &edits->items[i];
		auto_free char *diff = NULL;

		err = diff_unified(edit->path, edit->before, edit->after, &diff);
		if (err && err != -ENOMEM && !warned)
			say_no_diff(err);
		warned = warned || err;
		if (err && err != -ENOMEM)
			err = print_whole(edit);
		else
			err = err ?: print_text(diff);
	}
	fflush(stdout);
	return err;
}

static int put_text(const struct fs_root *root, const struct edit *edit, const char *text)
{
	const char *slash = strrchr(edit->path, '/');
	auto_free char *dir = slash ? strndup(edit->path, (size_t)(slash - edit->path)) : NULL;
	int err;

	if (!text)
		return fs_remove_durably(root, edit->path);
	err = slash ? fs_make_dir(root, dir, 0755) : 0;
	return err ? err : fs_replace_durably(root, edit->path, text, &edit->owner);
}

int edits_are_current(const struct edits *edits)
{
	const struct edits none = {.root = edits->root};
	int current = 1;

	for (size_t i = 0; current > 0 && i < edits->n; i++) {
		auto_free char *now = NULL;
		int err = edits_text(&none, edits->items[i].path, &now);

		current = err ? err : same_text(now, edits->items[i].before);
	}
	return current;
}

int edits_apply(const struct edits *edits, size_t *ret_done)
{
	int err = 0;

	for (*ret_done = 0; *ret_done < edits->n; (*ret_done)++) {
		const struct edit *edit = &edits->items[*ret_done];

		err = put_text(edits->root, edit, edit->after);
		if (err)
			break;
	}
	return err;
}

int edits_undo(const struct edits *edits, size_t done)
{
	const struct edits none = {.root = edits->root};
	int first = 0;

	while (done--) {
		const struct edit *edit = &edits->items[done];
		auto_free char *now = NULL;
		/* A write that failed may or may not have changed the file. */
		int err = edits_text(&none, edit->path, &now);

		if (err || !same_text(now, edit->before))
			err = put_text(edits->root, edit, edit->before);
		if (err)
			log_error(_("/%s could not be put back: %s"), edit->path, strerror(-err));
		first = first ?: err;
	}
	return first;
}

void edits_free(struct edits *edits)
{
	for (size_t i = 0; i < edits->n; i++)
		edit_free(&edits->items[i]);
	free(edits->items);
	edits->items = NULL;
	edits->n = 0;
}
