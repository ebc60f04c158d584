/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units of systemd, as far as files tell. */
#ifndef HOST_SETUP_SRIOV_UNITS_H
#define HOST_SETUP_SRIOV_UNITS_H

#include "host/base/fs.h"

/*
 * Whether the unit NAME, whose file is PATH, may be started at boot: it has no section [Install],
 * or it, an instance of it, or its timer is a link in a directory *.wants or *.requires. Returns 1,
 * 0, or -errno when that is unknown.
 */
int units_may_run(const struct fs_root *root, const char *path, const char *name) must_check;

/* Whether NAME is such a link. Returns 1, 0, or -errno. */
int units_enabled(const struct fs_root *root, const char *name) must_check;

#endif
