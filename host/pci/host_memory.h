/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's memory, its pools of huge pages, and its NUMA nodes. None of these files waits for a
 * device. (Linux: Documentation/filesystems/proc.rst, meminfo; admin-guide/mm/hugetlbpage.rst;
 * admin-guide/mm/transhuge.rst; ABI/stable/sysfs-devices-node. OpenZFS: module/zfs/arc.c, arcstats)
 */
#ifndef HOST_PCI_HOST_MEMORY_H
#define HOST_PCI_HOST_MEMORY_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

/* Pools of huge pages, of those sizes that x86 has. */
enum host_pages { HOST_PAGES_2M, HOST_PAGES_1G, HOST_PAGE_SIZES };

struct host_pool {
	bool there; /* the kernel has pages of that size */
	uint64_t pages, free;
};

struct host_node {
	unsigned int id;
	uint64_t kib;
	char *cpus; /* "0-15,32-47"; "" for none */
	struct host_pool pools[HOST_PAGE_SIZES];
};

struct host_memory {
	uint64_t kib;		/* all of it (MemTotal) */
	uint64_t available_kib; /* what programs can have now (MemAvailable) */
	uint64_t pools_kib;	/* in pools of huge pages of any size */
	uint64_t arc_kib;	/* what ZFS' ARC can give back */
	bool no_thp;		/* there are no transparent huge pages */
	bool pages_by_boot;	/* the kernel's command line has hugepages= */
	struct host_pool pools[HOST_PAGE_SIZES];
	struct host_node *nodes; /* in order of number; none without NUMA */
	size_t n_nodes;
};

/*
 * Reads it. Returns 0, or -errno when something that is there cannot be read, or is not understood
 * (-EINVAL); -ENOENT without /proc/meminfo. *RET is freed with host_memory_free() in either case.
 */
int host_memory_read(const struct fs_root *root, struct host_memory *ret) must_check;
void host_memory_free(struct host_memory *memory);

#define auto_host_memory cleanup_with(host_memory_free)

/* The node that the device is on; -1 when the firmware does not say. Returns 0 or -errno. */
int host_node_of(const struct fs_root *root, const struct bdf *bdf, int *ret) must_check;

/* ---- pure ---- */

/* The node of that number, or NULL. */
const struct host_node *host_memory_node(const struct host_memory *memory, unsigned int id);

/* How many nodes have processors. */
size_t host_memory_cpu_nodes(const struct host_memory *memory);

/*
 * Lists of processors or nodes as the kernel writes them, "0-15,32": how many are in it; and
 * whether all of LIST are in OF. An invalid list has none, and is in no other.
 */
size_t cpulist_count(const char *list);
bool cpulist_within(const char *list, const char *of);

#endif
