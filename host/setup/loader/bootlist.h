/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot loader will read, also of a capture of the host, for which it is noted as a text
 * (host/base/facts.h): ESPs are mounted nowhere, and images are too large. */
#ifndef HOST_SETUP_LOADER_BOOTLIST_H
#define HOST_SETUP_LOADER_BOOTLIST_H

#include "host/setup/loader/bootplace.h"

/* bootplaces_read() for what only looks at them. A capture in which nothing was noted has none. */
int bootlist_read(const struct fs_root *root, const struct bootloader *bootloader,
		  struct bootplaces *ret) must_check;

#endif
