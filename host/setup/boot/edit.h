/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of text files, made in memory first, so that they can be shown, made and undone. */
#ifndef HOST_SETUP_BOOT_EDIT_H
#define HOST_SETUP_BOOT_EDIT_H

#include "host/base/fs_write.h"

struct edit {
	char *path;
	char *before; /* NULL: there is no such file */
	char *after;  /* NULL: it is to be removed */
	struct fs_owner owner;
};

/* Begins as {.root = ROOT}: nothing is to be changed. */
struct edits {
	const struct fs_root *root;
	struct edit *items;
	size_t n;
};

/*
 * Adds the change of PATH to the text AFTER (copied; NULL: remove the file), which keeps its mode
 * and owner; a new file is 0644. No change is added when the file has that text already. A further
 * change of a path that is in the list replaces the first. Returns 0; -ELOOP when PATH is a link;
 * -EINVAL when the file holds a NUL; -errno.
 */
int edits_add(struct edits *edits, const char *path, const char *after) must_check;

/* What PATH will hold: *RET is a new string, NULL: no file. Returns 0 or -errno. */
int edits_text(const struct edits *edits, const char *path, char **ret) must_check;

/* Prints the changes on standard output as a unified diff; where diff(1) does not work, the new
 * files, and warns. Returns 0 or -errno. */
int edits_show(const struct edits *edits) must_check;

/*
 * Makes the changes in order, durably; a directory that is missing is made. *RET_DONE is how many
 * were made. Returns 0 or -errno, of the first that failed.
 */
int edits_apply(const struct edits *edits, size_t *ret_done) must_check;

/* Whether each file is still as it was when its edit was added: 1 or 0, or -errno. */
int edits_are_current(const struct edits *edits) must_check;

/* Undoes the first DONE changes, the last first; continues when one fails, having reported it.
 * Returns 0 or the first -errno. */
int edits_undo(const struct edits *edits, size_t done) must_check;

void edits_free(struct edits *edits);

#define auto_edits cleanup_with(edits_free)

#endif
