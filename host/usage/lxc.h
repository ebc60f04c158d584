/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which containers of Proxmox VE run, by their control groups. */
#ifndef HOST_USAGE_LXC_H
#define HOST_USAGE_LXC_H

#include "host/base/fs.h"

/*
 * Whether container CTID runs: LXC has made a control group of its number, and a process is in
 * that, or in that of its monitor, which is there first. A group may be left over that has none.
 * With the hierarchies of cgroup v1 the group alone counts. Returns 1, 0, or -errno.
 */
int lxc_runs(const struct fs_root *root, unsigned int ctid) must_check;

/* Adds the numbers of all containers that run, as text. Returns 0 or -errno. */
int lxc_list_running(const struct fs_root *root, struct fs_names *ret) must_check;

#endif
