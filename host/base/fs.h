/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below one root directory. Every path of the program goes through here, so that a test or an
 * image is just another root: links, absolute ones too, are resolved inside it (openat2(2),
 * RESOLVE_IN_ROOT). Paths have no leading '/'. A NULL path stands for a path that could not be
 * built and gives -ENOMEM, so callers need not check fs_path().
 */
#ifndef HOST_BASE_FS_H
#define HOST_BASE_FS_H

#include <dirent.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "host/base/base.h"
#include "host/base/replay.h"

struct fs_root {
	int fd;
	char *path;	       /* as given, without a trailing '/'; "" for the running system */
	struct replay *replay; /* NULL: it is no capture of a host */
};

/* Opens DIR as a root. Returns 0, or -errno; *ret is closed with fs_root_close(). */
int fs_root_open(const char *dir, struct fs_root *ret) must_check;
void fs_root_close(struct fs_root *root);

/* Whether the root is the running system, whose kernel may be asked to do things. */
bool fs_root_is_running_system(const struct fs_root *root);

/* Whether it is a capture of a host (host/base/replay.h): files have the errors there that they had
 * on the host, and what is in no file is read by host/base/facts.h. */
bool fs_root_is_capture(const struct fs_root *root);

/* Whether its /proc and /sys are those of the kernel that runs it, or ran it when it was captured.
 */
bool fs_root_was_running(const struct fs_root *root);

/* printf into a new string; NULL without memory. */
char *fs_path(const char *format, ...) printf_like(1, 2) must_check;

/* open(2) below the root, O_CLOEXEC always. Returns a descriptor or -errno. */
int fs_open(const struct fs_root *root, const char *path, int flags, mode_t mode) must_check;

/* fstat(2) of what was opened below the root: in a capture what it was on the host. Returns 0 or
 * -errno. */
int fs_stat(const struct fs_root *root, int fd, struct stat *ret) must_check;

/* Whether the error ERR (-errno) means that a file is absent. No other error does. */
static inline bool fs_is_absent(int err)
{
	return err == -ENOENT || err == -ENOTDIR;
}

/*
 * Whether something is at PATH (links followed): 1; 0 when it is absent; -errno when that is
 * unknown. What decides by it must not take unknown for absent.
 */
int fs_probe(const struct fs_root *root, const char *path) must_check;

/*
 * Reads a whole file of at most MAX bytes (else -EFBIG). *ret is a new string with a NUL after its
 * *ret_len bytes (ret_len may be NULL). Returns 0 or -errno.
 */
int fs_read(const struct fs_root *root, const char *path, size_t max, char **ret,
	    size_t *ret_len) must_check;

/*
 * The same of a file that somebody names, or that is in a directory of theirs: -EMEDIUMTYPE
 * (log_strerror() knows it) for one that is no regular file. It is not opened, for that may wait
 * for ever, as for a FIFO's writer, or have an effect, as for a watchdog. /dev/null is an empty
 * file.
 */
int fs_read_regular(const struct fs_root *root, const char *path, size_t max, char **ret,
		    size_t *ret_len) must_check;

/* The same from a descriptor, from its file offset on. */
int fs_read_fd(int fd, size_t max, char **ret, size_t *ret_len) must_check;

/*
 * Reads a sysfs attribute with one read(2), its last newline cut off. Returns 0 and a new string,
 * or -errno.
 */
int fs_read_attr(const struct fs_root *root, const char *path, char **ret) must_check;

/*
 * Writes TEXT to a sysfs attribute with one write(2). Returns 0 or -errno (-EIO for a short write).
 * Success proves little: read it again afterwards.
 */
int fs_write_attr(const struct fs_root *root, const char *path, const char *text) must_check;

/* What the link at PATH names, as it stands there. Returns 0 and a new string; -EINVAL when that is
 * no link; -errno. */
int fs_link_target(const struct fs_root *root, const char *path, char **ret) must_check;

/* The last component of what the link at PATH names. Returns 0 and a new string, or -errno. */
int fs_link_name(const struct fs_root *root, const char *path, char **ret) must_check;

/* The same; *ret is NULL when there is no link. */
int fs_link_name_if(const struct fs_root *root, const char *path, char **ret) must_check;

/* The names in a directory, sorted, without "." and "..". */
struct fs_names {
	char **items;
	size_t n;
};

/* Whether PATH is a directory with an entry in it, however many there are: 1; 0 when it is not;
 * -errno when that is unknown. */
int fs_probe_entries(const struct fs_root *root, const char *path) must_check;

/* Lists a directory; an absent one has no names. Returns 0 or -errno; free with fs_names_free(). */
int fs_list(const struct fs_root *root, const char *path, struct fs_names *ret) must_check;

/* Calls LOOK for every entry of a directory that is open for reading but "." and "..", in the
 * directory's own order, until it returns something but 0; the descriptor is read to that place.
 * Returns that, 0, or -errno. */
int fs_each_entry(int fd, int (*look)(const struct dirent *entry, void *arg), void *arg);

/* fs_list() of the directories in it only: no links to directories. For file systems that tell
 * types while listing, as sysfs does. */
int fs_list_dirs(const struct fs_root *root, const char *path, struct fs_names *ret) must_check;
void fs_names_free(struct fs_names *names);

/* Whether NAME is in the list; and adds it when it is not. The latter returns 0 or -ENOMEM. */
bool fs_names_has(const struct fs_names *names, const char *name);
int fs_names_add(struct fs_names *names, const char *name) must_check;

/* Sorts them by their bytes. */
void fs_names_sort(struct fs_names *names);

#define auto_root  cleanup_with(fs_root_close)
#define auto_names cleanup_with(fs_names_free)

#endif
