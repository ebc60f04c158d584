/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which disks below the devices the host uses: mounts, swap, and other claims. */
#ifndef HOST_USAGE_DISKS_H
#define HOST_USAGE_DISKS_H

#include "host/usage/survey.h"

/* Adds a finding for each disk in use. Returns 0 or -errno. */
int usage_find_disks(const struct fs_root *root, const struct survey *survey,
		     struct usage *usage) must_check;

#endif
