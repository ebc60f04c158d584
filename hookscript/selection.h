/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which devices a VM's config stands for: by address (host=), by a mapping of the cluster
 * (mapping=), or on the command line that it gives to QEMU by itself (args). Of a mapping with
 * several devices on this node, the one that Proxmox VE will choose is foreseen (qemu-server,
 * PVE/QemuServer/PCI.pm, choose_hostpci_devices).
 */
#ifndef HOOKSCRIPT_SELECTION_H
#define HOOKSCRIPT_SELECTION_H

#include "host/fs.h"
#include "vmcfg/mapping.h"
#include "vmcfg/vmcfg.h"

/* Where /etc/pve keeps the mappings. */
#define MAPPINGS_PATH "etc/pve/mapping/pci.cfg"

/* An entry that stands for devices by itself. */
#define SELECTED_ARGS (-1)

/* The devices of an entry, or one alternative of it. */
struct selected {
	int entry; /* N of hostpciN, or SELECTED_ARGS */
	const struct hostpci_address *addresses;
	size_t n_addresses;
	const char *mapping;   /* the mapping's id; NULL: by address */
	size_t alternative;    /* which of the mapping's on this node, counted from 1 */
	size_t n_alternatives; /* 1: no choice */
	bool spare;	       /* Proxmox VE will choose another one */
};

/* An entry that stands for nothing that could be taken. */
struct selection_trouble {
	int entry;
	char *what; /* what is wrong, and what it means */
	char *cure; /* commands or words, one a line */
};

struct selection {
	struct selected *items; /* in order of entries, args last, each with its alternatives */
	size_t n;
	struct selection_trouble *troubles;
	size_t n_troubles;
	struct mappings *mappings;    /* what the items point into, beside the config */
	struct hostpci_address *args; /* of the VM's own -device options, behind the items */
	size_t n_args;
};

/*
 * Reads the cluster's mappings, and the name of this node, whose entries of them count. No file is
 * no mappings. Returns 0, with both new (mappings_free(), free()), or -errno.
 */
int selection_read_mappings(const struct fs_root *root, struct mappings **ret,
			    char **ret_node) must_check;

/* Whether an entry says driver=keep: Proxmox VE leaves its devices as they are. NULL: no. */
bool hostpci_keeps_driver(const struct hostpci *entry);

/*
 * Whether what an entry names is to be bound: not for mdev=, whose parent keeps its driver, nor for
 * driver=keep, unless the entry is marked (hookscript/variant.h). NULL: no.
 */
bool hostpci_needs_binding(const struct hostpci *entry);

/* As many functions as a slot can have. */
#define SLOT_FUNCTIONS 8

/* The devices that an address names and that are there, in order; at most SLOT_FUNCTIONS. Proxmox
 * VE's grammar allows addresses that no hardware can have: nothing is there. Returns how many. */
size_t hostpci_address_devices(const struct fs_root *root, const struct hostpci_address *address,
			       struct bdf ret[SLOT_FUNCTIONS]);

/* Whether a VM has anything to bind at all: an entry that needs it, or args that name a device, and
 * it is no template. */
bool selection_is_needed(const struct vmcfg *vm);

/* Whether it has a hostpci entry that needs binding. */
bool selection_has_entries(const struct vmcfg *vm);

/* Whether an entry that needs binding says legacy-igd=1, which works on i440fx only. */
bool selection_has_legacy_igd(const struct vmcfg *vm);

/*
 * Reads what VM VMID's config stands for on this node. VM must outlive the result. Returns 0 and a
 * new struct (selection_free()), or -errno. What is wrong with an entry is no error: see troubles.
 */
int selection_read(const struct fs_root *root, unsigned int vmid, const struct vmcfg *vm,
		   struct selection **ret) must_check;

/* The item that stands for the device, not counting spare ones, or NULL. */
const struct selected *selection_of(const struct selection *selection, const struct bdf *bdf);

/* "hostpci0", "hostpci0 (mapping gpu)", "args", for a message. Returns a new string, or NULL
 * without memory. */
char *selected_name(const struct selected *item) must_check;

void selection_free(struct selection *selection);
DEFINE_CLEANUP(struct selection *, selection_free)

#endif
