/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What processes have open or mapped. */
#ifndef HOST_PROCESS_PROCESS_NODES_H
#define HOST_PROCESS_PROCESS_NODES_H

#include <sys/types.h>

#include "host/base/fs.h"
#include "host/process/ids.h"

/* A block or character device that a process has open or mapped, by whatever path. */
struct open_node {
	pid_t pid;
	const char *path; /* what its link says: "/dev/sda", "anon_inode:[io_uring]" */
	const char *fd;	  /* the number of the descriptor; NULL: it is mapped */
	bool numbered;	  /* the following is known: on the running system */
	bool block;
	unsigned int major, minor; /* 0: no device, but an object of the kernel's own */
};

/* What LOOK returns of one. */
enum {
	LOOK_ON = 0,   /* go on, but not with the same device in the same process */
	LOOK_NEXT = 1, /* leave out the rest of this process */
	LOOK_SAME = 2, /* go on, also with other descriptors of the same device */
};

/*
 * Calls LOOK for every device that process PID has open; one that is not numbered may be anything:
 * "/etc/passwd", "socket:[123]". LOOK returns one of the above, or -errno, which ends the search. A
 * descriptor costs one statx(2), so that nobody gains by having many of them. A process that ends
 * meanwhile has nothing open. Returns 0; or -errno when not all of it could be seen.
 */
int process_each_open(const struct fs_root *root, pid_t pid,
		      int (*look)(const struct open_node *node, void *arg), void *arg) must_check;

/*
 * The same for what it has mapped, whether its descriptor is still there or not: shared mappings,
 * and private ones of a path below /dev. The kernel takes a lock of the process for that, which
 * another process can hold for long by its own page faults: to be called by a worker.
 */
int process_each_mapping(const struct fs_root *root, pid_t pid,
			 int (*look)(const struct open_node *node, void *arg),
			 void *arg) must_check;

/*
 * process_each_open() of all processes, those of root first. For the others there is a limit in
 * all, so that no user makes this last by what he has open: one that was not finished is left out,
 * unless it may be one of the OWNERS (host/process/ids.h) of what is searched for: -ETIME.
 */
int process_each_node(const struct fs_root *root, const struct owner_ids *owners, size_t n_owners,
		      int (*look)(const struct open_node *node, void *arg), void *arg) must_check;

/* That limit, for tests. */
extern int process_others_ms;

#endif
