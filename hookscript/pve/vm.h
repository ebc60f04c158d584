/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VM's config, and the storages that it names, from their files. */
#ifndef HOOKSCRIPT_PVE_VM_H
#define HOOKSCRIPT_PVE_VM_H

#include "host/base/fs.h"
#include "vmcfg/storage.h"
#include "vmcfg/vmcfg.h"

#define STORAGES_PATH "etc/pve/storage.cfg"

/*
 * Reads and parses the config of VM VMID, where Proxmox VE has it now (PVE_MIGRATED_FROM in the
 * environment names another node's directory). Returns 0 and a new struct (vmcfg_free()); or -errno
 * and a new text in *ret_why (the caller frees it; NULL without memory) that says what is wrong.
 */
int vm_read(const struct fs_root *root, unsigned int vmid, struct vmcfg **ret,
	    char **ret_why) must_check;

/* The same as the VM's next start will use it; *ret_pending: what happens to pending changes. */
int vm_read_next(const struct fs_root *root, unsigned int vmid, struct vmcfg **ret,
		 enum vmcfg_pending *ret_pending, char **ret_why) must_check;

/*
 * What identifies the VM wherever it runs: the uuid of its smbios1; without one "NAME VMID", NAME
 * that of the cluster or, without a cluster, of this node. Returns 0 and a new string, or -errno.
 */
int vm_read_identity(const struct fs_root *root, unsigned int vmid, char **ret) must_check;

/* Reads the storages. No file is none. Returns 0 (free with storages_free()) or -errno. */
int storages_read(const struct fs_root *root, struct storages *ret) must_check;

#endif
