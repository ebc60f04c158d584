/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network namespaces of the host: of its processes, and those mounted as files (ip-netns(8)).
 */
#ifndef HOST_USAGE_NET_NETNS_H
#define HOST_USAGE_NET_NETNS_H

#include <sys/types.h>

#include "host/base/fs.h"
#include "host/usage/mounts.h"

struct netns {
	unsigned long inode; /* which one it is */
	char *path;	     /* one of its files: "proc/77/ns/net", "run/netns/blue" */
	pid_t pid;	     /* a process in it; 0: none */
	char *name; /* for people: "container 105", "process 77 (dnsmasq)", "/run/netns/blue" */
};

/* The first one is that of process 1, the host's own. */
struct netns_list {
	struct netns *items;
	size_t n;
};

/*
 * Lists them; MOUNTS are the host's. One that only a descriptor, or a mount in another mount
 * namespace keeps is not seen. Returns 0 (free with netns_list_free()) or -errno; -ENOENT without a
 * process 1.
 */
int netns_list_read(const struct fs_root *root, const struct mounts *mounts,
		    struct netns_list *ret) must_check;
void netns_list_free(struct netns_list *list);

/* Opens a file of the namespace. Returns a descriptor (the caller closes it) or -errno. */
int netns_open(const struct netns *space) must_check;

#define auto_netns_list cleanup_with(netns_list_free)

#endif
