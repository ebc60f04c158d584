/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's log, of which old lines may be lost: evidence, never proof. */
#ifndef HOST_PROCESS_KERNEL_LOG_H
#define HOST_PROCESS_KERNEL_LOG_H

#include "host/base/fs.h"

/*
 * Reads it from the running kernel's ring buffer, or, when that no longer has the boot, from the
 * journal of this boot, for which JOURNAL_MS are given; for another root from its /var/log/dmesg.
 * Returns 0 with a new text, or with NULL; -errno.
 */
int kernel_log_read(const struct fs_root *root, int journal_ms, char **ret) must_check;

/* A line of it without its priority, with which those of syslog(2) begin: "<6>". */
const char *kernel_log_text(const char *line);

/*
 * The last LINES lines in which WORD is, such as the address of a device. Returns 0 with a new
 * text, one line each, or with NULL when there is none or the log cannot be read; -ENOMEM.
 */
int kernel_log_about(const struct fs_root *root, const char *word, size_t lines,
		     char **ret) must_check;

#endif
