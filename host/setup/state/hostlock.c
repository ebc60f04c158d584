// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/state/hostlock.h"

#include "host/base/fs_write.h"
#include "host/base/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Whoever may read a directory may lock it: on a host with users it has to be root's alone. */
#define OWN_DIR	 "run/pve-passthrough"
#define OWN_MODE 0700

#define TEXT_MAX ((size_t)1024 * 1024)

/*
 * Who has an flock(2) on the inode: "1: FLOCK  ADVISORY  WRITE 4711 fe:01:131 0 EOF" (Linux:
 * fs/locks.c, lock_get_status()). Not by the device, whose number there may be another than in
 * stat(2). Returns 0 when nobody is found.
 */
static int find_holder(const char *locks, ino_t inode)
{
	for (const char *line = locks; line && *line; line = strchr(line, '\n')) {
		int pid = 0;
		uintmax_t of = 0;

		line += *line == '\n';
		if (sscanf(line, "%*d: FLOCK %*s %*s %d %*x:%*x:%ju", &pid, &of) == 2 &&
		    of == inode)
			return pid;
	}
	return 0;
}

/* The command line of the process, with spaces between its words; NULL: unknown. */
static char *command_of(const struct fs_root *root, int pid)
{
	auto_free char *path = fs_path("proc/%d/cmdline", pid), *text = NULL;
	size_t len = 0;

	if (pid <= 0 || fs_read(root, path, TEXT_MAX, &text, &len) || !len)
		return NULL;
	for (size_t i = 0; i + 1 < len; i++)
		if (!text[i])
			text[i] = ' ';
	return TAKE_PTR(text);
}

static void say_held(const struct fs_root *root, int fd)
{
	auto_free char *locks = NULL, *command = NULL;
	struct stat st;
	int pid = 0;

	if (!fstat(fd, &st) && !fs_read(root, "proc/locks", TEXT_MAX, &locks, NULL))
		pid = find_holder(locks, st.st_ino);
	command = command_of(root, pid);
	if (command)
		log_error(_("process %d (%s) is changing how this host boots, or waits for an "
			    "answer; nothing was changed; try again when it has ended"),
			  pid, command);
	else
		log_error(_("another host-setup is changing how this host boots, or waits for an "
			    "answer; nothing was changed; try again when it has ended"));
}

const char *hostlock_dir(const struct fs_root *root)
{
	return fs_root_is_running_system(root) ? OWN_DIR : "etc";
}

/* Opens the directory and locks it. *RET_FD is what was opened in either case. */
static int lock(const struct fs_root *root, int *ret_fd)
{
	int err = fs_root_is_running_system(root) ? fs_make_dir(root, OWN_DIR, OWN_MODE) : 0;

	if (err)
		return err;
	*ret_fd = fs_open(root, hostlock_dir(root), O_RDONLY | O_DIRECTORY, 0);
	if (*ret_fd < 0)
		return *ret_fd;
	return flock(*ret_fd, LOCK_EX | LOCK_NB) ? -errno : 0;
}

int hostlock_try(const struct fs_root *root)
{
	auto_close int fd = -1;
	int err = lock(root, &fd);

	return err ? err : TAKE_FD(fd);
}

int hostlock_take(const struct fs_root *root)
{
	auto_close int fd = -1;
	int err = lock(root, &fd);

	if (!err)
		return TAKE_FD(fd);
	if (err == -EWOULDBLOCK)
		say_held(root, fd);
	else
		log_error(_("/%s cannot be locked: %s; nothing was changed"), hostlock_dir(root),
			  log_strerror(err));
	return err;
}
