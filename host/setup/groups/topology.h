/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which PCI devices can reach each other past the IOMMU, by what their configuration spaces say;
 * and the groups that Linux makes of that (drivers/iommu/iommu.c, pci_device_group();
 * drivers/pci/pci.c, pci_acs_enabled()). The kernel knows more: that some devices isolate although
 * they do not say so (drivers/pci/quirks.c), and that some use another's address.
 */
#ifndef HOST_SETUP_GROUPS_TOPOLOGY_H
#define HOST_SETUP_GROUPS_TOPOLOGY_H

#include "host/pci/summary.h"

struct topology_device {
	struct bdf bdf;
	uint32_t class;
	int group;   /* its IOMMU group, negative: none */
	bool bridge; /* it has a bus below it */
	bool read;   /* LINK is known */
	struct pci_link link;
	ssize_t above; /* the index of the bridge above; -1: it is on a root bus */
};

struct topology {
	struct topology_device *items; /* in order of address */
	size_t n;
};

/* What may be assumed of devices that do not isolate as they are. */
enum topology_assume {
	ASSUME_ON = 1,		  /* ACS is switched on wherever it is there */
	ASSUME_DOWNSTREAM = 2,	  /* ports without ACS isolate (pcie_acs_override=downstream) */
	ASSUME_MULTIFUNCTION = 4, /* and so do functions of one card (=multifunction) */
};

/*
 * Reads it of these devices, but not the configuration space of one that does not answer. Returns 0
 * (free with topology_free()) or -errno.
 */
int topology_read(const struct fs_root *root, struct pci *pci,
		  const struct device_summaries *devices, struct topology *ret) must_check;
void topology_free(struct topology *topology);

/* Whether the device is an Express port with something below it: a root port, or one of a switch.
 */
bool topology_is_port(const struct topology_device *device);

/* Whether it is a bridge whose bus is conventional PCI, all devices of which share its address. */
bool topology_is_shared_bus(const struct topology_device *device);

/* Whether device I keeps those below it, or its functions, apart. ASSUME: bits above. */
bool topology_isolates(const struct topology *topology, size_t i, unsigned int assume);

/* Whether a device below bridge I would be alone: I isolates, and so do all above it. */
bool topology_path_isolates(const struct topology *topology, size_t i, unsigned int assume);

/*
 * The groups that would be made of the devices. Sets RET[i], an array of topology->n, to the same
 * number for all devices of a group.
 */
void topology_groups(const struct topology *topology, unsigned int assume, size_t *ret);

#define auto_topology cleanup_with(topology_free)

#endif
