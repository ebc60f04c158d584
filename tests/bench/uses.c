// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the search for uses costs on this machine, whatever devices it has. As root:
 *
 * "uses populate N FDS USER" makes N processes of that user, which have FDS descriptors in all
 * (files, sockets, /dev/null, eventfd(2)), until it is killed.
 *
 * "uses net RUNS" looks at all network namespaces, as for a device without nodes; "uses node RUNS"
 * at all processes, as for one with a node; "uses list RUNS", beside it, only lists the numbers of
 * all descriptors. Each prints the median in microseconds, and how many processes could not be
 * looked at.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "host/usage/net/nettables.h"
#include "host/usage/open_search.h"

/* A device number that no driver has. */
#define MAJOR_OF_NONE 4000

static const struct fs_root running = {.fd = -1, .path = (char *)(uintptr_t) ""};

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int open_one(unsigned long n)
{
	switch (n % 4) {
	case 0: return open("/etc/passwd", O_RDONLY);
	case 1: return socket(AF_UNIX, SOCK_STREAM, 0);
	case 2: return open("/dev/null", O_RDWR);
	default: return eventfd(0, 0);
	}
}

static int be_busy(unsigned long n, uid_t user)
{
	struct rlimit limit;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = n + 64;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return fail("RLIMIT_NOFILE");
	/* The first few are opened, the others the same again: many files take much memory. */
	for (unsigned long i = 0; i < n; i++)
		if ((i < 64 ? open_one(i) : dup(3 + (int)(i % 64))) < 0)
			return fail("a descriptor");
	if (user && setresuid(user, user, user))
		return fail("setresuid");
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}

static int populate(unsigned long n, unsigned long descriptors, uid_t user)
{
	for (unsigned long i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return fail("fork");
		if (!pid)
			return be_busy(descriptors / n, user);
	}
	pause();
	return 0;
}

static bool wants(const struct net_link *link, const void *arg)
{
	(void)arg;
	return !strcmp(link->name, "lo");
}

static int look_at_nets(const struct fs_root *root, size_t *ret_unfinished)
{
	auto_net_tables struct net_tables tables = {0};
	auto_mounts struct mounts mounts = {0};
	int err = mounts_read(root, 1, &mounts);

	*ret_unfinished = 0;
	return err ? err : net_tables_read(root, &mounts, wants, NULL, &tables);
}

static int look_at_nodes(const struct fs_root *root, size_t *ret_unfinished)
{
	auto_survey struct survey survey = {0};
	auto_open_search struct open_search found = {0};
	struct survey_node node = {.major = MAJOR_OF_NONE, .path = strdup(""), .name = strdup("x")};
	int err = survey_add_node(&survey, &node);

	if (!err)
		err = open_search(root, &survey, &found);
	*ret_unfinished = found.n_unfinished;
	return err;
}

static int pass(const struct dirent *entry, void *arg)
{
	(void)entry;
	(void)arg;
	return 0;
}

static int list_descriptors(const struct fs_root *root, size_t *ret_unfinished)
{
	cleanup_with(process_list_free) struct process_list list = {0};
	int err = process_list_read(root, &list);

	*ret_unfinished = 0;
	for (size_t i = 0; !err && i < list.n; i++) {
		auto_free char *path = fs_path("proc/%d/fd", list.items[i].pid);
		auto_close int dir = fs_open(root, path, O_RDONLY | O_DIRECTORY, 0);

		*ret_unfinished += dir < 0 || fs_each_entry(dir, pass, NULL);
	}
	return err;
}

static int compare(const void *a, const void *b)
{
	const long long *first = a, *second = b;

	return *first < *second ? -1 : *first > *second;
}

static int measure(int (*look)(const struct fs_root *root, size_t *ret_unfinished), int runs)
{
	struct fs_root root = running;
	auto_free long long *took = calloc((size_t)runs + 1, sizeof(*took));
	size_t unfinished = 0;
	int err = fs_root_open("/", &root);

	for (int i = 0; !err && took && i < runs; i++) {
		struct timespec begun, now;

		clock_gettime(CLOCK_MONOTONIC, &begun);
		err = look(&root, &unfinished);
		clock_gettime(CLOCK_MONOTONIC, &now);
		took[i] = (now.tv_sec - begun.tv_sec) * 1000000LL +
			  (now.tv_nsec - begun.tv_nsec) / 1000;
	}
	fs_root_close(&root);
	if (err || !took) {
		fprintf(stderr, "uses: %s\n", strerror(-err));
		return 1;
	}
	qsort(took, (size_t)runs, sizeof(*took), compare);
	printf("%lld %zu\n", took[runs / 2], unfinished);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (argc > 3 && n && !strcmp(argv[1], "populate"))
		return populate(n, strtoul(argv[3], NULL, 10),
				argc > 4 ? (uid_t)strtoul(argv[4], NULL, 10) : 0);
	if (n && !strcmp(argv[1], "net"))
		return measure(look_at_nets, (int)n);
	if (n && !strcmp(argv[1], "list"))
		return measure(list_descriptors, (int)n);
	if (n && !strcmp(argv[1], "node"))
		return measure(look_at_nodes, (int)n);
	return 64;
}
