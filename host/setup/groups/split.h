/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What would split an IOMMU group that holds too much. Pure. */
#ifndef HOST_SETUP_GROUPS_SPLIT_H
#define HOST_SETUP_GROUPS_SPLIT_H

#include "host/setup/conf/kernelinfo.h"
#include "host/setup/groups/topology.h"

enum split_how {
	SPLIT_SLOT,	/* put a card into the slot of an empty port */
	SPLIT_ON,	/* ACS is there, and off */
	SPLIT_FIRMWARE, /* ports lack ACS, by the firmware, or the hypervisor of a host in a VM */
	SPLIT_OVERRIDE, /* let the kernel take it for split */
	SPLIT_CARD,	/* conventional PCI: only another card */
};

/* One way. */
struct split {
	enum split_how how;
	char *what;
	char *command;	      /* NULL: none */
	char *price;	      /* what it costs; NULL: nothing but the work */
	struct bdf_set ports; /* those that WHAT names */
};

struct splits {
	struct split *items;
	size_t n;
};

/* What is known of the host. */
struct split_facts {
	const struct topology *topology;
	const struct conf_items *cmdline; /* of the running kernel */
	const char *release;		  /* of it; NULL: unknown */
	bool in_vm;			  /* this host is itself a VM */
};

/* Its name for programs: "slot", "acs-on", "firmware", "acs-override", "other-card". */
const char *split_how_name(enum split_how how);

/*
 * Whether a group holds more than a card: devices of several slots, ports of one card, or functions
 * of the chipset.
 */
bool split_holds_much(const struct topology *topology, int group);

/*
 * What would split GROUP, in the order in which it is worth trying; nothing where that cannot be
 * told: where the group is not as what is seen would make it. Returns 0 (free with splits_free())
 * or -ENOMEM.
 */
int splits_find(const struct split_facts *facts, int group, struct splits *ret) must_check;
void splits_free(struct splits *splits);

/*
 * Why the devices of GROUP share it: which ports and bridges in it do not isolate. Returns 0 with a
 * new string, or with NULL: no bridge in it is to blame; -ENOMEM.
 */
int split_explain(const struct topology *topology, int group, char **ret) must_check;

#define auto_splits cleanup_with(splits_free)

#endif
