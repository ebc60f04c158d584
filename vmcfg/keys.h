/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a VM config that this program uses, and which values Proxmox VE takes for them
 * (qemu-server, PVE/QemuServer.pm, $confdesc). Pure. */
#ifndef VMCFG_KEYS_H
#define VMCFG_KEYS_H

#include "host/base/base.h"
#include "vmcfg/hostpci.h"
#include "vmcfg/text/text.h"

/* How many lines numaN and virtiofsN there can be (qemu-server, PVE/QemuServer/Memory.pm and
 * Virtiofs.pm). */
#define NUMA_MAX     8
#define VIRTIOFS_MAX 10

enum vmcfg_key {
	VMCFG_ARCH,
	VMCFG_ARGS,
	VMCFG_BIOS,
	VMCFG_HOOKSCRIPT,
	VMCFG_LOCK,
	VMCFG_MACHINE,
	VMCFG_NAME,
	VMCFG_TEMPLATE, /* "1" or "0" */
	VMCFG_OSTYPE,
	VMCFG_VMSTATE,
	VMCFG_VGA,	/* as written: Proxmox VE compares it with "none" */
	VMCFG_AFFINITY, /* this and those up to hostpci: vmcfg/memory.h */
	VMCFG_BALLOON,
	VMCFG_CORES,
	VMCFG_HOTPLUG,
	VMCFG_HUGEPAGES,
	VMCFG_MEMORY,
	VMCFG_NUMA, /* "1" or "0" */
	VMCFG_SMP,
	VMCFG_SOCKETS,
	VMCFG_NODE, /* of numa0; the others follow, as of the two below */
	VMCFG_VIRTIOFS = VMCFG_NODE + NUMA_MAX,
	VMCFG_HOSTPCI = VMCFG_VIRTIOFS + VIRTIOFS_MAX,
	VMCFG_KEYS = VMCFG_HOSTPCI + HOSTPCI_MAX
};

/* The name of a key: "machine", "hostpci0". BUF is used for the latter. */
#define VMCFG_KEY_SIZE 12
const char *vmcfg_key_name(enum vmcfg_key key, char buf[VMCFG_KEY_SIZE]);

/* The key called NAME; VMCFG_KEYS when it is not one of ours. */
enum vmcfg_key vmcfg_find_key(struct text name);

/* Whether LINE was probably meant to set one of our keys: "HostPCI0: …", "hostpci16: …". */
bool vmcfg_looks_like_key(struct text line);

/*
 * Checks a VALUE of a key below VMCFG_HOSTPCI, without the white space around it, and changes it to
 * what Proxmox VE makes of it. Returns 0; -EINVAL when it would drop the line, with a new string in
 * *ret_why, or NULL where nothing depends on it; -ENOMEM.
 */
int vmcfg_check_value(enum vmcfg_key key, struct text *value, char **ret_why) must_check;

#endif
