/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `host-setup check` prints: the checklist, and what the next boot will change. */
#ifndef HOST_SETUP_CHECK_READINESS_H
#define HOST_SETUP_CHECK_READINESS_H

#include "host/pci/check.h"
#include "host/setup/check/check_print.h"

/*
 * Reads the checklist, the boot loader's configuration included, and decides the verdict: ready
 * when no item is missing, and nothing is known that keeps devices from being passed through after
 * the next boot; not ready when an item is missing, unless the configured next boot mends that.
 * OVERRIDE is that of bootloader_detect(). Adds to *ret_list (free with checklist_free()). Returns
 * 0; -EINVAL for another override, with *ret_why (freed by the caller) a new text for people;
 * -errno.
 */
int readiness_read(const struct fs_root *root, const char *override, struct checklist *ret_list,
		   enum check_verdict *ret_verdict, char **ret_why) must_check;

#endif
