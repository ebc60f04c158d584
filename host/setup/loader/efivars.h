/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EFI variables that tell how the host was started (efivarfs: four bytes of attributes, then the
 * value; Linux: Documentation/filesystems/efivarfs.rst).
 */
#ifndef HOST_SETUP_LOADER_EFIVARS_H
#define HOST_SETUP_LOADER_EFIVARS_H

#include "host/base/fs.h"

/* Whether there are any: without, nothing follows from the absence of one. */
bool efivars_are_there(const struct fs_root *root);

/*
 * The text that the boot loader left in the variable NAME ("LoaderInfo", "StubInfo"; Boot Loader
 * Interface, systemd.io/BOOT_LOADER_INTERFACE). What is not ASCII becomes '?'. Returns 0 with a new
 * string, or -errno; -ENOENT: it left none.
 */
int efivars_loader_text(const struct fs_root *root, const char *name, char **ret) must_check;

bool efivars_secure_boot_is_on(const struct fs_root *root);

/*
 * The name of the boot entry that the firmware started ("rEFInd Boot Manager"), from BootCurrent
 * and Boot#### (UEFI specification, 3.1.3). Returns 0 with a new string, or -errno.
 */
int efivars_boot_entry(const struct fs_root *root, char **ret) must_check;

#endif
