/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading several modules of the running kernel at once, each told. */
#ifndef HOST_SETUP_BOOT_MODULESET_H
#define HOST_SETUP_BOOT_MODULESET_H

#include "host/base/fs.h"

/*
 * Loads those of the modules that are not loaded, and says what became of each. Returns 0, or
 * -errno of the first that could not be.
 */
int moduleset_load(const struct fs_root *root, const char *const *names, size_t n) must_check;

#endif
