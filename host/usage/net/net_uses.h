/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host uses a network interface for, by the tables of host/usage/net/nettables.h. Pure. */
#ifndef HOST_USAGE_NET_NET_USES_H
#define HOST_USAGE_NET_NET_USES_H

#include "host/usage/net/nettables.h"

struct net_uses {
	char *what;	       /* "below vmbr0, address 192.0.2.2"; "": it is not in use */
	char *warning;	       /* what may be a use, after its name: "is up"; NULL: nothing */
	const char *elsewhere; /* the namespace of an interface on top of it, when that is all */
	bool captured;	       /* a packet socket is all */
	bool pppoe;	       /* a pppd is all, but for what lies on it elsewhere */
};

/* Whether the link is the interface NAME (NULL: it has been moved, to any namespace) of the device
 * PARENT in sysfs. */
bool net_link_is(const struct net_link *link, const char *parent, const char *name);

/* The link of which net_link_is() is true, or NULL. */
const struct net_link *net_tables_find(const struct net_tables *tables, const char *parent,
				       const char *name);

/*
 * Describes the uses of LINK: the interfaces on top of it, which UPPERS has those of its own
 * namespace of, addresses, routes, rules. TABLES and LINK may be NULL: UPPERS is all that is known.
 * Returns 0 (free with net_uses_free(); it points into TABLES) or -ENOMEM.
 */
int net_uses_describe(const struct net_tables *tables, const struct net_link *link,
		      const struct fs_names *uppers, struct net_uses *ret) must_check;
void net_uses_free(struct net_uses *uses);

#define auto_net_uses cleanup_with(net_uses_free)

#endif
