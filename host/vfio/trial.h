/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a device that a guest would get: it is opened through VFIO, read, and reset twice
 * as QEMU resets it, and looked at after each reset. A worker does it, because each of these may
 * hang in the kernel.
 */
#ifndef HOST_VFIO_TRIAL_H
#define HOST_VFIO_TRIAL_H

#include "host/text/bdf.h"
#include "host/base/fs.h"
#include "host/vfio/vfio_device.h"

/* How often it is reset: what works once may not work on a device that was reset already. */
#define TRIAL_RESETS 2

/*
 * How long a trial may take, in milliseconds. A reset waits for a minute for a device that does not
 * come back (Linux: drivers/pci/pci.h, PCIE_RESET_READY_POLL_MS), and opening the device is one,
 * too; after one that has failed there is no other. Constant but for tests.
 */
extern int trial_limit_ms;

/* How a device was reset. */
enum trial_reset {
	TRIAL_RESET_NONE,   /* it was not, or there is no way */
	TRIAL_RESET_DEVICE, /* alone, by a method of its reset_method */
	TRIAL_RESET_SLOT,   /* with all that is in its slot or on its bus: VFIO's hot reset */
};

/* In this order; the last one that has begun says where it ended. */
enum trial_step {
	TRIAL_START, /* of the worker */
	TRIAL_OPEN,
	TRIAL_CONFIG, /* reading the configuration space */
	TRIAL_BARS,   /* reading memory BARs */
	TRIAL_RESET_1,
	TRIAL_LOOK_1, /* whether it answers after that */
	TRIAL_RESET_2,
	TRIAL_LOOK_2,
	TRIAL_DONE,
};

struct trial {
	enum trial_step step; /* TRIAL_DONE; or the one that failed, or was not done in time */
	/*
	 * Why that failed, -errno; 0: it is done. -ETIMEDOUT: the worker was not done in time, and
	 * may hang in the kernel, with the group open. -ECANCELED: it was killed. After a reset:
	 * -ENODATA: the device does not answer, its configuration space reads as ff; -EIO: what
	 * answers is not as it was before the reset. -ENOTTY at a reset: there is no way to reset
	 * it.
	 */
	int err;
	unsigned int bars;	/* of memory BARs that were read, bits 1 << N */
	enum trial_reset reset; /* how it was reset the last time */
	unsigned int came_back; /* after so many resets it answered */
	pid_t worker;		/* with -ETIMEDOUT: its process */
};

/*
 * Tries the device at BDF, which is with vfio-pci, in IOMMU group GROUP, with all of its group.
 * OWN_RESET: by the device's own reset alone, not that of its slot. Returns 0, or -errno when no
 * worker could be started.
 */
int trial_run(const struct fs_root *root, const struct bdf *bdf, int group, bool own_reset,
	      struct trial *ret) must_check;

/*
 * Whether QEMU prefers the slot's reset to the device's: when the latter would be no more than a
 * change of its power state, and not a function level reset. By the capabilities in CONFIG. Pure.
 * (QEMU: hw/vfio/pci.c, vfio_pci_reset(), vfio_check_pcie_flr(), vfio_check_pm_reset(),
 * vfio_check_af_flr())
 */
bool trial_prefers_slot(const unsigned char config[VFIO_CONFIG_SIZE]);

#endif
