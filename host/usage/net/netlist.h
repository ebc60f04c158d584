/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network configuration, also of a capture of the host, for which it is noted as a text
 * (host/base/facts.h). */
#ifndef HOST_USAGE_NET_NETLIST_H
#define HOST_USAGE_NET_NETLIST_H

#include "host/usage/net/nettables.h"

/* net_tables_read(); -ENODATA when a capture has nothing of it. */
int netlist_read(const struct fs_root *root, const struct mounts *mounts,
		 bool (*wants)(const struct net_link *link, const void *arg), const void *arg,
		 struct net_tables *ret) must_check;

#endif
