/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device opened through VFIO, as QEMU opens it for a guest: its group in a container with an
 * IOMMU, and the device of that group. (Linux: Documentation/driver-api/vfio.rst,
 * include/uapi/linux/vfio.h)
 *
 * Every function may block inside the kernel, closing included: call them from a worker
 * (host/process/worker.h) only.
 */
#ifndef HOST_VFIO_VFIO_DEVICE_H
#define HOST_VFIO_VFIO_DEVICE_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

/* The conventional configuration space. */
#define VFIO_CONFIG_SIZE 256

/* The base address registers: PCI has six. */
#define VFIO_BARS 6

struct vfio_device {
	int container, group, device; /* descriptors; -1: not open */
	int group_number;
};

/*
 * Opens the device at BDF, which vfio-pci has, of IOMMU group GROUP, all members of which are with
 * VFIO drivers or with none. The kernel resets the device on the way, if it can. Returns 0 (close
 * it with vfio_device_close()) or -errno: -EBUSY when the group is open already, -EPERM when it is
 * not viable.
 */
int vfio_device_open(const struct fs_root *root, int group, const struct bdf *bdf,
		     struct vfio_device *ret) must_check;
void vfio_device_close(struct vfio_device *device);

#define auto_vfio_device cleanup_with(vfio_device_close)

/* Reads the configuration space as a guest would see it. Returns 0 or -errno. */
int vfio_device_read_config(const struct vfio_device *device,
			    unsigned char ret[VFIO_CONFIG_SIZE]) must_check;

/*
 * Reads the first four bytes of each memory BAR, with memory decoding enabled as a guest enables
 * it; which BARs those were goes to *RET_BARS, as bits 1 << N. I/O ports and the expansion ROM are
 * left alone: the former may do something when they are read, the latter shares its decoder with
 * the BARs in some devices. Returns 0 or -errno.
 */
int vfio_device_read_bars(const struct vfio_device *device, unsigned int *ret_bars) must_check;

/* Whether the kernel knows a reset of the device alone: 1, 0, or -errno. */
int vfio_device_can_reset(const struct vfio_device *device) must_check;

/* Resets the device alone, by the first method of its reset_method that works. Returns 0 or -errno.
 */
int vfio_device_reset(const struct vfio_device *device) must_check;

/*
 * Resets the slot or bus that the device is on, with all devices there: only when all of them are
 * in its group. Returns 0; -ENODEV when there is no such reset; -EPERM when a device of another
 * group would be reset, too; -errno.
 */
int vfio_device_hot_reset(const struct vfio_device *device) must_check;

#endif
