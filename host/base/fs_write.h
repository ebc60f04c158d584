/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and directories below a root that are made, replaced, locked or removed. */
#ifndef HOST_BASE_FS_WRITE_H
#define HOST_BASE_FS_WRITE_H

#include "host/base/fs.h"

/* Makes the directory and those above it with MODE. If it exists: success. Returns 0 or -errno. */
int fs_make_dir(const struct fs_root *root, const char *path, mode_t mode) must_check;

/*
 * Replaces DIR/NAME by TEXT: written to a temporary name beside it (".NAME.new"), then renamed, so
 * that a reader sees the old text or the new one. DIR exists. Returns 0 or -errno.
 */
int fs_replace(const struct fs_root *root, const char *dir, const char *name, const char *text,
	       mode_t mode) must_check;

/* Writes all of N bytes. Returns 0 or -errno. */
int fs_write_fd(int fd, const char *bytes, size_t n);

/* A file's mode (its permission bits) and owner. */
struct fs_owner {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Reads them of what is at PATH itself (links not followed). Returns 0; -ELOOP when it is a link;
 * -errno. */
int fs_owner(const struct fs_root *root, const char *path, struct fs_owner *ret) must_check;

/*
 * fs_replace() that survives a power cut: the file is on the disk before it is renamed, and the
 * directory after. The new file has OWNER's mode and owner. PATH's directory exists. Returns 0 or
 * -errno.
 */
int fs_replace_durably(const struct fs_root *root, const char *path, const char *text,
		       const struct fs_owner *owner) must_check;

/* Removes the file at PATH, and its temporary leftover of a crash; not there is success; durable.
 * Returns 0 or -errno. */
int fs_remove_durably(const struct fs_root *root, const char *path) must_check;

/* Removes the directory at PATH if it is empty; not there, or not empty, is success. Returns 0 or
 * -errno. */
int fs_remove_empty_dir(const struct fs_root *root, const char *path) must_check;

/* How many bytes may still be written to the file system that PATH is on. Returns 0 or -errno. */
int fs_free_space(const struct fs_root *root, const char *path, uint64_t *ret) must_check;

/* Renames DIR/FROM to DIR/TO, and replaces what is there. Returns 0 or -errno. */
int fs_rename(const struct fs_root *root, const char *dir, const char *from,
	      const char *to) must_check;

/* Removes DIR/NAME; not there is success. Returns 0 or -errno. */
int fs_remove(const struct fs_root *root, const char *dir, const char *name) must_check;

/*
 * Opens (and makes, mode 0600) PATH and takes flock(2) OPERATION on it. Returns the descriptor,
 * whose closing ends the lock, or -errno: -EWOULDBLOCK with LOCK_NB when it is taken.
 */
int fs_lock(const struct fs_root *root, const char *path, int operation) must_check;

#endif
