/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PFs of this host and their VFs, for `host-setup sriov`. */
#ifndef HOST_SETUP_SRIOV_PFS_H
#define HOST_SETUP_SRIOV_PFS_H

#include "host/pci/sriov.h"
#include "host/pci/sriov_conf.h"
#include "host/pci/summary.h"
#include "host/setup/sriov/setters.h"

/* The unit that makes VFs at boot. */
#define SRIOV_SERVICE "pve-passthrough-sriov.service"

/* What decides above this layer (hookscript/plan/judge.h), handed in by a main. */
struct sriov_above {
	device_judge *judge;
	/* Whether a device is taken, or being taken, for a VM: 1 with *RET_VMID (0: no VM has it,
	 * but `pve-passthrough test`), 0, or -errno. */
	int (*taken)(const struct fs_root *root, const struct bdf *bdf, unsigned int *ret_vmid);
	/* The lock under which a start takes a device: a descriptor, which releases it when closed,
	 * or -errno; until DEADLINE (host/base/clock.h). */
	int (*lock)(const struct fs_root *root, const struct bdf *bdf, int64_t deadline);
};

struct pf_vf {
	struct bdf bdf;
	unsigned int number;
	const struct device_summary *device; /* NULL: it has just gone */
	unsigned int vmid;		     /* of the VM that it is taken for now; 0: of none */
	char *mac;	   /* NULL: it has none, or its PF's driver does not say */
	unsigned int vlan; /* 0: none */
};

struct pf {
	struct bdf bdf;
	const struct device_summary *device;  /* NULL: there is none at the address */
	const struct sriov_entry *configured; /* in the conf; NULL: it is not set up */
	bool other;			      /* the entry is that of another device */
	struct setters setters; /* of one that is not set up: what sets its number of VFs at boot */
	int setters_err;	/* why that is not known, -errno; 0: it is */
	struct sriov sriov;
	struct fs_names interfaces;
	const char *down; /* one of them that is not up; NULL: none */
	struct pf_vf *vfs;
	size_t n_vfs;
	int net_err; /* why MACs and VLANs of its VFs cannot be read, -errno; 0: they can, or its
			driver has none */
};

struct pfs {
	struct pf *items; /* in order of address */
	size_t n;
	struct device_summaries devices;
	struct sriov_conf conf;
	int conf_err; /* why it cannot be read, -errno */
	bool in_vm;   /* this host is itself a VM */
};

/*
 * Reads them: those that can have VFs, and those that are set up. Returns 0 (free with pfs_free())
 * or -errno.
 */
int pfs_read(const struct fs_root *root, const struct sriov_above *above,
	     struct pfs *ret) must_check;
void pfs_free(struct pfs *pfs);

/* The interfaces of a PF, in *RET, and the first of them that is not up in *RET_DOWN, which points
 * into *RET; NULL: none. Returns 0 or -errno. */
int pf_interfaces(const struct fs_root *root, const struct bdf *pf, struct fs_names *ret,
		  const char **ret_down) must_check;

#define auto_pfs cleanup_with(pfs_free)

#endif
