/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the facts (hookscript/plan/facts.h). */
#ifndef HOOKSCRIPT_PLAN_FACTS_READ_H
#define HOOKSCRIPT_PLAN_FACTS_READ_H

#include "hookscript/plan/facts.h"

enum facts_scope {
	FACTS_START = 0,	  /* what a start is decided by */
	FACTS_NEXT_START = 1,	  /* with the VM's pending changes, which its next start applies */
	FACTS_MODULES = 1 << 1,	  /* the modules of all devices, not only of those without driver */
	FACTS_ADDRESSES = 1 << 2, /* only which devices are at the VM's addresses */
};

/*
 * Reads the facts about VM VMID, for SCOPE (enum facts_scope). SETTINGS must outlive the result.
 * Only what the VM needs is read: nothing of the host for a VM without devices of ours, and nothing
 * of alternatives that will not be chosen but what choosing needs. A device that is not there is
 * not in it. Returns 0 and a new struct (facts_free()); or -errno, and in *ret_why a new text (the
 * caller frees it; NULL without memory) that says what could not be read.
 */
int facts_read(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
	       unsigned int scope, struct facts **ret, char **ret_why) must_check;

/* The same for all devices of the host and no VM. Returns 0 or -errno. */
int facts_read_host(const struct fs_root *root, const struct settings *settings,
		    struct facts **ret) must_check;

/* Reads the cluster's mappings, and the name of this node, whose entries of them count. No file is
 * no mappings. Returns 0, with both new (mappings_free(), free()), or -errno. */
int facts_read_mappings(const struct fs_root *root, struct mappings **ret,
			char **ret_node) must_check;

#endif
