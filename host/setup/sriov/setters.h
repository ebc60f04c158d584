/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sets the number of a PF's VFs at boot beside `host-setup sriov`: two of them would undo each
 * other. Files are read as text, so what cannot be told apart counts.
 */
#ifndef HOST_SETUP_SRIOV_SETTERS_H
#define HOST_SETUP_SRIOV_SETTERS_H

#include "host/base/fs.h"
#include "host/setup/sriov/setters_files.h"
#include "host/setup/sriov/setters_match.h"

/*
 * Adds each line that sets it for the PF, or may: of sysfsutils, tmpfiles.d, .link files,
 * modprobe.d and the kernel command lines (max_vfs=, num_vfs=), /etc/network, udev rules, units,
 * rc.local, cron, and the scripts that these run. BOOTLOADER is NULL, or
 * that of `--bootloader`. Returns 0 or -errno.
 */
int setters_find(const struct fs_root *root, const char *bootloader, const struct setters_pf *pf,
		 struct setters *ret) must_check;

/* The same of the PF at the address, which it reads. */
int setters_find_at(const struct fs_root *root, const char *bootloader, const struct bdf *bdf,
		    struct setters *ret) must_check;

#endif
