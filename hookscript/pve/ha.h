/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether Proxmox VE's HA manager moves a VM, and to which nodes. Resources are in
 * /etc/pve/ha/resources.cfg. Nodes are limited by groups (Proxmox VE 8: ha/groups.cfg, the
 * resource's "group") and by rules (since 9: ha/rules.cfg, "node-affinity").
 */
#ifndef HOOKSCRIPT_PVE_HA_H
#define HOOKSCRIPT_PVE_HA_H

#include "host/base/fs.h"

#define HA_RESOURCES "etc/pve/ha/resources.cfg"
#define HA_GROUPS    "etc/pve/ha/groups.cfg"
#define HA_RULES     "etc/pve/ha/rules.cfg"

struct ha {
	bool managed;	       /* it is a resource, and its state is not "ignored" */
	char *here;	       /* this node's name */
	struct fs_names nodes; /* that it may be started on; with MANAGED */
};

/*
 * Reads what HA may do with VM VMID. A group that is not restricted, and a rule that is not strict,
 * only prefer their nodes: all nodes count then, as for a VM that several rules name, which HA
 * drops (pve-ha-manager, PVE/HA/Groups.pm, PVE/HA/Rules/NodeAffinity.pm). No resources.cfg: HA is
 * not used. Returns 0 (free with ha_free()) or -errno.
 */
int ha_read(const struct fs_root *root, unsigned int vmid, struct ha *ret) must_check;
void ha_free(struct ha *ha);

/*
 * The resources of HA on this node, "vm:100": those whose config is here, and whose state is not
 * "ignored". Adds to *RET; returns 0 or -errno.
 */
int ha_list_here(const struct fs_root *root, struct fs_names *ret) must_check;

/* Whether it may be started on another node than this one. */
bool ha_moves(const struct ha *ha);

/* The other nodes for a message, "pve2, pve3"; "" for none. A new string; NULL without memory. */
char *ha_other_nodes(const struct ha *ha) must_check;

#define auto_ha cleanup_with(ha_free)

#endif
