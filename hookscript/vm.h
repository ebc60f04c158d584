/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VM's config, from its file. */
#ifndef HOOKSCRIPT_VM_H
#define HOOKSCRIPT_VM_H

#include "host/fs.h"
#include "vmcfg/vmcfg.h"

/*
 * Reads and parses the config of VM VMID, where Proxmox VE has it now (PVE_MIGRATED_FROM in the
 * environment names another node's folder). Returns 0 and a new struct (vmcfg_free()), or -errno
 * having said why.
 */
int vm_read(const struct fs_root *root, unsigned int vmid, struct vmcfg **ret) must_check;

#endif
