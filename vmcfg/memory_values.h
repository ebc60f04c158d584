/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of the lines memory, numaN, hotplug and affinity of a VM config (qemu-server,
 * PVE/QemuServer/Memory.pm, parse_memory and parse_numa; PVE/QemuServer.pm,
 * parse_hotplug_features). Pure.
 */
#ifndef VMCFG_MEMORY_VALUES_H
#define VMCFG_MEMORY_VALUES_H

#include "host/base/base.h"
#include "vmcfg/text/text.h"

/* Of "memory", when there is no such line, in MiB. */
#define MEMORY_DEFAULT_MIB 512

/* What stands for more MiB than any machine has. */
#define MEMORY_MIB_MAX ((uint64_t)1 << 40)

/* Nodes of the host that a set can name. */
#define MEMORY_HOSTNODES_MAX 64

/* A line numaN. */
struct numa_value {
	uint64_t mib;	/* 0: it does not say, or is no whole number of MiB */
	bool pinned;	/* hostnodes= is given */
	uint64_t nodes; /* a bit for each of them */
	bool too_high;	/* it names a node of MEMORY_HOSTNODES_MAX or above */
	int one_node;	/* from 0 to 9, when it names one such node and no other; else -1 */
	bool policy;	/* policy= is given */
};

/*
 * Checks a VALUE as machine_check() (vmcfg/machine.h) does: 0; -EINVAL when Proxmox VE would drop
 * the line, with a new string in *ret_why (when not NULL); -ENOMEM.
 */
int memory_check(struct text value, char **ret_why) must_check;
int numa_check(struct text value, char **ret_why) must_check;
int hotplug_check(struct text value, char **ret_why) must_check;

/* What a value that was checked means: MiB; a node; whether memory can be plugged in. */
uint64_t memory_parse(struct text value);
struct numa_value numa_parse(struct text value);
bool hotplug_has_memory(struct text value);

/* A whole number in decimal digits, at most MEMORY_MIB_MAX; 0 when it is none. */
uint64_t memory_number(struct text digits);

#endif
