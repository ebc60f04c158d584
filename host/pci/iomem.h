/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims on the physical memory of a device (/proc/iomem). */
#ifndef HOST_PCI_IOMEM_H
#define HOST_PCI_IOMEM_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

/*
 * Whether the framebuffer that the firmware left for the boot messages still lies in one of the
 * device's BARs: then a guest's driver and the host's write to the same memory, and QEMU cannot map
 * the BAR (Linux: drivers/firmware/sysfb.c, drivers/video/aperture.c). Drivers evict it when they
 * take a device; not all kernels' vfio-pci does. Returns 0 with the name of the claim, "BOOTFB", as
 * a new string, or with NULL when there is none; -errno.
 */
int iomem_boot_framebuffer(const struct fs_root *root, const struct bdf *bdf,
			   char **ret) must_check;

#endif
