/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why the initramfs of this host cannot be made anew. */
#ifndef HOST_SETUP_BOOT_PROBLEMS_INITRAMFS_H
#define HOST_SETUP_BOOT_PROBLEMS_INITRAMFS_H

#include "host/setup/boot/problemlist.h"
#include "host/setup/loader/bootloader.h"
#include "host/setup/wanted.h"

/*
 * For an enable that CHANGES files, to have what is WANTED: adds that dracut makes the initramfs,
 * with what is to be done by hand, or that update-initramfs(8) is configured to do nothing. Where
 * all is there already, the latter is a note: other cures have to run that. Returns 0 or -errno.
 */
int problems_find_in_initramfs(const struct fs_root *root, enum bootloader_kind kind,
			       const struct wanted *wanted, bool changes,
			       struct problems *problems) must_check;

#endif
