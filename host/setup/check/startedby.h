/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which boot entry this boot was not started by. */
#ifndef HOST_SETUP_CHECK_STARTEDBY_H
#define HOST_SETUP_CHECK_STARTEDBY_H

#include "host/setup/loader/bootloader.h"

/*
 * Whether /boot/grub/grub.cfg was as it is before the host was started: what the running kernel has
 * not got of its first entry, the next one will not get from it either, unless another entry is
 * chosen. Told by the file's time and that of the boot (/proc/stat, proc(5)); of what cannot be
 * read, and of another loader, it is not known, and false.
 */
bool startedby_older_grub(const struct fs_root *root, const struct bootloader *bootloader);

#endif
