/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pve-passthrough-early.service runs. */
#ifndef HOST_SETUP_EARLY_EARLY_BOOT_H
#define HOST_SETUP_EARLY_EARLY_BOOT_H

#include "host/base/fs.h"

/*
 * Completes what the initramfs has begun: has vfio-pci take what was kept from other drivers, when
 * its module was not in the initramfs; and reports what became of each device. Takes none from
 * another driver. Ends within 30 seconds. Returns 0 when all are held, or that was turned off; 1
 * when not.
 */
int early_boot(const struct fs_root *root) must_check;

#endif
