/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of text files, worked out before the first is made, so that they can be shown and undone.
 */
#ifndef HOST_SETUP_BOOT_EDIT_H
#define HOST_SETUP_BOOT_EDIT_H

#include "host/setup/boot/bootcfg.h"
#include "host/base/fs_write.h"

struct edit {
	char *path;
	char *before; /* NULL: not there */
	char *after;  /* NULL: to be removed */
	struct fs_owner owner;
};

struct edits {
	struct edit *items;
	size_t n;
};

/*
 * Adds the change of PATH to the text AFTER (copied; NULL: remove the file), which keeps its mode
 * and owner; a new file is 0644. No change is added when the file has that text already. A further
 * change of a path that is in the list replaces what it was to become. Returns 0; -ELOOP when PATH
 * is a link; -EINVAL when the file holds a NUL; -errno.
 */
int edits_add(struct edits *edits, const struct fs_root *root, const char *path,
	      const char *after) must_check;

/* What PATH will hold: *RET is a new string, NULL when there will be no file. Returns 0 or -errno.
 */
int edits_text(const struct edits *edits, const struct fs_root *root, const char *path,
	       char **ret) must_check;

/* The configuration as the edits leave it. Returns 0 (free with bootcfg_free()) or -errno. */
int edits_read(const struct edits *edits, const struct fs_root *root,
	       const struct bootloader *bootloader, struct bootcfg *ret) must_check;

/* Prints the changes on standard output as a unified diff. Returns 0 or -errno. */
int edits_show(const struct edits *edits) must_check;

/*
 * Makes the changes in order, durably; a directory that is missing is made. *RET_DONE is how many
 * were made. Returns 0 or -errno, of the first that failed.
 */
int edits_apply(const struct edits *edits, const struct fs_root *root, size_t *ret_done) must_check;

/* Takes back the first DONE changes, the last first; goes on when one fails. Returns 0 or the first
 * -errno. */
int edits_undo(const struct edits *edits, const struct fs_root *root, size_t done) must_check;

void edits_free(struct edits *edits);

#define auto_edits cleanup_with(edits_free)

#endif
