// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/fs_write.h"

#include "host/base/facts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* The directory that PATH is in, open so that it can be synced, and *RET_NAME, the last component,
 * inside PATH. */
static int open_parent(const struct fs_root *root, const char *path, const char **ret_name)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	auto_free char *dir = path ? strndup(path, slash ? (size_t)(slash - path) : 0) : NULL;

	if (!dir)
		return -ENOMEM;
	*ret_name = slash ? slash + 1 : path;
	return fs_open(root, slash ? dir : ".", O_RDONLY | O_DIRECTORY, 0);
}

/* Some file systems cannot sync a directory (EINVAL): then there is no better. */
static int sync_dir(int dir)
{
	return fsync(dir) && errno != EINVAL ? -errno : 0;
}

int fs_make_dir(const struct fs_root *root, const char *path, mode_t mode)
{
	const char *slash = path ? strrchr(path, '/') : NULL, *name;
	auto_free char *above = slash ? strndup(path, (size_t)(slash - path)) : NULL;
	auto_close int parent = -1;
	int err = fs_probe(root, path);

	if (err)
		return err < 0 ? err : 0;
	err = slash ? fs_make_dir(root, above, mode) : 0;
	if (err)
		return err;
	parent = open_parent(root, path, &name);
	if (parent < 0)
		return parent;
	return mkdirat(parent, name, mode) && errno != EEXIST ? -errno : 0;
}

int fs_write_fd(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t written = write(fd, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		n -= (size_t)written;
	}
	return 0;
}

/* Writes the text beside NAME and renames it. OWNER's uid is taken over only when KEEP_OWNER. */
static int replace_in(int dir, const char *name, const char *text, const struct fs_owner *owner,
		      bool keep_owner)
{
	auto_free char *temporary = fs_path(".%s.new", name);
	auto_close int fd = -1;
	int err;

	if (!temporary)
		return -ENOMEM;
	/* The file of an earlier crash is replaced, never written to: it may be a link. */
	unlinkat(dir, temporary, 0);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    owner->mode);
	if (fd < 0)
		return -errno;
	err = fs_write_fd(fd, text, strlen(text));
	if (!err && keep_owner && fchown(fd, owner->uid, owner->gid))
		err = -errno;
	if (!err && (fchmod(fd, owner->mode) || fsync(fd) || renameat(dir, temporary, dir, name)))
		err = -errno;
	if (err)
		unlinkat(dir, temporary, 0);
	return err;
}

int fs_replace(const struct fs_root *root, const char *dir_path, const char *name, const char *text,
	       mode_t mode)
{
	auto_close int dir = fs_open(root, dir_path, O_PATH | O_DIRECTORY, 0);
	const struct fs_owner owner = {.mode = mode};

	return dir < 0 ? dir : replace_in(dir, name, text, &owner, false);
}

int fs_owner(const struct fs_root *root, const char *path, struct fs_owner *ret)
{
	auto_close int fd = fs_open(root, path, O_PATH | O_NOFOLLOW, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	*ret = (struct fs_owner){st.st_mode & 07777, st.st_uid, st.st_gid};
	return 0;
}

int fs_replace_durably(const struct fs_root *root, const char *path, const char *text,
		       const struct fs_owner *owner)
{
	const char *name;
	auto_close int dir = open_parent(root, path, &name);
	int err;

	if (dir < 0)
		return dir;
	err = replace_in(dir, name, text, owner, true);
	return err ? err : sync_dir(dir);
}

int fs_remove_durably(const struct fs_root *root, const char *path)
{
	const char *name;
	auto_close int dir = open_parent(root, path, &name);
	auto_free char *temporary = NULL;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	temporary = fs_path(".%s.new", name);
	if (!temporary)
		return -ENOMEM;
	if ((unlinkat(dir, name, 0) && errno != ENOENT) ||
	    (unlinkat(dir, temporary, 0) && errno != ENOENT))
		return -errno;
	return sync_dir(dir);
}

int fs_remove_empty_dir(const struct fs_root *root, const char *path)
{
	const char *name;
	auto_close int dir = open_parent(root, path, &name);

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	if (unlinkat(dir, name, AT_REMOVEDIR))
		return errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST ? 0 : -errno;
	return sync_dir(dir);
}

int fs_free_space(const struct fs_root *root, const char *path, uint64_t *ret)
{
	auto_close int fd = fs_open(root, path, O_PATH, 0);
	auto_free char *key = fs_path("free-%s", path ? path : "");
	struct statvfs st;
	long long noted;

	if (fd < 0)
		return fd;
	if (key && !facts_get_number(root, key, &noted)) {
		*ret = (uint64_t)noted;
		return 0;
	}
	if (fstatvfs(fd, &st))
		return -errno;
	*ret = (uint64_t)st.f_bavail * st.f_frsize;
	if (key)
		facts_note_number(key, (long long)*ret);
	return 0;
}

int fs_remove(const struct fs_root *root, const char *dir_path, const char *name)
{
	auto_close int dir = fs_open(root, dir_path, O_PATH | O_DIRECTORY, 0);

	if (dir == -ENOENT)
		return 0;
	if (dir < 0)
		return dir;
	return unlinkat(dir, name, 0) && errno != ENOENT ? -errno : 0;
}

int fs_rename(const struct fs_root *root, const char *dir_path, const char *from, const char *to)
{
	auto_close int dir = fs_open(root, dir_path, O_PATH | O_DIRECTORY, 0);

	if (dir < 0)
		return dir;
	return renameat(dir, from, dir, to) ? -errno : 0;
}

int fs_lock(const struct fs_root *root, const char *path, int operation)
{
	auto_close int fd = fs_open(root, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	int err;

	if (fd < 0)
		return fd;
	do
		err = flock(fd, operation) ? -errno : 0;
	while (err == -EINTR);
	return err ? err : TAKE_FD(fd);
}
