/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The room that a new initramfs needs. */
#ifndef HOST_SETUP_LOADER_BOOTSPACE_H
#define HOST_SETUP_LOADER_BOOTSPACE_H

#include "host/setup/loader/bootplace.h"

/*
 * Whether there is room to write the initramfs once more, to /boot and to each place that holds
 * copies. Returns 0; -ENOSPC with *ret_why (freed by the caller), a new text for people; -errno.
 */
int bootplaces_check_space(const struct fs_root *root, const struct bootloader *bootloader,
			   const struct bootplaces *places, char **ret_why) must_check;

#endif
