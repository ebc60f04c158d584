// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "host/base/activity.h"

/* sysfs attributes are at most one page (Linux: Documentation/filesystems/sysfs.rst). */
#define ATTR_MAX 4096

/* So much of a directory is read at a time. */
#define ENTRIES_SIZE 32768

int fs_root_open(const char *dir, struct fs_root *ret)
{
	size_t len = strlen(dir);
	auto_free char *path = NULL;
	struct replay *replay = NULL;
	auto_close int fd = -1;
	int err;

	while (len && dir[len - 1] == '/')
		len--;
	path = strndup(dir, len);
	if (!path)
		return -ENOMEM;
	fd = open(len ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = len ? replay_open(fd, &replay) : 0;
	if (err)
		return err;
	*ret = (struct fs_root){TAKE_FD(fd), TAKE_PTR(path), replay};
	return 0;
}

void fs_root_close(struct fs_root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
	free(TAKE_PTR(root->path));
	replay_close(TAKE_PTR(root->replay));
}

bool fs_root_is_running_system(const struct fs_root *root)
{
	return !root->path[0];
}

bool fs_root_is_capture(const struct fs_root *root)
{
	return root->replay;
}

bool fs_root_was_running(const struct fs_root *root)
{
	return root->replay ? replay_was_running(root->replay) : fs_root_is_running_system(root);
}

int fs_stat(const struct fs_root *root, int fd, struct stat *ret)
{
	if (fstat(fd, ret))
		return -errno;
	if (root->replay)
		replay_stat(root->replay, fd, ret);
	return 0;
}

char *fs_path(const char *format, ...)
{
	va_list args;
	char *path;

	va_start(args, format);
	path = vprintf_text(format, args);
	va_end(args);
	return path;
}

int fs_open(const struct fs_root *root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT,
	};
	long fd;
	int err;

	if (!path)
		return -ENOMEM;
	activity_begin("open", path);
	/* The kernel gives EAGAIN when a rename elsewhere kept it from proving the path safe. */
	do
		fd = syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	activity_end();
	if (fd < 0)
		return -errno;
	err = root->replay && !(flags & O_PATH) ? replay_error(root->replay, (int)fd) : 0;
	if (err)
		close((int)fd);
	return err ? err : (int)fd;
}

int fs_probe(const struct fs_root *root, const char *path)
{
	auto_close int fd = fs_open(root, path, O_PATH, 0);

	if (fd >= 0)
		return 1;
	return fs_is_absent(fd) ? 0 : fd;
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
	int err;

	if (fd < 0)
		return fd;
	activity_begin("read", path);
	err = fs_read_fd(fd, max, ret, ret_len);
	activity_end();
	return err;
}

int fs_read_regular(const struct fs_root *root, const char *path, size_t max, char **ret,
		    size_t *ret_len)
{
	auto_close int fd = fs_open(root, path, O_PATH, 0);
	struct stat st;
	int err = fd < 0 ? fd : fs_stat(root, fd, &st);

	if (err)
		return err;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) &&
	    !(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
		return -EMEDIUMTYPE;
	return fs_read(root, path, max, ret, ret_len);
}

int fs_read_attr(const struct fs_root *root, const char *path, char **ret)
{
	auto_close int fd = fs_open(root, path, O_RDONLY, 0);
	char page[ATTR_MAX + 1];
	ssize_t n;

	if (fd < 0)
		return fd;
	activity_begin("read", path);
	n = read(fd, page, ATTR_MAX);
	activity_end();
	if (n < 0)
		return -errno;
	if (n && page[n - 1] == '\n')
		n--;
	*ret = strndup(page, (size_t)n);
	return *ret ? 0 : -ENOMEM;
}

int fs_write_attr(const struct fs_root *root, const char *path, const char *text)
{
	auto_close int fd = fs_open(root, path, O_WRONLY, 0);
	ssize_t n;

	if (fd < 0)
		return fd;
	activity_begin("write", path);
	n = write(fd, text, strlen(text));
	activity_end();
	if (n < 0)
		return -errno;
	return (size_t)n == strlen(text) ? 0 : -EIO;
}

int fs_link_target(const struct fs_root *root, const char *path, char **ret)
{
	auto_close int fd = fs_open(root, path, O_PATH | O_NOFOLLOW, 0);
	char target[ATTR_MAX];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", target, sizeof(target) - 1);
	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* ENOENT: there, but not a link */
	*ret = strndup(target, (size_t)n);
	return *ret ? 0 : -ENOMEM;
}

int fs_link_name(const struct fs_root *root, const char *path, char **ret)
{
	auto_free char *target = NULL;
	const char *slash;
	int err = fs_link_target(root, path, &target);

	if (err || !target)
		return err;
	slash = strrchr(target, '/');
	*ret = strdup(slash ? slash + 1 : target);
	return *ret ? 0 : -ENOMEM;
}

int fs_link_name_if(const struct fs_root *root, const char *path, char **ret)
{
	int err = fs_link_name(root, path, ret);

	if (err != -ENOENT)
		return err;
	*ret = NULL;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void fs_names_sort(struct fs_names *names)
{
	if (names->n)
		qsort(names->items, names->n, sizeof(*names->items), compare_names);
}

/* What getdents64(2) writes is what readdir(3) returns. */
_Static_assert(sizeof(ino_t) == 8 && offsetof(struct dirent, d_name) == 19,
	       "a large struct dirent");

/* Not by readdir(3), which asks four more things of each directory: there may be thousands. */
int fs_each_entry(int fd, int (*look)(const struct dirent *entry, void *arg), void *arg)
{
	_Alignas(struct dirent) char entries[ENTRIES_SIZE];
	ssize_t n;
	int err = 0;

	while (!err && (n = getdents64(fd, entries, sizeof(entries))) > 0)
		for (ssize_t at = 0; !err && at < n;) {
			const struct dirent *entry = (const void *)&entries[at];

			at += entry->d_reclen;
			if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
				err = look(entry, arg);
		}
	return !err && n < 0 ? -errno : err;
}

struct listing {
	struct fs_names names;
	bool only_dirs;
};

static int add_entry(const struct dirent *entry, void *arg)
{
	struct listing *listing = arg;
	struct fs_names *names = &listing->names;

	if (listing->only_dirs && entry->d_type != DT_DIR)
		return 0;
	if (!array_grow(names->items, names->n))
		return -ENOMEM;
	names->items[names->n] = strdup(entry->d_name);
	if (!names->items[names->n])
		return -ENOMEM;
	names->n++;
	return 0;
}

/* fs_each_entry() of the directory at PATH; an absent one has none. */
static int look_below(const struct fs_root *root, const char *path,
		      int (*look)(const struct dirent *entry, void *arg), void *arg)
{
	auto_close int fd = fs_open(root, path, O_RDONLY | O_DIRECTORY, 0);
	int err = fd;

	if (fd >= 0) {
		activity_begin("list", path);
		err = fs_each_entry(fd, look, arg);
		activity_end();
	}
	return fs_is_absent(err) ? 0 : err;
}

static int list(const struct fs_root *root, const char *path, bool only_dirs, struct fs_names *ret)
{
	struct listing listing = {.only_dirs = only_dirs};
	struct fs_names *names = &listing.names;
	int err = look_below(root, path, add_entry, &listing);

	if (err) {
		fs_names_free(names);
		return err;
	}
	fs_names_sort(names);
	*ret = *names;
	return 0;
}

int fs_list(const struct fs_root *root, const char *path, struct fs_names *ret)
{
	return list(root, path, false, ret);
}

int fs_list_dirs(const struct fs_root *root, const char *path, struct fs_names *ret)
{
	return list(root, path, true, ret);
}

static int stop_at_once(const struct dirent *entry, void *arg)
{
	(void)entry;
	(void)arg;
	return 1;
}

int fs_probe_entries(const struct fs_root *root, const char *path)
{
	return look_below(root, path, stop_at_once, NULL);
}

bool fs_names_has(const struct fs_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->items[i], name))
			return true;
	return false;
}

int fs_names_add(struct fs_names *names, const char *name)
{
	if (fs_names_has(names, name))
		return 0;
	if (!array_grow(names->items, names->n))
		return -ENOMEM;
	names->items[names->n] = strdup(name);
	if (!names->items[names->n])
		return -ENOMEM;
	names->n++;
	return 0;
}

void fs_names_free(struct fs_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct fs_names){0};
}
