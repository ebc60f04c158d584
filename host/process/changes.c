// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/changes.h"

#include "host/base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>

int changes_open(const struct fs_root *root, const char *dir)
{
	auto_close int dir_fd = fs_open(root, dir, O_PATH | O_DIRECTORY, 0);
	auto_close int fd = -1;
	auto_free char *path = NULL;

	if (dir_fd < 0)
		return dir_fd;
	/* inotify takes paths only; this one is the directory that was opened below the root. */
	path = fs_path("/proc/self/fd/%d", dir_fd);
	if (!path)
		return -ENOMEM;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (inotify_add_watch(fd, path, IN_MOVED_TO | IN_CREATE | IN_DELETE) < 0)
		return -errno;
	return TAKE_FD(fd);
}

void changes_forget(int fd)
{
	char events[4096];

	while (fd >= 0 && read(fd, events, sizeof(events)) > 0)
		;
}

bool changes_wait(int changes, int other, int limit_ms)
{
	struct pollfd polled[] = {
		{.fd = changes, .events = POLLIN},
		{.fd = other, .events = POLLIN},
	};
	int64_t deadline = clock_now_ms() + limit_ms;

	/* poll(2) leaves out negative descriptors. */
	while (poll(polled, ARRAY_SIZE(polled), limit_ms < 0 ? -1 : clock_left_ms(deadline)) < 0 &&
	       errno == EINTR)
		;
	return polled[1].revents;
}
