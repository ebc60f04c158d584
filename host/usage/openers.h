/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes have a node of the devices open, and which running containers are given one. */
#ifndef HOST_USAGE_OPENERS_H
#define HOST_USAGE_OPENERS_H

#include "host/usage/survey.h"

/*
 * Adds a finding for each device node that a process has open (an open disk is no claim: QEMU opens
 * raw disks without one), and for each that the config of a running container names. Returns 0 or
 * -errno.
 */
int usage_find_openers(const struct fs_root *root, const struct survey *survey,
		       struct usage *usage) must_check;

#endif
