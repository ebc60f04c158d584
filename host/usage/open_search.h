/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes have nodes of the survey open, mapped, or registered with io_uring. A worker
 * looks, because a process can make that last, or block it. For host/usage/ only.
 */
#ifndef HOST_USAGE_OPEN_SEARCH_H
#define HOST_USAGE_OPEN_SEARCH_H

#include "host/process/process.h"
#include "host/usage/survey.h"

struct opener {
	pid_t pid; /* first, for compare_ints() */
	const struct survey_node *node;
	enum opener_how {
		OPENER_OPEN,
		OPENER_MAPPED,
		/* A ring has files registered, of which one is called like the node, or which the
		 * kernel does not name at this moment. It may be another. */
		OPENER_RING,
	} how;
};

struct open_search {
	struct opener *items; /* in the order of processes and nodes */
	size_t n;
	struct unfinished {
		struct process process;
		int err; /* -ETIME: not in time; why what it has open could not be read */
	} * unfinished;
	size_t n_unfinished;
};

/*
 * Looks at all processes; on the running system, at those that were found for half a second more,
 * because many a program closes at once what it opens (vgs, smartctl, blkid). Left out are
 * read-only descriptors of USB nodes, by which nothing can be done to a device (Linux:
 * drivers/usb/core/devio.c). Each process has seconds, and all together some more. What one of them
 * does not let be seen is told with it; returns 0 (free with open_search_free()), or -errno where
 * that is no process's own doing.
 */
int open_search(const struct fs_root *root, const struct survey *survey,
		struct open_search *ret) must_check;
void open_search_free(struct open_search *search);

/* How long one process may take: enough for a million descriptors. Constant but for tests. */
extern int open_search_share_ms;

#define auto_open_search cleanup_with(open_search_free)

#endif
