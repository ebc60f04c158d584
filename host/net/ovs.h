/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges of Open vSwitch: sysfs shows of a port only that ovs-system is its master. */
#ifndef HOST_NET_OVS_H
#define HOST_NET_OVS_H

#include "host/base/fs.h"

/* The master of all ports. (Linux: net/openvswitch/vport-netdev.c; its name is ovs-vswitchd's) */
#define OVS_MASTER "ovs-system"

/*
 * Which bridge the interface is a port of, itself or in a bond, as ovs-vsctl(8) says within
 * seconds; *RET becomes NULL where there is no ovs-vsctl, and on another root than the running
 * system. Returns 0 and a new string, or -errno. After one that hung it is not asked again.
 */
int ovs_bridge_of(const struct fs_root *root, const char *interface, char **ret) must_check;

#endif
