// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "host/view.h"

/* sysfs attributes are at most one page (Linux: Documentation/filesystems/sysfs.rst). */
#define ATTR_MAX 4096

int fs_root_open(const char *dir, struct fs_root *ret)
{
	struct fs_root root = {.fd = -1};
	size_t len = strlen(dir);
	int err;

	while (len && dir[len - 1] == '/')
		len--;
	root.path = strndup(dir, len);
	if (!root.path)
		return -ENOMEM;
	root.fd = open(len ? root.path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root.fd < 0) {
		err = -errno;
		free(root.path);
		return err;
	}
	*ret = root;
	return 0;
}

void fs_root_close(struct fs_root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
	free(TAKE_PTR(root->path));
}

bool fs_root_is_running_system(const struct fs_root *root)
{
	return !root->path[0];
}

char *fs_path(const char *format, ...)
{
	va_list args;
	char *path;
	int n;

	va_start(args, format);
	n = vasprintf(&path, format, args);
	va_end(args);
	return n < 0 ? NULL : path;
}

char *fs_join_all(const char *const *parts)
{
	size_t size = 1;
	char *text, *end;

	for (const char *const *part = parts; *part; part++)
		size += strlen(*part);
	text = malloc(size);
	if (!text)
		return NULL;
	end = text;
	*end = '\0';
	for (const char *const *part = parts; *part; part++)
		end = stpcpy(end, *part);
	return text;
}

int fs_open(const struct fs_root *root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	int from;
	long fd;

	if (!path)
		return -ENOMEM;
	from = view_begin(root, &path);
	/* From within a folder links lead out of it, as they are to. */
	if (from == root->fd)
		how.resolve |= RESOLVE_IN_ROOT;
	/* The kernel gives EAGAIN when a rename elsewhere kept it from proving the path safe. */
	do
		fd = syscall(SYS_openat2, from, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd < 0 ? -errno : (int)fd;
}

/* Nothing lies outside of the running system's root, so there is nothing to keep links from, and
 * no need to open what has only to be looked at. */
bool fs_exists(const struct fs_root *root, const char *path)
{
	auto_close int fd = -1;

	if (path && fs_root_is_running_system(root)) {
		int from = view_begin(root, &path);

		return !faccessat(from, path, F_OK, 0);
	}
	fd = fs_open(root, path, O_PATH, 0);
	return fd >= 0;
}

int fs_read_fd(int fd, size_t max, char **ret, size_t *ret_len)
{
	auto_free char *text = NULL;
	size_t len = 0, size = 0;
	ssize_t n;

	do {
		if (size - len < 2) {
			size_t bigger = size ? size * 2 : ATTR_MAX;
			char *more = realloc(text, bigger);

			if (!more)
				return -ENOMEM;
			text = more;
			size = bigger;
		}
		n = read(fd, text + len, size - len - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			len += (size_t)n;
		if (len > max)
			return -EFBIG;
	} while (n);

	text[len] = '\0';
	*ret = TAKE_PTR(text);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int fs_read(const struct fs_root *root, const char *path, size_t max, char **ret, size_t *ret_len)
{
	auto_close int fd = fs_open(root, path, O_RDONLY, 0);

	return fd < 0 ? fd : fs_read_fd(fd, max, ret, ret_len);
}

int fs_read_attr(const struct fs_root *root, const char *path, char **ret)
{
	auto_close int fd = fs_open(root, path, O_RDONLY, 0);
	char page[ATTR_MAX + 1];
	ssize_t n;
	char *text;

	if (fd < 0)
		return fd;
	n = read(fd, page, ATTR_MAX);
	if (n < 0)
		return -errno;
	if (n && page[n - 1] == '\n')
		n--;
	text = strndup(page, (size_t)n);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}

int fs_write_attr(const struct fs_root *root, const char *path, const char *text)
{
	auto_close int fd = fs_open(root, path, O_WRONLY, 0);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = write(fd, text, strlen(text));
	if (n < 0)
		return -errno;
	return (size_t)n == strlen(text) ? 0 : -EIO;
}

/* readlink(2) below the root. Returns the length, or -errno: -EINVAL when it is not a link. */
static ssize_t read_link(const struct fs_root *root, const char *path, char *target, size_t size)
{
	auto_close int fd = -1;
	ssize_t n;

	if (path && fs_root_is_running_system(root)) {
		int from = view_begin(root, &path);

		n = readlinkat(from, path, target, size);
		return n < 0 ? -errno : n;
	}
	fd = fs_open(root, path, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", target, size);
	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* ENOENT: there, but not a link */
	return n;
}

int fs_link_name(const struct fs_root *root, const char *path, char **ret)
{
	char target[ATTR_MAX];
	ssize_t n = read_link(root, path, target, sizeof(target) - 1);
	const char *slash;
	char *name;

	if (n < 0)
		return (int)n;
	target[n] = '\0';
	slash = strrchr(target, '/');
	name = strdup(slash ? slash + 1 : target);
	if (!name)
		return -ENOMEM;
	*ret = name;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Calls LOOK for every entry of an open folder but "." and "..", until it returns something.
 * Returns that, 0, or -errno. Not readdir(3), which asks three more things of every folder first.
 */
static int each_entry(int fd, int (*look)(const struct dirent64 *entry, void *arg), void *arg)
{
	_Alignas(struct dirent64) char buffer[16384];
	ssize_t n;

	while ((n = getdents64(fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(buffer + at);
			int err;

			at += entry->d_reclen;
			if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
				continue;
			err = look(entry, arg);
			if (err)
				return err;
		}
	return n < 0 ? -errno : 0;
}

struct each_name {
	int (*look)(const char *name, void *arg);
	void *arg;
};

static int look_at_name(const struct dirent64 *entry, void *arg)
{
	const struct each_name *each = arg;

	return each->look(entry->d_name, each->arg);
}

int fs_each_name(int fd, int (*look)(const char *name, void *arg), void *arg)
{
	struct each_name each = {look, arg};

	return each_entry(fd, look_at_name, &each);
}

struct listing {
	struct fs_names names;
	bool only_folders;
	const char *wanted; /* with only_folders: looked for among all entries, or NULL */
	bool found;
};

static int add_entry(const struct dirent64 *entry, void *arg)
{
	struct listing *listing = arg;
	struct fs_names *names = &listing->names;

	if (listing->wanted && !strcmp(entry->d_name, listing->wanted))
		listing->found = true;
	if (listing->only_folders && entry->d_type != DT_DIR)
		return 0;
	if (!array_grow(names->items, names->n))
		return -ENOMEM;
	names->items[names->n] = strdup(entry->d_name);
	if (!names->items[names->n])
		return -ENOMEM;
	names->n++;
	return 0;
}

static int list_open(int fd, struct listing *listing)
{
	struct fs_names *names = &listing->names;
	int err = each_entry(fd, add_entry, listing);

	if (err)
		fs_names_free(names);
	else if (names->n)
		qsort(names->items, names->n, sizeof(*names->items), compare_names);
	return err;
}

int fs_list(const struct fs_root *root, const char *path, struct fs_names *ret)
{
	auto_close int fd = fs_open(root, path, O_RDONLY | O_DIRECTORY, 0);

	struct listing listing = {0};
	int err = fd < 0 ? fd : list_open(fd, &listing);

	if (!err)
		*ret = listing.names;
	return err;
}

static int stop_at_once(const struct dirent64 *entry, void *arg)
{
	(void)entry;
	(void)arg;
	return 1;
}

bool fs_holds_something(const struct fs_root *root, const char *path)
{
	auto_close int fd = fs_open(root, path, O_RDONLY | O_DIRECTORY, 0);

	return fd >= 0 && each_entry(fd, stop_at_once, NULL) > 0;
}

int fs_list_folders(const struct fs_root *root, const char *path, struct fs_names *ret,
		    const char *wanted, bool *ret_found)
{
	auto_close int fd = fs_open(root, path, O_RDONLY | O_DIRECTORY, 0);
	struct listing listing = {.only_folders = true, .wanted = wanted};
	int err = fd < 0 ? fd : list_open(fd, &listing);

	if (err)
		return err;
	*ret = listing.names;
	if (ret_found)
		*ret_found = listing.found;
	return 0;
}

void fs_names_free(struct fs_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct fs_names){0};
}

/* A descriptor of the folder that PATH is in, and *RET_NAME, the last component, inside PATH. */
static int open_parent(const struct fs_root *root, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	auto_free char *folder = strndup(path, slash ? (size_t)(slash - path) : 0);

	if (!folder)
		return -ENOMEM;
	*ret_name = slash ? slash + 1 : path;
	return fs_open(root, slash ? folder : ".", O_PATH | O_DIRECTORY, 0);
}

int fs_make_folder(const struct fs_root *root, const char *path, mode_t mode)
{
	auto_free char *part = path ? strdup(path) : NULL;

	if (!part)
		return -ENOMEM;
	for (char *end = part;; end++) {
		bool last = !*end;
		const char *name;

		if (*end && *end != '/')
			continue;
		*end = '\0';
		if (!fs_exists(root, part)) {
			auto_close int parent = open_parent(root, part, &name);

			if (parent < 0)
				return parent;
			if (mkdirat(parent, name, mode) && errno != EEXIST)
				return -errno;
		}
		if (last)
			return 0;
		*end = '/';
	}
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

/* A leftover of a crash is ours to overwrite, but never through a link or into its mode. */
static int open_temporary(int dir, const char *name, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags, mode);

	if (fd < 0 && errno == EEXIST && !unlinkat(dir, name, 0))
		fd = openat(dir, name, flags, mode);
	return fd < 0 ? -errno : fd;
}

/* Writes the text beside NAME and renames it. OWNER's uid is taken over only when KEEP_OWNER. */
static int replace_in(int dir, const char *name, const char *text, const struct fs_owner *owner,
		      bool keep_owner)
{
	auto_free char *temporary = fs_join(".", name, ".new");
	auto_close int fd = -1;
	int err;

	if (!temporary)
		return -ENOMEM;
	fd = open_temporary(dir, temporary, owner->mode);
	if (fd < 0)
		return fd;
	err = write_all(fd, text);
	if (!err && keep_owner && fchown(fd, owner->uid, owner->gid))
		err = -errno;
	if (!err && (fchmod(fd, owner->mode) || fsync(fd) || renameat(dir, temporary, dir, name)))
		err = -errno;
	if (err)
		unlinkat(dir, temporary, 0);
	return err;
}

int fs_replace(const struct fs_root *root, const char *folder, const char *name, const char *text,
	       mode_t mode)
{
	auto_close int dir = fs_open(root, folder, O_PATH | O_DIRECTORY, 0);
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

/* The folder that PATH is in, open so that it can be synced. */
static int open_folder_of(const struct fs_root *root, const char *path, const char **ret_name)
{
	auto_close int parent = path ? open_parent(root, path, ret_name) : -ENOMEM;
	int fd;

	if (parent < 0)
		return parent;
	fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int fs_replace_durably(const struct fs_root *root, const char *path, const char *text,
		       const struct fs_owner *owner)
{
	const char *name;
	auto_close int dir = open_folder_of(root, path, &name);
	int err;

	if (dir < 0)
		return dir;
	err = replace_in(dir, name, text, owner, true);
	/* Some file systems cannot sync a folder (EINVAL): then there is no better. */
	if (!err && fsync(dir) && errno != EINVAL)
		err = -errno;
	return err;
}

int fs_remove_durably(const struct fs_root *root, const char *path)
{
	const char *name;
	auto_close int dir = open_folder_of(root, path, &name);
	auto_free char *temporary = NULL;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	temporary = fs_join(".", name, ".new");
	if (!temporary)
		return -ENOMEM;
	if ((unlinkat(dir, name, 0) && errno != ENOENT) ||
	    (unlinkat(dir, temporary, 0) && errno != ENOENT))
		return -errno;
	return fsync(dir) && errno != EINVAL ? -errno : 0;
}

int fs_remove_empty_folder(const struct fs_root *root, const char *path)
{
	const char *name;
	auto_close int dir = open_folder_of(root, path, &name);

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	if (unlinkat(dir, name, AT_REMOVEDIR))
		return errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST ? 0 : -errno;
	return fsync(dir) && errno != EINVAL ? -errno : 0;
}

int fs_free_space(const struct fs_root *root, const char *path, uint64_t *ret)
{
	auto_close int fd = fs_open(root, path, O_PATH, 0);
	struct statvfs st;

	if (fd < 0)
		return fd;
	if (fstatvfs(fd, &st))
		return -errno;
	*ret = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}

int fs_remove(const struct fs_root *root, const char *folder, const char *name)
{
	auto_close int dir = fs_open(root, folder, O_PATH | O_DIRECTORY, 0);

	if (dir == -ENOENT)
		return 0;
	if (dir < 0)
		return dir;
	return unlinkat(dir, name, 0) && errno != ENOENT ? -errno : 0;
}

int fs_rename(const struct fs_root *root, const char *folder, const char *from, const char *to)
{
	auto_close int dir = fs_open(root, folder, O_PATH | O_DIRECTORY, 0);

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
