/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IOMMU groups of the host, with what people want to know before they pass one through. */
#ifndef HOST_SETUP_GROUPS_H
#define HOST_SETUP_GROUPS_H

#include "host/fs.h"
#include "host/pci.h"

struct group_device {
	struct bdf bdf;
	struct pci_identity identity;
	char *class_name; /* "Ethernet controller" */
	char *name;	  /* "Intel Corporation 82574L … [8086:10d3]" */
	char *driver;	  /* NULL: none */
	char *resets;	  /* the kernel's reset_method, "flr bus"; NULL: it cannot be reset */
	bool bridge;	  /* has devices below it, so it stays with the host */
	char *used; /* what the host does with it, so that a start would be refused; NULL: nothing
		     */
	char *vms;  /* which VMs name it, "VM 100 (hostpci0)"; NULL: none. Put in by the caller */
};

struct group {
	int number;
	struct group_device *devices; /* in order of address */
	size_t n_devices;
	char *why_not;	    /* NULL: it can be passed through; else why not, now or ever */
	char *why_together; /* why several devices share it: which port does not isolate; NULL: they
			       do not */
};

struct groups {
	struct group *items; /* in order of number */
	size_t n;
};

/* Reads all groups. Returns 0 (free with groups_free()) or -errno. */
int groups_read(const struct fs_root *root, struct groups *ret) must_check;
void groups_free(struct groups *groups);

#define auto_groups cleanup_with(groups_free)

#endif
