/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network configuration of the host: links, addresses, routes and rules in all its network
 * namespaces, as rtnetlink(7) gives them. Only what can say that an interface is in use is kept.
 */
#ifndef HOST_USAGE_NET_NETTABLES_H
#define HOST_USAGE_NET_NETTABLES_H

#include <netinet/in.h>

#include "host/usage/net/netns.h"

struct net_link {
	size_t ns; /* an index into the namespaces */
	unsigned int index;
	char *name;
	char *kind;	    /* "macvlan"; "" for a device */
	char *parent;	    /* the device that has it: "0000:01:00.0", "1-1:1.0"; "" for none */
	unsigned int lower; /* the index of the interface below it; 0: none */
	size_t lower_ns;    /* the namespace of that one; SIZE_MAX: it cannot be told */
	bool up;
	bool captured; /* it passes on all it receives, and a packet socket listens to it */
	bool wanted;
	unsigned int
		n_uses; /* of a wanted one; a router has a million routes, so not all are kept */
};

enum net_use_kind {
	NET_ADDRESS,
	NET_LINK_ADDRESS, /* valid on the link only, and not made by the kernel */
	NET_ROUTE,
	NET_NEXTHOP, /* a nexthop object; number: its id */
	NET_RULE,    /* a rule of the routing policy; number: its priority */
	NET_PPPOE,   /* the connection of a pppd */
};

/* What of the configuration names an interface. */
struct net_use {
	size_t link; /* an index into the links */
	enum net_use_kind kind;
	unsigned int number;
	int family;	    /* of an address, or of where a route leads */
	bool is_default;    /* of a route: the default route */
	struct in6_addr ip; /* its first four bytes for AF_INET */
};

struct net_tables {
	struct netns_list spaces;
	struct net_link *links;
	size_t n_links;
	struct net_use *uses; /* of the links that are wanted */
	size_t n_uses;
};

/*
 * Reads them all, from the running kernel, which needs root; MOUNTS are the host's. WANTS(LINK,
 * ARG) says whether the uses of a link are wanted. Routes that the kernel makes for an address, and
 * those that do not leave the link, are left out. Returns 0 (free with net_tables_free()) or
 * -errno.
 */
int net_tables_read(const struct fs_root *root, const struct mounts *mounts,
		    bool (*wants)(const struct net_link *link, const void *arg), const void *arg,
		    struct net_tables *ret) must_check;
void net_tables_free(struct net_tables *tables);

/*
 * Whether a link passes on all that it receives for a reason that neither a master explains, as a
 * bridge, nor its administrator: PROMISCUITY is how often that was asked for, FLAGS are its
 * interface's. Pure.
 */
bool net_is_captured(unsigned int promiscuity, bool has_master, unsigned int flags);

/*
 * The interface in LINE, of /proc/net/pppoe, after the first one: "42000000 52:54:00:12:34:56
 * eth1". A new string, "" where there is none; NULL without memory. Pure. (Linux:
 * drivers/net/ppp/pppoe.c, pppoe_seq_show())
 */
char *net_pppoe_name(const char *line) must_check;

/*
 * Whether an address, or a route to it, never leaves the link: link-local ones, multicast. IP has
 * four bytes for AF_INET, else 16. Pure.
 */
bool net_is_local_only(int family, const void *ip);

#define auto_net_tables cleanup_with(net_tables_free)

#endif
