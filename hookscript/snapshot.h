/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One reading of the machine, as far as it concerns a VM: the devices that its entries name, and
 * all members of their IOMMU groups. Nothing is changed, and nothing is read that could block while
 * a device is stuck in an unbind.
 */
#ifndef HOOKSCRIPT_SNAPSHOT_H
#define HOOKSCRIPT_SNAPSHOT_H

#include "hookscript/record.h"
#include "hookscript/selection.h"
#include "host/bdf.h"
#include "host/check.h"
#include "host/fs.h"
#include "host/pci.h"
#include "host/usage/usage.h"
#include "host/vfio.h"

/* Which module the host would load for a device. */
struct device_module {
	char *name; /* NULL: none matches, or nobody looked */
	bool blacklisted;
};

struct device {
	struct bdf bdf;
	struct pci_identity identity;
	int group;	       /* its IOMMU group, negative: none */
	char *driver;	       /* NULL: none */
	bool named;	       /* by the VM; else a neighbour in the group */
	bool express;	       /* PCI Express, not conventional PCI */
	bool bridge;	       /* has a pci_bus folder: Proxmox VE leaves those alone */
	struct record *record; /* NULL: it is not taken */
	char *record_error;    /* why there is a record that cannot be used */
	bool record_vm_runs,
		record_vm_locked;  /* the VM of the record: runs; is being started or stopped */
	unsigned int reserved_for; /* another VM for which Proxmox VE reserved it; 0: none */
	struct device_module
		module; /* looked up for devices without driver, and all with SNAPSHOT_DETAIL */
	bool vfio_ids;	/* with SNAPSHOT_DETAIL: the host's configuration gives its ids to vfio-pci
			 */
};

/* A device that the VM had at an address, where another one is now, or none. */
struct moved_device {
	struct bdf bdf;		 /* where it was */
	struct pci_identity was; /* what it is */
	bool absent;		 /* nothing is there now */
	struct pci_identity is;	 /* else this is */
	struct bdf *now;	 /* where devices of its identity are now */
	size_t n_now;
};

struct snapshot_group {
	int group;
	bool reserved; /* the firmware goes on using memory by DMA: no guest can have it */
	struct vfio_holders holders;
};

struct snapshot {
	struct checklist host; /* what every start needs of the host (check_essentials()) */
	struct usage usage;    /* what the host does with the devices */
	bool iommu_active;
	struct device *devices; /* in order of address */
	size_t n_devices;
	struct snapshot_group *groups;
	size_t n_groups;
	struct moved_device *moved; /* of those that the VM names by address */
	size_t n_moved;
	char *identity_error; /* why it is not known which devices the VM had */
};

enum snapshot_detail { SNAPSHOT_BRIEF, SNAPSHOT_DETAIL };

/*
 * Reads the machine for the entries of VM, whose number is VMID, that need binding. A device that
 * is not there is simply not in it. Returns 0 and a new snapshot (snapshot_free()), or -errno.
 */
int snapshot_take(const struct fs_root *root, unsigned int vmid, const struct selection *selection,
		  enum snapshot_detail detail, struct snapshot **ret) must_check;

/* The device at BDF, or NULL. */
const struct device *snapshot_device(const struct snapshot *snapshot, const struct bdf *bdf);

/*
 * Whether a driver may still be coming: a device that would be taken has none, no record either,
 * and a module that is not blacklisted matches it.
 */
bool snapshot_awaits_driver(const struct snapshot *snapshot);

void snapshot_free(struct snapshot *snapshot);
DEFINE_CLEANUP(struct snapshot *, snapshot_free)

#endif
