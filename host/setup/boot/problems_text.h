/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Characters that a web page or word processor puts in place of a space or quote. */
#ifndef HOST_SETUP_BOOT_PROBLEMS_TEXT_H
#define HOST_SETUP_BOOT_PROBLEMS_TEXT_H

#include "host/setup/boot/problemlist.h"
#include "host/setup/loader/bootloader.h"

/*
 * Adds a problem for each line of the kernel command line's settings that holds one: neither the
 * shell nor an initramfs takes it for what it looks like, so that words run together. Returns 0 or
 * -errno.
 */
int problems_find_in_text(const struct fs_root *root, const struct bootloader *bootloader,
			  struct problems *problems) must_check;

#endif
