/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM's memory: what its config says of it, and whether Proxmox VE starts a VM with that
 * (qemu-server 8 and 9, PVE/QemuServer/Memory.pm: config, hugepages_topology, hugepages_size,
 * print_numa_hostnodes, foreach_dimm). Left out: the limit that the processor's address bits set to
 * memory that can be plugged in. Pure.
 */
#ifndef VMCFG_MEMORY_H
#define VMCFG_MEMORY_H

#include "vmcfg/memory_values.h"
#include "vmcfg/vmcfg.h"

/* The sizes of huge pages that Proxmox VE knows. */
enum page_size { PAGES_2M, PAGES_1G, PAGE_SIZES };

#define PAGE_MIB(size) ((uint64_t)((size) == PAGES_1G ? 1024 : 2))

/* The nodes of the host that huge pages can be reserved on: it wants one digit. */
#define PAGE_NODES 10

enum hugepages { HUGEPAGES_NONE, HUGEPAGES_2M, HUGEPAGES_1G, HUGEPAGES_ANY };

struct memory_config {
	uint64_t mib;
	uint64_t balloon_mib; /* 0: no balloon, or as much as the memory */
	uint64_t sockets;     /* of numa without numaN; 1 or more */
	uint64_t cpus;	      /* of all sockets; 1 or more */
	bool numa;
	bool hotplug; /* memory can be plugged in */
	bool virtiofs;
	enum hugepages hugepages;
	bool has_node[NUMA_MAX];
	struct numa_value nodes[NUMA_MAX];
	const char *affinity; /* the host's processors that it may run on; NULL: all */
	bool viommu;
	/* args decide about the memory (-m, -mem-path, -numa, -machine memory-backend=): nothing
	 * above is how it will be. */
	bool by_args;
};

/* What the VM's config says. Points into VM. Returns 0 or -ENOMEM. */
int memory_config_read(const struct vmcfg *vm, struct memory_config *ret) must_check;

/* Whether it has a line numaN that counts. */
bool memory_has_nodes(const struct memory_config *config);

/* What of the host Proxmox VE looks at. */
struct memory_host {
	uint64_t nodes;		/* a bit for each node that there is */
	bool pages[PAGE_SIZES]; /* sizes that it has */
};

/* Why Proxmox VE, or QEMU, does not start the VM. */
enum memory_rule {
	MEMORY_STARTS,
	MEMORY_HOTPLUG_NUMA,	  /* hotplug of memory needs numa: 1 */
	MEMORY_HOTPLUG_NODES,	  /* and no numaN */
	MEMORY_HOTPLUG_VIRTIOFS,  /* and no virtiofsN */
	MEMORY_HOTPLUG_TOO_SMALL, /* and at least MIB */
	MEMORY_HOTPLUG_ALIGNED,	  /* and a multiple of MIB from there on */
	MEMORY_PAGES_NUMA,	  /* huge pages need numa: 1 */
	MEMORY_PAGES_NO_SIZE,	  /* and pages of MIB on the host; of 0: of any size */
	MEMORY_PAGES_MULTIPLE,	  /* and memory of the node that is a multiple of MIB */
	MEMORY_PAGES_HOSTNODES,	  /* and hostnodes in each numaN */
	MEMORY_PAGES_ONE_NODE,	  /* and one, from 0 to 9 */
	MEMORY_NODE_SIZE,	  /* a numaN without memory, or no whole number of MiB */
	MEMORY_NODE_POLICY,	  /* hostnodes without policy */
	MEMORY_NODE_ABSENT,	  /* the host has no such node: HOSTNODE, or one of numaN */
	MEMORY_NODES_SUM,	  /* the numaN have MIB together, not what memory says */
	MEMORY_SOCKETS, /* numa without numaN: the memory is not the same for each socket */
};

struct memory_verdict {
	enum memory_rule rule;
	unsigned int node;     /* N of numaN, or of the socket */
	unsigned int hostnode; /* of MEMORY_NODE_ABSENT without numaN */
	uint64_t mib;
	/* Of a VM that starts: the huge pages that it needs on each node of the host. */
	uint64_t pages[PAGE_SIZES][PAGE_NODES];
};

/* Judges. */
struct memory_verdict memory_judge(const struct memory_config *config,
				   const struct memory_host *host);

/* The size of most of its pages, in KiB: 4, unless the verdict has huge ones. */
unsigned int memory_page_kib(const struct memory_verdict *verdict);

#endif
