/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which network interfaces of the devices the host uses. */
#ifndef HOST_USAGE_NETS_H
#define HOST_USAGE_NETS_H

#include "host/usage/survey.h"

/*
 * Adds a finding for each interface that is below another (bridge, bond, VLAN, macvlan, Open
 * vSwitch), has an address or a route beyond its own link, or has been moved to another namespace.
 * That an interface is up proves nothing: it has fe80::/64 and multicast routes then. Returns 0 or
 * -errno.
 */
int usage_find_nets(const struct fs_root *root, const struct survey *survey,
		    struct usage *usage) must_check;

#endif
