// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/process_nodes.h"

#include "host/base/clock.h"
#include "host/process/process.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Devices of one process that are of no interest, so that the next descriptor of the same one costs
 * no more than its number. */
#define DULL_MAX 8

/* The kernel gives a page of /proc/PID/maps at a time; stdio would ask for a quarter of that. */
#define MAPS_BUFFER 4096

/* How often the clock is looked at, among so many descriptors. */
#define LOOK_EVERY 256

int process_others_ms = 500;

struct file_key {
	unsigned int type; /* S_IFBLK, S_IFCHR, or 0 */
	uint64_t number;
};

/* There may be hundreds of thousands of descriptors: what is asked of each counts. */
struct asking {
	int (*look)(const struct open_node *node, void *arg);
	void *arg;
	pid_t pid;
	bool running; /* it is the running system, whose kernel may be asked */
	int dir;      /* of its descriptors */
	int64_t deadline;
	struct file_key dull[DULL_MAX];
	size_t n_dull, n;
};

static bool is_dull(const struct asking *asking, const struct file_key *key)
{
	for (size_t i = 0; i < asking->n_dull && i < DULL_MAX; i++)
		if (asking->dull[i].type == key->type && asking->dull[i].number == key->number)
			return true;
	return false;
}

static void fill_node(const struct statx *st, struct open_node *node)
{
	node->numbered = true;
	node->block = S_ISBLK(st->stx_mode);
	node->major = st->stx_rdev_major;
	node->minor = st->stx_rdev_minor;
}

/* Whether the kernel may not tell us what a file is, or a server not whose it is (FUSE says EACCES
 * to all but its own user, and EIO of a file that its server has made another one: any user can
 * have such a file); then its path tells. What is a device has no server. */
static bool is_refused(int err)
{
	return err == -EACCES || err == -EPERM || err == -EIO;
}

/*
 * Whether the descriptor may be a device, or an object of the kernel's own, which has no type and,
 * where it matters, a number of its own (Linux: fs/anon_inodes.c): 1, 0, or -errno. Only what is
 * one has its path read; and what another user's FUSE server does not show.
 */
static int may_be_node(const struct asking *asking, const char *name, struct open_node *node,
		       struct file_key *key)
{
	struct statx st;

	/* Nothing is asked of the file's own server: a dead NFS server would hang this. */
	if (!asking->running)
		return 1;
	if (statx(asking->dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO,
		  &st))
		return fs_is_absent(-errno) ? 0 : is_refused(-errno) ? 1 : -errno;
	fill_node(&st, node);
	key->type = st.stx_mode & S_IFMT;
	key->number = key->type ? (uint64_t)node->major << 32 | node->minor : st.stx_ino;
	return !key->type || node->block || S_ISCHR(st.stx_mode);
}

static int show_file(const struct dirent *entry, void *arg)
{
	struct asking *asking = arg;
	char path[PATH_MAX];
	struct open_node node = {.pid = asking->pid, .path = path, .fd = entry->d_name};
	struct file_key key = {0};
	ssize_t len;
	int ret;

	if (!(++asking->n % LOOK_EVERY) && !clock_left_ms(asking->deadline))
		return -ETIME;
	ret = may_be_node(asking, entry->d_name, &node, &key);

	if (ret <= 0 || (node.numbered && is_dull(asking, &key)))
		return ret < 0 ? ret : 0;
	len = readlinkat(asking->dir, entry->d_name, path, sizeof(path) - 1);
	/* A path that is too long to be told is not one below /dev. */
	if (len < 0 && errno != ENAMETOOLONG)
		return fs_is_absent(-errno) ? 0 : -errno;
	path[len < 0 ? 0 : len] = '\0';
	ret = asking->look(&node, asking->arg);
	if (ret == LOOK_ON)
		asking->dull[asking->n_dull++ % DULL_MAX] = key;
	return ret == LOOK_SAME ? 0 : ret;
}

static int each_open_until(const struct fs_root *root, pid_t pid, int64_t deadline,
			   int (*look)(const struct open_node *node, void *arg), void *arg)
{
	auto_free char *path = fs_path("proc/%d/fd", pid);
	auto_close int dir = fs_open(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	struct asking asking = {
		.look = look,
		.arg = arg,
		.pid = pid,
		.running = fs_root_is_running_system(root),
		.dir = dir,
		.deadline = deadline,
	};
	int err = dir < 0 ? dir : fs_each_entry(dir, show_file, &asking);

	return err > 0 || process_has_ended(root, pid, err) ? 0 : err;
}

int process_each_open(const struct fs_root *root, pid_t pid,
		      int (*look)(const struct open_node *node, void *arg), void *arg)
{
	return each_open_until(root, pid, INT64_MAX, look, arg);
}

int process_each_node(const struct fs_root *root, const struct owner_ids *owners, size_t n_owners,
		      int (*look)(const struct open_node *node, void *arg), void *arg)
{
	cleanup_with(process_list_free) struct process_list list = {0};
	int64_t end = INT64_MAX; /* from the first one that is not root's on */
	int err = process_list_read(root, &list);

	err = err ?: process_list_rank(root, &list);
	for (size_t i = 0; !err && i < list.n; i++) {
		pid_t pid = list.items[i].pid;

		if (list.items[i].rank != PROCESS_ROOT && end == INT64_MAX)
			end = clock_now_ms() + process_others_ms;
		err = clock_left_ms(end) ? each_open_until(root, pid, end, look, arg) : -ETIME;
		if (err == -ETIME && !process_may_be(root, pid, owners, n_owners))
			err = 0;
	}
	return err;
}

/* ---- mappings ---- */

/* The path of a line of /proc/PID/maps that may be one of a device, or NULL; it is cut off at
 * " (deleted)". (Linux: Documentation/filesystems/proc.rst) */
static char *mapped_path(char *line)
{
	static const char deleted[] = " (deleted)";
	const char *rights = strchr(line, ' ');
	char *path = strchr(line, '/'), *end;

	if (!rights || !path || strlen(rights) < 5 ||
	    (rights[4] != 's' && !after_prefix(path, "/dev/")))
		return NULL;
	path[strcspn(path, "\n")] = '\0';
	end = strstr(path, deleted);
	if (end && !end[strlen(deleted)])
		*end = '\0';
	return path;
}

/* What the mapping of that line is of. Returns whether it may be a device: 1, 0, or -errno. */
static int may_map_node(const struct asking *asking, const char *line, struct open_node *node)
{
	char *end = NULL;
	unsigned long first = strtoul(line, &end, 16);
	unsigned long last = *end == '-' ? strtoul(end + 1, NULL, 16) : 0;
	auto_free char *name = fs_path("map_files/%lx-%lx", first, last);
	struct statx st;

	if (!name)
		return -ENOMEM;
	if (!asking->running)
		return 1;
	/* Without what it is, its path tells. */
	if (statx(asking->dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st))
		return fs_is_absent(-errno) || is_refused(-errno) ? 1 : -errno;
	fill_node(&st, node);
	return node->block || S_ISCHR(st.stx_mode);
}

static int show_mappings(struct asking *asking, FILE *maps)
{
	auto_free char *line = NULL;
	size_t size = 0;

	while (errno = 0, getline(&line, &size, maps) > 0) {
		char *path = mapped_path(line);
		struct open_node node = {.pid = asking->pid, .path = path};
		int ret = path ? may_map_node(asking, line, &node) : 0;

		if (ret > 0)
			ret = asking->look(&node, asking->arg);
		if (ret != LOOK_ON && ret != LOOK_SAME)
			return ret;
	}
	return -errno;
}

int process_each_mapping(const struct fs_root *root, pid_t pid,
			 int (*look)(const struct open_node *node, void *arg), void *arg)
{
	auto_free char *path = fs_path("proc/%d", pid);
	auto_close int dir = fs_open(root, path, O_RDONLY | O_DIRECTORY, 0);
	auto_close int fd = dir < 0 ? dir : openat(dir, "maps", O_RDONLY | O_CLOEXEC);
	struct asking asking = {
		.look = look,
		.arg = arg,
		.pid = pid,
		.running = fs_root_is_running_system(root),
		.dir = dir,
	};
	char buffer[MAPS_BUFFER];
	FILE *maps;
	int err;

	if (dir < 0 || fd < 0) {
		err = dir < 0 ? dir : -errno;
		return process_has_ended(root, pid, err) ? 0 : err;
	}
	maps = fdopen(fd, "r");
	if (!maps)
		return -ENOMEM;
	fd = -1;
	setvbuf(maps, buffer, _IOFBF, sizeof(buffer));
	err = show_mappings(&asking, maps);
	fclose(maps);
	return err > 0 || process_has_ended(root, pid, err) ? 0 : err;
}
