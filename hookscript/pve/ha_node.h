/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether Proxmox VE's HA manager lets this node reboot by itself. */
#ifndef HOOKSCRIPT_PVE_HA_NODE_H
#define HOOKSCRIPT_PVE_HA_NODE_H

#include "host/base/fs.h"

#define HA_STATUS "etc/pve/ha/manager_status"

/*
 * Refuses, with the command that cures it, what may reboot this node while HA has resources on it
 * and the node is not in maintenance. Returns 0 or an exit code of exit.h.
 */
int ha_node_refuse(const struct fs_root *root) must_check;

#endif
