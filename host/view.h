/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views: a root for many looks at a few folders. Paths that lead into a folder that was entered are
 * looked up from there. A device's folder in sysfs is a dozen names and a link away from the root,
 * three quarters of what a look at one of its attributes costs.
 */
#ifndef HOST_VIEW_H
#define HOST_VIEW_H

#include "host/fs.h"

/*
 * Opens a view of ROOT, which must outlive it, for all that takes a root. Only below the running
 * system's root are folders at hand; of another root, or without memory, the view is as good as the
 * root. *ret is closed with view_close(). Not for a worker of its owner (host/worker.h), in which
 * those folders are closed: it opens a view of its own.
 */
void view_open(const struct fs_root *root, struct fs_root *ret);
void view_close(struct fs_root *view);

/*
 * Enters FOLDER, once. Returns whether the view has it at hand now, which says that it is there;
 * false for a root that is no view. Once the folder is removed the view finds nothing in it, even
 * if another has its name by then.
 */
bool view_enter(const struct fs_root *view, const char *folder);

/*
 * For host/fs.c: the descriptor that the way to *PATH begins at, and *PATH becomes what is left of
 * it. Of a root that is no view, and beside the folders at hand, it is the root's own, and *PATH
 * stays as it is.
 */
int view_begin(const struct fs_root *view, const char **path);

#define auto_view cleanup_with(view_close)

#endif
