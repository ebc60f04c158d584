/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's log as evidence about the IOMMU. It decides nothing, because old lines are lost. */
#ifndef HOST_SETUP_CHECK_KERNLOG_H
#define HOST_SETUP_CHECK_KERNLOG_H

#include "host/pci/check.h"

/*
 * Adds what the kernel's log says of the IOMMU, interrupt remapping and IOMMU groups: the first
 * lines on each. It is read from the running kernel's ring buffer, or, when that no longer has the
 * boot, from the journal of this boot; for another root from its /var/log/dmesg. Returns 0 or
 * -ENOMEM; a log that cannot be read is a note.
 */
int check_log(const struct fs_root *root, struct checklist *list) must_check;

/*
 * The lines of that log that say what went wrong with the IOMMU or interrupt remapping. *RET is a
 * new text, or NULL when there is none, or the log cannot be read. Returns 0 or -ENOMEM.
 */
int check_log_of_iommu(const struct fs_root *root, char **ret) must_check;

#endif
