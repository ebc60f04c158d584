/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VMs of this node name which PCI devices. */
#ifndef HOOKSCRIPT_PLAN_VMS_H
#define HOOKSCRIPT_PLAN_VMS_H

#include "host/base/bdf.h"
#include "host/base/fs.h"
#include "vmcfg/mapping.h"
#include "vmcfg/vmcfg.h"

struct node_vm {
	unsigned int vmid;
	struct vmcfg *config;
};

/* The VMs of this node whose main section has a hostpci entry, in order of number. */
struct node_vms {
	struct node_vm *items;
	size_t n;
	struct mappings *mappings;
	char *node;
};

/* Reads them; a config that cannot be read is left out. Returns 0 (free with node_vms_free()) or
 * -errno. */
int node_vms_read(const struct fs_root *root, struct node_vms *ret) must_check;
void node_vms_free(struct node_vms *vms);

/* Who names the device, or may get it by a mapping: "VM 100 (hostpci0), VM 101 (hostpci1, mapping
 * gpu)". Returns 0 with a new string, or with NULL when none does; -ENOMEM. */
int node_vms_naming(const struct node_vms *vms, const struct bdf *bdf, char **ret) must_check;

#define auto_node_vms cleanup_with(node_vms_free)

#endif
