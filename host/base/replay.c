// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/replay.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

struct item {
	char *path;
	struct stat st;
	int err; /* an errno */
};

struct replay {
	char *top; /* the path of the root */
	bool running;
	time_t time;
	struct item *items; /* by path */
	size_t n;
};

static char *path_of(int fd)
{
	char link[32], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n > 0 ? strndup(path, (size_t)n) : NULL;
}

static int compare(const void *a, const void *b)
{
	const struct item *first = a, *second = b;

	return strcmp(first->path, second->path);
}

static int read_line(struct replay *replay, char *line)
{
	struct item item = {0};
	unsigned int mode, uid, gid, major, minor;
	long long size, when;
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%o %u %u %lld %lld %u %u %d %n", &mode, &uid, &gid, &size, &when, &major,
		   &minor, &item.err, &at) != 8 ||
	    !at || item.err < 0)
		return -EBADMSG;
	item.st.st_mode = mode;
	item.st.st_uid = uid;
	item.st.st_gid = gid;
	item.st.st_size = size;
	item.st.st_mtime = when;
	item.st.st_rdev = makedev(major, minor);
	item.path = strdup(line + at);
	if (!item.path || !array_grow(replay->items, replay->n)) {
		free(item.path);
		return -ENOMEM;
	}
	replay->items[replay->n++] = item;
	return 0;
}

static int read_index(struct replay *replay, FILE *file)
{
	auto_free char *line = NULL;
	size_t size = 0;
	long long when;
	int running, err = 0;

	if (getline(&line, &size, file) < 0 || sscanf(line, CAPTURE_HEADER, &running, &when) != 2)
		return -EBADMSG;
	replay->running = running;
	replay->time = when;
	while (!err && getline(&line, &size, file) > 0)
		err = read_line(replay, line);
	if (!err && replay->n)
		qsort(replay->items, replay->n, sizeof(*replay->items), compare);
	return err;
}

int replay_open(int root_fd, struct replay **ret)
{
	auto_close int fd = openat(root_fd, CAPTURE_INDEX, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct replay *replay;
	FILE *file;
	int err;

	*ret = NULL;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	file = fdopen(fd, "r");
	if (!file)
		return -ENOMEM;
	fd = -1;
	replay = calloc(1, sizeof(*replay));
	err = replay ? read_index(replay, file) : -ENOMEM;
	fclose(file);
	if (!err) {
		replay->top = path_of(root_fd);
		err = replay->top ? 0 : -ENOMEM;
	}
	if (err)
		replay_close(replay);
	else
		*ret = replay;
	return err;
}

void replay_close(struct replay *replay)
{
	if (!replay)
		return;
	for (size_t i = 0; i < replay->n; i++)
		free(replay->items[i].path);
	free(replay->items);
	free(replay->top);
	free(replay);
}

bool replay_was_running(const struct replay *replay)
{
	return replay->running;
}

time_t replay_time(const struct replay *replay)
{
	return replay->time;
}

static const struct item *find(const struct replay *replay, int fd)
{
	auto_free char *path = path_of(fd);
	char *below = path ? path + strlen(replay->top) : NULL;

	if (!path || strncmp(path, replay->top, strlen(replay->top)) != 0 || *below != '/')
		return NULL;
	return replay->n ? bsearch(&(struct item){.path = below + 1}, replay->items, replay->n,
				   sizeof(*replay->items), compare)
			 : NULL;
}

int replay_error(const struct replay *replay, int fd)
{
	const struct item *item = find(replay, fd);

	return item ? -item->err : 0;
}

void replay_stat(const struct replay *replay, int fd, struct stat *st)
{
	const struct item *item = find(replay, fd);

	st->st_uid = 0;
	st->st_gid = 0;
	if (!item || !item->st.st_mode)
		return;
	st->st_mode = item->st.st_mode;
	st->st_uid = item->st.st_uid;
	st->st_gid = item->st.st_gid;
	st->st_size = item->st.st_size;
	st->st_mtim = item->st.st_mtim;
	st->st_rdev = item->st.st_rdev;
}
