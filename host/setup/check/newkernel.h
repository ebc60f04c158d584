/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `host-setup check --kernel`: whether a kernel that has just been installed can pass devices on.
 */
#ifndef HOST_SETUP_CHECK_NEWKERNEL_H
#define HOST_SETUP_CHECK_NEWKERNEL_H

#include "host/base/fs.h"

/*
 * Looks at the kernel RELEASE, on a host whose boot configuration has words for passthrough:
 * whether it has the modules of vfio, its boot entries the words, and an initramfs that holds what
 * is held early. Says in one line what is missing, and nothing when all is there. BOOTLOADER is
 * NULL, or that of `--bootloader`. Returns one of the exit codes of options.h: ENABLE_REFUSED when
 * something is missing.
 */
int newkernel_check(const struct fs_root *root, const char *bootloader,
		    const char *release) must_check;

#endif
