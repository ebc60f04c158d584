/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio variant drivers (mlx5_vfio_pci and the like), which can do more with their devices than
 * vfio-pci, such as migrating them. Proxmox VE leaves a device alone only if its entry says
 * driver=keep, and takes any other driver than vfio-pci from it elsewhere. So an entry with
 * driver=keep is ours to bind as soon as the settings name a driver for one of its devices: that
 * one to this driver, the others of the entry and their groups to vfio-pci. (Linux:
 * Documentation/driver-api/vfio-pci-device-specific-driver-acceptance.rst)
 */
#ifndef HOOKSCRIPT_VARIANT_H
#define HOOKSCRIPT_VARIANT_H

#include "hookscript/plan.h"
#include "host/pci.h"
#include "vmcfg/vmcfg.h"

/*
 * Marks those entries of VM (struct hostpci, variant), so that hostpci_needs_binding() knows of
 * them, by the settings of VM VMID; ones that cannot be read mark nothing. Reads nothing when no
 * entry says driver=keep. Returns 0 or -errno.
 */
int variant_mark(const struct fs_root *root, unsigned int vmid, struct vmcfg *vm) must_check;

/*
 * The variant driver that a device gets, which an entry that is marked names; NULL: vfio-pci.
 * Belongs to SETTINGS.
 */
const char *variant_driver(const struct settings *settings, const struct vmcfg *vm,
			   const struct selection *selection, const struct bdf *bdf,
			   const struct pci_identity *identity);

/*
 * Loads the modules of the variant drivers that the plan binds devices to, which have the drivers'
 * names. Returns 0, or -errno, said.
 */
int variant_load(const struct fs_root *root, const struct plan *plan) must_check;

#endif
