/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of a VM's memory that Proxmox VE starts the VM with on this host, as a command; or what
 * forbids it. And memory in words. Pure.
 */
#ifndef HOOKSCRIPT_PLAN_MEMORY_ADVICE_H
#define HOOKSCRIPT_PLAN_MEMORY_ADVICE_H

#include "hookscript/plan/facts/facts.h"

struct memory_advice {
	char *command;		       /* NULL: none is possible */
	char *why;		       /* without a command: what forbids it */
	int hostnode;		       /* that it gives the VM numa0 on; negative: none */
	struct memory_verdict verdict; /* of the VM with the command, or without it */
};

/*
 * What gives the VM huge pages, on HOSTNODE if that is not negative and the VM fits there; and what
 * gives it the memory of HOSTNODE alone, with pages as they are. Returns 0 or -ENOMEM; free *RET
 * with memory_advice_free().
 */
int memory_advise_pages(const struct facts *facts, int hostnode,
			struct memory_advice *ret) must_check;
int memory_advise_node(const struct facts *facts, unsigned int hostnode,
		       struct memory_advice *ret) must_check;

/* A command that gives the VM less memory than the host has; without one, *RET is NULL. Returns 0
 * or -ENOMEM. */
int memory_advise_less(const struct facts *facts, uint64_t host_mib, char **ret) must_check;

void memory_advice_free(struct memory_advice *advice);

#define auto_advice cleanup_with(memory_advice_free)

/* Whether a node of the host can ever have the pages of the verdict: what is not in other pools. */
bool memory_node_fits(const struct host_memory *host, const struct memory_verdict *verdict,
		      unsigned int hostnode);

/* Pages of SIZE on a node of the host that are free, and used; where the host has no nodes, on all
 * of it. */
uint64_t memory_free_pages(const struct host_memory *host, enum page_size size,
			   unsigned int hostnode);
uint64_t memory_used_pages(const struct host_memory *host, enum page_size size,
			   unsigned int hostnode);

/* "64 GiB", "1.5 GiB", "512 MiB"; a rule of Proxmox VE's that forbids a start. Return a new string,
 * or NULL without memory. */
char *memory_size_text(uint64_t mib) must_check;
char *memory_rule_text(const struct memory_verdict *verdict) must_check;

/* "4 KiB", "2 MiB", "1 GiB". Static text. */
const char *memory_page_text(unsigned int kib);

#endif
