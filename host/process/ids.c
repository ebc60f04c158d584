// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/ids.h"

#include <string.h>

#define STATUS_MAX ((size_t)1024 * 1024)

/* So that a process with very many threads does not make this last. */
#define THREADS_MAX 4096

/* What is asked of the numbers of a line of /proc/PID/status. */
struct question {
	const char *key; /* "Uid:", after a newline */
	unsigned int number;
};

/* How many numbers that line has, and how many of them are the one in question. (Linux:
 * Documentation/filesystems/proc.rst) */
static size_t count(const char *status, const struct question *question, size_t *ret_same)
{
	const char *at = strstr(status, question->key);
	size_t n = 0;

	*ret_same = 0;
	for (at = at ? at + strlen(question->key) : "\n"; *at && *at != '\n'; n++) {
		char *end;
		unsigned long number;

		at += strspn(at, " \t");
		number = strtoul(at, &end, 10);
		if (end == at)
			break;
		*ret_same += number == question->number;
		at = end;
	}
	return n;
}

/* Whether the first number of that line is not the one in question; false without one. */
static bool begins_otherwise(const char *status, const struct question *question)
{
	const char *at = strstr(status, question->key);

	at = at ? at + strlen(question->key) : "";
	at += strspn(at, " \t");
	return *at >= '0' && *at <= '9' && strtoul(at, NULL, 10) != question->number;
}

static bool has(const char *status, const char *key, unsigned int number)
{
	size_t same;

	(void)count(status, &(struct question){key, number}, &same);
	return same > 0;
}

/* Calls LOOK for the status of each thread until it returns something but 0. Returns that, 0, or
 * -errno; -ENOENT when there is none. */
static int each_status(const struct fs_root *root, pid_t pid,
		       int (*look)(const char *status, const void *arg), const void *arg)
{
	auto_free char *tasks = fs_path("proc/%d/task", pid);
	auto_names struct fs_names names = {0};
	int ret = fs_list(root, tasks, &names);

	if (!ret && !names.n)
		return -ENOENT;
	for (size_t i = 0; !ret && i < names.n && i < THREADS_MAX; i++) {
		auto_free char *path = fs_path("%s/%s/status", tasks, names.items[i]);
		auto_free char *status = NULL;

		ret = fs_read(root, path, STATUS_MAX, &status, NULL);
		if (!ret)
			ret = look(status, arg);
		else if (names.n > 1 && (fs_is_absent(ret) || ret == -ESRCH))
			ret = 0; /* a thread that has ended */
	}
	return ret;
}

static int is_not_roots(const char *status, const void *arg)
{
	size_t same, n = count(status, &(struct question){"\nUid:", 0}, &same);

	(void)arg;
	return !n || same != n;
}

bool process_is_roots(const struct fs_root *root, pid_t pid)
{
	return each_status(root, pid, is_not_roots, NULL) == 0;
}

static const struct question real_user_is_root = {"\nUid:", 0};

bool process_was_raised(const struct fs_root *root, pid_t pid)
{
	auto_free char *path = fs_path("proc/%d/status", pid);
	auto_free char *status = NULL;

	return !fs_read(root, path, STATUS_MAX, &status, NULL) &&
	       begins_otherwise(status, &real_user_is_root);
}

struct owners {
	const struct owner_ids *items;
	size_t n;
};

static int may_be(const char *status, const void *arg)
{
	const struct owners *owners = arg;

	/* By its effective user alone it is a program that a user has started, with all that the
	 * user had opened before. */
	if (has(status, "\nUid:", 0) && !begins_otherwise(status, &real_user_is_root))
		return 1;
	for (size_t i = 0; i < owners->n; i++)
		if ((owners->items[i].uid && has(status, "\nUid:", owners->items[i].uid)) ||
		    has(status, "\nGid:", owners->items[i].gid) ||
		    has(status, "\nGroups:", owners->items[i].gid))
			return 1;
	return 0;
}

bool process_may_be(const struct fs_root *root, pid_t pid, const struct owner_ids *ids, size_t n)
{
	int ret = each_status(root, pid, may_be, &(struct owners){ids, n});

	return ret && !fs_is_absent(ret) && ret != -ESRCH;
}
