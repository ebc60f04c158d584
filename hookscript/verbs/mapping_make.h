/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * (a mapping as the cluster has it, devices that it is to name) -> the command that makes it so.
 * Pure: no files, no output.
 *
 * A mapping has lines; those of one node are alternatives, of which a VM's start gets the first
 * that is free. `pvesh set` replaces all lines at once, so the command has every line, and the
 * digest of what was read: Proxmox VE refuses it when another has changed the mappings meanwhile
 * (pve-manager, PVE/API2/Cluster/Mapping/PCI.pm). Every line must agree with the hardware, text by
 * text, or VMs do not start on that node (pve-guest-common, PVE/Mapping/PCI.pm, assert_valid).
 */
#ifndef HOOKSCRIPT_VERBS_MAPPING_MAKE_H
#define HOOKSCRIPT_VERBS_MAPPING_MAKE_H

#include "hookscript/pve/pvesh.h"
#include "host/text/strbuf.h"
#include "vmcfg/hostpci.h"
#include "vmcfg/mapping.h"

/* What a line is to name, with the attributes of its first device: function 0 of a whole card. */
struct mapping_target {
	char *node;
	char *path; /* "0000:03:00.0", "0000:03:00", several joined with ';' */
	struct pci_identity identity;
	bool has_subsystem;
	int group; /* its IOMMU group, negative: none */
};

struct mapping_targets {
	struct mapping_target *items;
	size_t n;
};

/* Adds a copy of TARGET, unless a target of that node has its path. Returns 0 or -ENOMEM. */
int mapping_targets_add(struct mapping_targets *list,
			const struct mapping_target *target) must_check;
void mapping_targets_free(struct mapping_targets *list);

#define auto_mapping_targets cleanup_with(mapping_targets_free)

/* The path of N addresses, as a line has it. A new string, or NULL without memory. */
char *mapping_path(const struct hostpci_address *addresses, size_t n) must_check;

struct mapping_wish {
	const char *name;
	const struct mapping_targets *targets;
	bool beside; /* lines of these nodes with other paths stay, also beside a new one */
	bool twins;  /* those of them stay whose id is that of a target */
	bool mends;  /* the targets are those of the lines that there are: the others are gone */
	const struct fs_names *kept; /* but for these lines, which stay; NULL: none */
};

struct mapping_change {
	char *refusal;	     /* why there is none, and what to do; NULL: there may be one */
	char **command;	     /* NULL: the mapping is as wished */
	struct strbuf notes; /* what it does to lines that there are, one thing a line */
	char **lines;	     /* all lines as they will be */
	size_t n_lines;
};

/* Works it out. Returns 0 (free with mapping_change_free()) or -ENOMEM. */
int mapping_make(const struct mapping_wish *wish, const struct pvesh_mapping *now,
		 struct mapping_change *ret) must_check;
void mapping_change_free(struct mapping_change *change);

#define auto_mapping_change cleanup_with(mapping_change_free)

#endif
