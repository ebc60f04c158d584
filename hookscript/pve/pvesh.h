/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Proxmox VE's API answers, through pvesh(1): the cluster's mappings (pve-manager,
 * PVE/API2/Cluster/Mapping/PCI.pm) and the devices of a node (PVE/API2/Hardware/PCI.pm). Another
 * node is asked over ssh, and without quorum an answer may never come: each call has a limit.
 * Nothing is asked when the root is not the running system.
 */
#ifndef HOOKSCRIPT_PVE_PVESH_H
#define HOOKSCRIPT_PVE_PVESH_H

#include "host/base/fs.h"
#include "host/pci/pci.h"

/* How long one call may take; tests make it shorter. */
extern int pvesh_limit_ms;

/* One mapping as the cluster has it. */
struct pvesh_mapping {
	bool exists;
	bool mdev;    /* of its section */
	char *digest; /* of all mappings; NULL when there are none */
	char **lines; /* its "map" lines, as they are written */
	size_t n_lines;
	char *errors; /* what is wrong with it on the node that was asked for; NULL: nothing */
};

/*
 * Reads the mapping NAME; NODE not NULL: lets that node check it. All errors below come with a new
 * text in *ret_why (the caller frees it; NULL without memory) that names the command. Returns 0
 * (free with pvesh_mapping_free()), also when there is none; -errno.
 */
int pvesh_read_mapping(const struct fs_root *root, const char *name, const char *node,
		       struct pvesh_mapping *ret, char **ret_why) must_check;
void pvesh_mapping_free(struct pvesh_mapping *mapping);

#define auto_pvesh_mapping cleanup_with(pvesh_mapping_free)

struct pvesh_device {
	struct bdf bdf;
	struct pci_identity identity;
	bool has_subsystem;
	int group; /* its IOMMU group, negative: none */
	bool mdev; /* it provides mediated devices now */
	char *name;
};

struct pvesh_devices {
	struct pvesh_device *items;
	size_t n;
};

/* Reads the devices of NODE, but for bridges. As above. */
int pvesh_read_devices(const struct fs_root *root, const char *node, struct pvesh_devices *ret,
		       char **ret_why) must_check;
void pvesh_devices_free(struct pvesh_devices *list);

#define auto_pvesh_devices cleanup_with(pvesh_devices_free)

/* Reads such an answer. Pure. Returns 0; -EBADMSG when it is none; -ENOMEM. */
int pvesh_parse_mapping(const char *json, const char *name, struct pvesh_mapping *ret) must_check;
int pvesh_parse_devices(const char *json, struct pvesh_devices *ret) must_check;

#endif
