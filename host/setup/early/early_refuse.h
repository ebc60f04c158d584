/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a device must not be held early. */
#ifndef HOST_SETUP_EARLY_EARLY_REFUSE_H
#define HOST_SETUP_EARLY_EARLY_REFUSE_H

#include "host/setup/early/early_state.h"

/*
 * Looks for reasons against each target: what the host does with it now, or is configured to do at
 * boot, a driver that is part of the kernel itself, a twin that cannot be told from it. Reports all
 * of them. Returns 0, ENABLE_REFUSED or ENABLE_FAILED.
 */
int early_refuse(const struct early_change *change) must_check;

/* Whether the device at BDF can be held at all, by what it is: a bridge, a VF, a device behind an
 * endpoint cannot. Reports why not. Returns 0, ENABLE_REFUSED or ENABLE_FAILED. */
int early_refuse_kind(const struct early_change *change, const struct bdf *bdf) must_check;

/* Whether initramfs-tools makes this host's initramfs; reports what is to be done by hand where
 * dracut does. Returns as above. */
int early_refuse_host(const struct early_change *change,
		      const struct bdf_set *addresses) must_check;

/* Whether update-initramfs does anything on this host; reports what cures it. Returns as above. */
int early_refuse_off(const struct early_change *change) must_check;

#endif
