/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM's QEMU was started with. */
#ifndef HOOKSCRIPT_PVE_QEMU_H
#define HOOKSCRIPT_PVE_QEMU_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

/* A device that QEMU has, and the entry that it is of. */
struct qemu_device {
	int entry;
	struct bdf bdf;
};

/*
 * Lists the devices that the VM's QEMU has for its hostpci entries, by its command line, where
 * Proxmox VE writes "-device vfio-pci,host=0000:03:10.2,id=hostpci0,…" (qemu-server,
 * PVE/QemuServer/PCI.pm, print_hostpci_devices): which it chose of a mapping, and for which entry,
 * is seen nowhere else. Returns 0 with a new array (the caller frees it); -ESRCH when the VM does
 * not run; -errno.
 */
int qemu_devices_read(const struct fs_root *root, unsigned int vmid, struct qemu_device **ret,
		      size_t *ret_n) must_check;

#endif
