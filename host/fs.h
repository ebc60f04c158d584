/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below one root folder. Every path of the program goes through here, so that a test or an
 * image is just another root: links, absolute ones too, are resolved inside it (openat2(2),
 * RESOLVE_IN_ROOT). Paths have no leading '/'. A NULL path stands for a path that could not be
 * built and gives -ENOMEM, so callers need not check fs_path().
 */
#ifndef HOST_FS_H
#define HOST_FS_H

#include <sys/types.h>

#include "host/base.h"

struct fs_root {
	int fd;
	char *path;		   /* as given, without a trailing '/'; "" for the running system */
	struct view_folders *near; /* of a view (host/view.h): folders that are at hand */
};

/* Opens DIR as a root. Returns 0, or -errno; *ret is closed with fs_root_close(). */
int fs_root_open(const char *dir, struct fs_root *ret) must_check;
void fs_root_close(struct fs_root *root);

/* Whether the root is the running system, whose kernel may be asked to do things. */
bool fs_root_is_running_system(const struct fs_root *root);

/* printf into a new string; NULL without memory. */
char *fs_path(const char *format, ...) printf_like(1, 2) must_check;

/* All the texts given in a row as a new string: fs_path() for paths that are built often, at a
 * fraction of printf's cost. NULL without memory. */
#define fs_join(...) fs_join_all((const char *const[]){__VA_ARGS__, NULL})

/* The same of an array, which a NULL ends. */
char *fs_join_all(const char *const *parts) must_check;

/* open(2) below the root, O_CLOEXEC always. Returns a descriptor or -errno. */
int fs_open(const struct fs_root *root, const char *path, int flags, mode_t mode) must_check;

/* Whether something is there (links followed). */
bool fs_exists(const struct fs_root *root, const char *path);

/*
 * Reads a whole file of at most MAX bytes (else -EFBIG). *ret is a new string with a NUL behind its
 * *ret_len bytes (ret_len may be NULL). Returns 0 or -errno.
 */
int fs_read(const struct fs_root *root, const char *path, size_t max, char **ret,
	    size_t *ret_len) must_check;

/* The same from a descriptor, from where it stands. */
int fs_read_fd(int fd, size_t max, char **ret, size_t *ret_len) must_check;

/*
 * Reads a sysfs attribute with one read(2), its last newline cut off. Returns 0 and a new string,
 * or -errno.
 */
int fs_read_attr(const struct fs_root *root, const char *path, char **ret) must_check;

/*
 * Writes TEXT to a sysfs attribute with one write(2). Returns 0 or -errno (-EIO for a short write).
 * Success says little: look at the machine afterwards.
 */
int fs_write_attr(const struct fs_root *root, const char *path, const char *text) must_check;

/* The last component of what the link at PATH names. Returns 0 and a new string, or -errno. */
int fs_link_name(const struct fs_root *root, const char *path, char **ret) must_check;

/* A folder's names, sorted, without "." and "..". */
struct fs_names {
	char **items;
	size_t n;
};

/* Whether there is a folder with an entry in it, however many there are. */
bool fs_holds_something(const struct fs_root *root, const char *path);

/* Returns 0 or -errno; free with fs_names_free(). */
int fs_list(const struct fs_root *root, const char *path, struct fs_names *ret) must_check;

/* Calls LOOK for every name in a folder that is open for reading, in the folder's own order, until
 * it returns something but 0. Returns that, 0, or -errno. */
int fs_each_name(int fd, int (*look)(const char *name, void *arg), void *arg);

/* The same, only the folders in it: no links to folders. For file systems that tell types while
 * listing, as sysfs does. *ret_found becomes whether there is an entry WANTED of any type; both may
 * be NULL. */
int fs_list_folders(const struct fs_root *root, const char *path, struct fs_names *ret,
		    const char *wanted, bool *ret_found) must_check;
void fs_names_free(struct fs_names *names);

/* Makes the folder and those above it with MODE. Already there is success. Returns 0 or -errno. */
int fs_make_folder(const struct fs_root *root, const char *path, mode_t mode) must_check;

/*
 * Replaces FOLDER/NAME by TEXT: written to a temporary name beside it (".NAME.new"), then renamed,
 * so that a reader sees the old text or the new one. FOLDER exists. Returns 0 or -errno.
 */
int fs_replace(const struct fs_root *root, const char *folder, const char *name, const char *text,
	       mode_t mode) must_check;

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
 * folder after. The new file has OWNER's mode and owner. PATH's folder exists. Returns 0 or -errno.
 */
int fs_replace_durably(const struct fs_root *root, const char *path, const char *text,
		       const struct fs_owner *owner) must_check;

/* Removes the file at PATH, and its temporary leftover of a crash; not there is success; durable.
 * Returns 0 or -errno. */
int fs_remove_durably(const struct fs_root *root, const char *path) must_check;

/* Removes the folder at PATH if it is empty; not there, or not empty, is success. Returns 0 or
 * -errno. */
int fs_remove_empty_folder(const struct fs_root *root, const char *path) must_check;

/* How many bytes may still be written to the file system that PATH is on. Returns 0 or -errno. */
int fs_free_space(const struct fs_root *root, const char *path, uint64_t *ret) must_check;

/* Renames FOLDER/FROM to FOLDER/TO, in place of what is there. Returns 0 or -errno. */
int fs_rename(const struct fs_root *root, const char *folder, const char *from,
	      const char *to) must_check;

/* Removes FOLDER/NAME; not there is success. Returns 0 or -errno. */
int fs_remove(const struct fs_root *root, const char *folder, const char *name) must_check;

/*
 * Opens (and makes, mode 0600) PATH and takes flock(2) OPERATION on it. Returns the descriptor,
 * whose closing ends the lock, or -errno: -EWOULDBLOCK with LOCK_NB when somebody else has it.
 */
int fs_lock(const struct fs_root *root, const char *path, int operation) must_check;

#define auto_root  cleanup_with(fs_root_close)
#define auto_names cleanup_with(fs_names_free)

#endif
