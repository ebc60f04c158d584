/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network interfaces of a card as ports of bridges, by sysfs, and by ovs-vsctl(8) for those of
 * Open vSwitch (host/net/ovs.h): call these where a deadline is kept. */
#ifndef HOST_NET_PORT_H
#define HOST_NET_PORT_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

struct net_port {
	char *name;   /* of the interface; NULL: the device has none in this network namespace */
	char *bridge; /* that it is a port of, itself, by a bond or by a VLAN; NULL: none */
	int unknown;  /* -errno: which bridge of Open vSwitch it is a port of cannot be told */
};

/*
 * Reads the device's interface, of several that which is a port of a bridge. Returns 0 (free with
 * net_port_free()) or -errno.
 */
int net_port_read(const struct fs_root *root, const struct bdf *bdf,
		  struct net_port *ret) must_check;
void net_port_free(struct net_port *port);

#define auto_net_port cleanup_with(net_port_free)

/* Adds what is directly on top of the interface: the bond or bridge that it is part of, and its
 * VLANs. Returns 0 or -errno. */
int net_port_add_uppers(const struct fs_root *root, const char *interface,
			struct fs_names *names) must_check;

/*
 * Adds the bridges that frames of the interface reach, the nearest first: those that it is a port
 * of itself, by a bond or by a VLAN, and those that have a VLAN of such a bridge as a port. Returns
 * 0 or -errno, also when one of Open vSwitch cannot be told.
 */
int net_port_bridges(const struct fs_root *root, const char *interface,
		     struct fs_names *names) must_check;

#endif
