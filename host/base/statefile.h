/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small texts of the program's own that outlive a boot, in files below one directory. */
#ifndef HOST_BASE_STATEFILE_H
#define HOST_BASE_STATEFILE_H

#include "host/base/fs.h"

/* Every user may read what host-setup keeps here; the directories below are root's alone. */
#define STATE_DIR "var/lib/pve-passthrough"

/*
 * Reads the file at PATH, which may be a FIFO or anything else, but is never waited for. Returns 0
 * and a new string; -EINVAL when it cannot be one of ours: a FIFO or the like, or with a NUL in
 * it; -EFBIG when it has more than MAX bytes; -ELOOP for a link; -EISDIR; -errno.
 */
int statefile_read(const struct fs_root *root, const char *path, size_t max, char **ret) must_check;

/*
 * Replaces the file at PATH, in STATE_DIR or in a directory in it, by TEXT (NULL: -ENOMEM), and
 * makes the directories that are missing. Its mode is MODE, its owner who runs this. DURABLY: it
 * survives a power cut, for which the disk is waited for. Returns 0 or -errno.
 */
int statefile_write(const struct fs_root *root, const char *path, const char *text, mode_t mode,
		    bool durably) must_check;

#endif
