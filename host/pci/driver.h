/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only writer below /sys: which driver has a device. Each verb does one write and looks at the
 * machine afterwards, because the write's return value proves nothing. A write here can block for
 * ever inside the kernel: call these from a worker (host/process/worker.h) only.
 */
#ifndef HOST_PCI_DRIVER_H
#define HOST_PCI_DRIVER_H

#include "host/text/bdf.h"
#include "host/base/fs.h"
#include "host/pci/pci.h"

#define DRIVER_VFIO_PCI "vfio-pci"

/*
 * The module that a driver lives in (drivers/NAME/module: the driver xhci_hcd lives in xhci_pci).
 * Returns 0 with a new string, or with NULL when the driver is built in; -errno.
 */
int driver_module(const struct fs_root *root, const char *driver, char **ret) must_check;

/* Whether a PCI driver of that name is registered: 1, 0, or -errno when that is unknown. */
int driver_registered(const struct fs_root *root, const char *driver) must_check;

/*
 * Has MODULE loaded, unless the PCI driver DRIVER, which lives in it, is registered already.
 * Returns 0 when the driver is there afterwards; -ENXIO when that module has no such driver;
 * -errno. May block, as loading a module may.
 */
int driver_load(const struct fs_root *root, const char *driver, const char *module) must_check;

/*
 * The device's driver_override. Returns 0 with a new string, or with NULL when none is set; -errno.
 * On kernels 6.1 and 6.17 even this read blocks while an unbind of the device is stuck.
 */
int driver_override(const struct fs_root *root, const struct bdf *bdf, char **ret) must_check;

/*
 * Sets the device's driver_override, or clears it (NULL). Returns 0 when it reads back so; -EIO
 * when it does not; -errno. Nothing is written when it is so already.
 */
int driver_set_override(const struct fs_root *root, const struct bdf *bdf,
			const char *driver) must_check;

/*
 * Takes the device from its driver. Returns 0 when no driver has it afterwards, one that had none
 * included; -EBUSY when it still has one; -errno.
 */
int driver_unbind(const struct fs_root *root, const struct bdf *bdf) must_check;

/*
 * Asks the kernel to find a driver for the device, which is DRIVER when its override says so.
 * Returns 0 when DRIVER has it afterwards; -ENXIO when not (the kernel's log tells why); -errno.
 */
int driver_probe(const struct fs_root *root, const struct bdf *bdf, const char *driver) must_check;

/*
 * Writes VALUE to an attribute of the device: reset_method, d3cold_allowed. An empty one is written
 * as a newline, for an empty write does nothing. Returns 0 when it reads back so, or is so already;
 * -EIO when it does not; -ENOENT when the device has no such attribute; -errno. (Linux:
 * Documentation/ABI/testing/sysfs-bus-pci)
 */
int driver_set_attribute(const struct fs_root *root, const struct bdf *bdf, const char *name,
			 const char *value) must_check;

/*
 * Removes an id that was written to a driver's new_id, so that the driver claims no other device
 * with that id. Returns 0, also when it is not there; -errno. (Linux:
 * Documentation/ABI/testing/sysfs-bus-pci, remove_id)
 */
int driver_forget_id(const struct fs_root *root, const char *driver,
		     const struct pci_identity *id) must_check;

#endif
