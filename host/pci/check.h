/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host needs for passthrough: `host-setup check` prints the list, and pre-start refuses with
 * the same texts when an item is CHECK_MISSING.
 */
#ifndef HOST_PCI_CHECK_H
#define HOST_PCI_CHECK_H

#include "host/pci/modules.h"

enum check_status {
	CHECK_OK,
	CHECK_NOTE,    /* worth knowing; harms nothing */
	CHECK_WARNING, /* a start works, but the administrator should know */
	CHECK_MISSING, /* no start can work: pre-start refuses */
};

struct check_item {
	const char *name; /* stable, for programs: "iommu-active" */
	enum check_status status;
	char *what;	   /* the finding in a sentence */
	char *evidence;	   /* where it was seen; NULL: the finding says it */
	char *cure;	   /* commands or words, one a line; NULL: nothing to cure */
	unsigned int vmid; /* the VM that it is about; 0: none */
};

struct checklist {
	struct check_item *items;
	size_t n;
};

/* "ok", "note", "warning", "missing" */
const char *check_status_name(enum check_status status);

/* Adds an item and takes its texts over. Returns 0, or -ENOMEM (or a NULL WHAT), texts freed. */
int check_add(struct checklist *list, const char *name, enum check_status status, char *what,
	      char *evidence, char *cure) must_check;

/* The same of an item about the VM. */
int check_add_vm(struct checklist *list, unsigned int vmid, enum check_status status, char *what,
		 char *cure) must_check;

/* Adds what keeps the module from being loaded (modules_find_obstacle()). CURE is that of a word of
 * the kernel command line; NULL: a general one. Returns 1, 0 when nothing does, or -errno. */
int check_kept(struct modules *modules, const char *module, const char *cure,
	       struct checklist *list) must_check;

/* What the caller knows of the cures (host/setup/check/cures.h); each may be NULL. */
struct check_cures {
	const char *iommu;	/* of an IOMMU that the firmware offers, and that is off */
	const char *iommu_seen; /* what else was seen about that */
	const char *remapping;	/* of interrupts that are not remapped */
	const char *module;	/* of a module that the kernel command line keeps away */
};

/*
 * Adds what decides whether any device can be passed at all, and nothing else: the IOMMU, interrupt
 * remapping, vfio's modules. CURES may be NULL: then they are general. Every start calls it, so
 * what it reads does not grow with the host. On a machine that is no x86, VFIO itself judges
 * whether a device's interrupts are kept apart (Linux: kernel/irq/msi.c,
 * msi_device_has_isolated_msi()): nothing is missing there. Returns 0 or -errno.
 */
int check_essentials(const struct fs_root *root, const struct check_cures *cures,
		     struct checklist *list) must_check;

/* Whether the item called NAME (NULL: any item) is CHECK_MISSING. */
bool checklist_misses(const struct checklist *list, const char *name);

void checklist_free(struct checklist *list);

#define auto_checklist cleanup_with(checklist_free)

#endif
