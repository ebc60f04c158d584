/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether Proxmox VE's HA manager lets this node reboot by itself. */
#ifndef HOOKSCRIPT_PVE_HA_NODE_H
#define HOOKSCRIPT_PVE_HA_NODE_H

#include "host/base/fs.h"

#define HA_STATUS "etc/pve/ha/manager_status"

/*
 * Whether NODE is in maintenance, as the HA manager has written it: node_status in manager_status
 * (pve-ha-manager, PVE/HA/NodeStatus.pm). Returns 1; 0, also where HA has never run; -EBADMSG when
 * the file cannot be understood; -errno.
 */
int ha_in_maintenance(const struct fs_root *root, const char *node) must_check;

/*
 * Refuses, with the command that cures it, what may reboot this node while HA has resources on it
 * and the node is not in maintenance. Returns 0 or an exit code of exit.h.
 */
int ha_node_refuse(const struct fs_root *root) must_check;

#endif
