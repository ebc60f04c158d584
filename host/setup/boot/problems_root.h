/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the next boot will find its root file system, as far as that can be told by comparing it
 * with this one. */
#ifndef HOST_SETUP_BOOT_PROBLEMS_ROOT_H
#define HOST_SETUP_BOOT_PROBLEMS_ROOT_H

#include "host/setup/boot/bootcfg.h"
#include "host/setup/boot/problemlist.h"

/* The name of the problem that root= names another device: --root-changed accepts it. */
#define PROBLEM_ROOT_DIFFERS "root-differs"

/*
 * Adds what the next boot lacks of the running kernel's root=, resume=, cryptdevice=, rootflags=
 * and the like, or names otherwise. For GRUB that is read in its entries, too, because most of
 * these words come from update-grub and not from the settings. Nothing is added for a root that
 * does not run. Returns 0 or -errno.
 */
int problems_find_in_root(const struct fs_root *root, const struct bootloader *bootloader,
			  const struct bootcfg *bootcfg, struct problems *problems) must_check;

#endif
