/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI devices of this host, with what people need to know before they pass one through. */
#ifndef HOST_PCI_SUMMARY_H
#define HOST_PCI_SUMMARY_H

#include <sys/types.h>

#include "host/base/fs.h"
#include "host/pci/pci.h"

/* A VM that names a device. */
struct device_vm {
	unsigned int vmid;
	unsigned int entries; /* bits 1 << N for hostpciN; 0: its config cannot be read */
};

/* Why a start with a device would be refused, for programs. */
struct device_use {
	const char *reason; /* a code of pve-passthrough-json(7), "in-use"; static */
	const char *kind;   /* of a use, "disk" (host/usage/finding.h); NULL: of none; static */
	char *what;	    /* in words, in short */
	char *name;	    /* as of struct usage_finding; so are the next */
	struct fs_names mounts;
	pid_t pid;
	char *program, *unit;
	unsigned int ctid;
};

struct device_summary {
	struct bdf bdf;
	struct pci_identity identity;
	char *name;	  /* "NVIDIA Corporation GP104 [10de:1b80]" */
	char *class_name; /* "VGA compatible controller" */
	char *driver;	  /* NULL: none */
	char *resets;	  /* the kernel's reset_method, "flr bus"; NULL: it cannot be reset */
	int group;	  /* its IOMMU group, negative: none */
	bool express;	  /* PCI Express, not conventional PCI */
	bool bridge;	  /* has devices below it, so it cannot be passed through */
	bool child;	  /* of an endpoint, with which it goes (pci_parent_endpoint()) */
	char *vms; /* which VMs name it, "VM 100 (hostpci0)"; NULL: none; filled in by the judge */
	struct device_vm *named_by; /* the same for programs; filled in by the judge */
	size_t n_named_by;
	char *early; /* that, and how, it is held early (host/pci/early/early.h); NULL: it is not */
	char *returned; /* how often it came back when a VM stopped, in words; NULL: it was never
			   taken; filled in by the judge, as are the next */
	unsigned int returned_times, returned_of;
	int64_t returned_last; /* in seconds since 1970; 0: never */
	bool dead;	       /* it does not answer; filled in by the judge */
	char *used; /* why a start would be refused now; NULL: it would not; filled in by the judge
		     */
	struct device_use *uses; /* the same for programs; filled in by the judge */
	size_t n_uses;
};

struct device_summaries {
	struct device_summary *items; /* in order of address */
	size_t n;
};

/* Reads all functions. Returns 0 (free with device_summaries_free()) or -errno. */
int device_summaries_read(const struct fs_root *root, struct device_summaries *ret) must_check;
void device_summaries_free(struct device_summaries *list);

/* The one at BDF, or NULL. */
struct device_summary *device_summaries_find(const struct device_summaries *list,
					     const struct bdf *bdf);

/*
 * Fills in vms, named_by, returned, dead, used and uses. What a start refuses is decided above this
 * layer (hookscript/plan/judge.h), and handed in by a main. Returns 0 or -errno.
 */
typedef int device_judge(const struct fs_root *root, struct device_summaries *list);

/* Whether it is the display function of a graphics card. */
bool device_is_display(const struct device_summary *device);

/* Whether it is a host bridge or an ISA bridge, with which a guest can do nothing. A start takes it
 * like any other member of a group, so it is only left out where devices are offered. */
bool device_is_platform(const struct device_summary *device);

/* What brings back a device that is dead, as a cure. Static text. */
const char *device_dead_cure(void);

#define auto_summaries cleanup_with(device_summaries_free)

#endif
