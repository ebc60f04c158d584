/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of this host: which VMs name them, and why no VM could start with them. */
#ifndef HOOKSCRIPT_PLAN_JUDGE_H
#define HOOKSCRIPT_PLAN_JUDGE_H

#include "host/pci/summary.h"
#include "vmcfg/mapping.h"
#include "vmcfg/vmcfg.h"

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

/* Who names the device, or may get it by a mapping: "VM 100 (hostpci0), VM 101 (hostpci1, mapping
 * gpu)". Returns 0 with a new string, or with NULL when none does; -ENOMEM. */
int node_vms_naming(const struct node_vms *vms, const struct bdf *bdf, char **ret) must_check;

/*
 * Fills in which VMs name each device, how often it came back from them, and why a start with it
 * would be refused now, as plan_make() judges it; "; " between several reasons. Returns 0 or
 * -errno. A device_judge.
 */
int judge_devices(const struct fs_root *root, struct device_summaries *list) must_check;

/* Whether the device is recorded as taken, or being taken, for a VM: 1 with *RET_VMID (0: for a
 * test); 0; -errno when that is unknown. */
int judge_taken(const struct fs_root *root, const struct bdf *bdf,
		unsigned int *ret_vmid) must_check;

#endif
