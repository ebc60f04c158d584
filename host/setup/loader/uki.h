/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unified kernel images: a kernel with its command line in one EFI program (uapi-group.org, UKI).
 */
#ifndef HOST_SETUP_LOADER_UKI_H
#define HOST_SETUP_LOADER_UKI_H

#include "host/base/fs.h"

/*
 * Reads the command line that is built into the image at PATH: its section .cmdline (PE/COFF). No
 * more than the headers and that section is read. Returns 0 with a new string; -ENODATA when there
 * is no such section; -EBADMSG when it is no such program; -errno.
 */
int uki_cmdline(const struct fs_root *root, const char *path, char **ret) must_check;

#endif
