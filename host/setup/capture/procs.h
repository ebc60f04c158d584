/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What processes have open, mapped and mounted, and whose they are. Only devices are of interest;
 * what a program was called with is not kept, but for QEMU's number of the VM. */
#ifndef HOST_SETUP_CAPTURE_PROCS_H
#define HOST_SETUP_CAPTURE_PROCS_H

#include "host/setup/capture/walk.h"

/* Adds all processes. Returns 0, also when one has ended meanwhile; -ENOMEM; -errno of the list. */
int procs_add(const struct walk *walk) must_check;

#endif
