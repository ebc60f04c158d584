/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The links of the cluster (corosync) that this node has, and their addresses. Pure. */
#ifndef HOST_USAGE_NET_CLUSTER_H
#define HOST_USAGE_NET_CLUSTER_H

#include "host/base/fs.h"

/* A link of this node, "ring0_addr: VALUE". */
struct cluster_link {
	char *value; /* an address, or a name */
	struct fs_names addresses;
	bool said; /* of the caller */
};

struct cluster_links {
	struct cluster_link *items;
	size_t n;
};

/*
 * Reads them from CONF, the text of corosync.conf(5): those of the node NAME, or of all nodes when
 * none has that name. The addresses of a name are those that HOSTS, the text of hosts(5), has for
 * it (Proxmox VE writes each node there): none when it has none, for asking DNS may block. Returns
 * 0 (free with cluster_links_free()) or -ENOMEM.
 */
int cluster_links_parse(const char *conf, const char *hosts, const char *name,
			struct cluster_links *ret) must_check;
void cluster_links_free(struct cluster_links *links);

/* Whether the link has ADDRESS, however both are written. */
bool cluster_link_has(const struct cluster_link *link, const char *address);

#define auto_cluster_links cleanup_with(cluster_links_free)

#endif
