/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests of this Proxmox VE node, VMs and containers, that run. */
#ifndef HOOKSCRIPT_PVE_GUESTS_H
#define HOOKSCRIPT_PVE_GUESTS_H

#include "host/base/fs.h"
#include "host/net/fdb.h"

/*
 * Adds the MACs of all network interfaces that guests which run have on one of these bridges, as
 * their configs have them. Returns 0 or -errno, -ENOTCONN while Proxmox VE's file system of the
 * cluster is not there; RET may have some of them then.
 */
int guests_list_macs(const struct fs_root *root, const struct fs_names *bridges,
		     struct macs *ret) must_check;

#endif
