/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes of the cluster, as /etc/pve/.members names them. */
#ifndef HOOKSCRIPT_PVE_CLUSTER_H
#define HOOKSCRIPT_PVE_CLUSTER_H

#include "host/base/fs.h"

#define CLUSTER_MEMBERS "etc/pve/.members"

struct cluster {
	char *here;	       /* this node's name */
	struct fs_names nodes; /* all of them, this one too; at least one */
	struct fs_names gone;  /* those of them that are offline */
	bool no_quorum;	       /* /etc/pve cannot be written */
};

/*
 * Reads which nodes there are: pmxcfs writes that file without asking another node
 * (pve-cluster, pmxcfs/status.c, cfs_create_memberlist_msg). A node without a cluster has no list
 * in it; without the file, /etc/pve/nodes is the list. Returns 0 (free with cluster_free()) or
 * -errno: -EBADMSG when the file cannot be understood.
 */
int cluster_read(const struct fs_root *root, struct cluster *ret) must_check;
void cluster_free(struct cluster *cluster);

#define auto_cluster cleanup_with(cluster_free)

#endif
