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

/* The variant driver that a device gets; NULL: vfio-pci. Belongs to the facts' settings. Pure. */
const char *variant_driver(const struct facts *facts, const struct device *device);

/*
 * Loads the modules of the variant drivers that the plan binds devices to, which have the drivers'
 * names. Returns 0; or -errno, and reports the error.
 */
int variant_load(const struct fs_root *root, const struct plan *plan) must_check;

#endif
