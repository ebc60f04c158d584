/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pve-passthrough-early.service runs. */
#ifndef HOST_SETUP_EARLY_EARLY_BOOT_H
#define HOST_SETUP_EARLY_EARLY_BOOT_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

/* The lock under which a start takes a device (hookscript/records/record.h), handed in by a main: a
 * descriptor, which releases it when closed, or -errno; until DEADLINE (host/base/clock.h). */
typedef int early_lock(const struct fs_root *root, const struct bdf *bdf, int64_t deadline);

/*
 * Completes what the initramfs has begun: has vfio-pci take what was kept from other drivers, when
 * its module was not in the initramfs; and reports what became of each device. Takes none from
 * another driver. Ends within 30 seconds. Returns 0 when all are held, or that was turned off; 1
 * when not.
 */
int early_boot(const struct fs_root *root, early_lock *lock) must_check;

#endif
