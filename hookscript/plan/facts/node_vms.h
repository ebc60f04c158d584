/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMs of this node that have devices, as their configs say. */
#ifndef HOOKSCRIPT_PLAN_FACTS_NODE_VMS_H
#define HOOKSCRIPT_PLAN_FACTS_NODE_VMS_H

#include "vmcfg/mapping.h"
#include "vmcfg/vmcfg.h"
#include "host/base/fs.h"

struct node_vm {
	unsigned int vmid;
	struct vmcfg *config; /* NULL: it cannot be read */
};

/* The VMs of this node whose main section has a hostpci entry, or cannot be read, in order of
 * number. */
struct node_vms {
	struct node_vm *items;
	size_t n;
	struct mappings *mappings;
	char *node;
};

/* Reads them. Returns 0 (free with node_vms_free()) or -errno. */
int node_vms_read(const struct fs_root *root, struct node_vms *ret) must_check;
void node_vms_free(struct node_vms *vms);

#define auto_node_vms cleanup_with(node_vms_free)

/* Whether entry hostpciE of the VM names the device, or may get it by a mapping. */
bool node_vms_name(const struct node_vms *vms, const struct vmcfg *config, size_t e,
		   const struct bdf *bdf);

/* Who names the device, or may get it by a mapping: "VM 100 (hostpci0), VM 101 (hostpci1, mapping
 * gpu)". Returns 0 with a new string, or with NULL when none does; -ENOMEM. */
int node_vms_naming(const struct node_vms *vms, const struct bdf *bdf, char **ret) must_check;

#endif
