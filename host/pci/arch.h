/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of machine a root is of. What an IOMMU is named, proved and turned on by differs. */
#ifndef HOST_PCI_ARCH_H
#define HOST_PCI_ARCH_H

#include "host/base/fs.h"

/*
 * Whether it is an x86: of the running system uname(2) tells; of another root /proc/cpuinfo, whose
 * fields differ (Linux: arch/x86/kernel/cpu/proc.c, arch/arm64/kernel/cpuinfo.c), or else the
 * program interpreter that its programs need. What does not tell is taken for an x86.
 */
bool arch_is_x86(const struct fs_root *root);

enum machine {
	MACHINE_REAL, /* or it cannot be told */
	MACHINE_VM,
	MACHINE_QEMU, /* a VM of QEMU, as those of Proxmox VE are */
};

/*
 * Whether this host is itself a VM, in which advice about a firmware setup leads nowhere: an x86
 * processor has the flag "hypervisor" (Linux: arch/x86/include/asm/cpufeatures.h), and QEMU names
 * itself as the maker, unless it was told otherwise.
 */
enum machine arch_machine(const struct fs_root *root);
bool arch_is_vm(const struct fs_root *root);

/* Whether the text of another root's /proc/cpuinfo tells: 1 an x86, 0 another, -1 it does not.
 * Pure. */
int arch_of_cpuinfo(const char *text);

#endif
