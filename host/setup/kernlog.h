/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's log as supporting evidence about the IOMMU. It never decides: the ring buffer
 * forgets. */
#ifndef HOST_SETUP_KERNLOG_H
#define HOST_SETUP_KERNLOG_H

#include "host/fs.h"

enum kernlog_topic {
	KERNLOG_IOMMU,	   /* DMAR:, AMD-Vi:, or another IOMMU driver speaks */
	KERNLOG_REMAPPING, /* interrupt remapping */
	KERNLOG_GROUP,	   /* a device was put into a group */
	KERNLOG_TOPICS
};

/* Lines of the log, at most KERNLOG_LINES_MAX a topic, and how many there were. */
#define KERNLOG_LINES_MAX 4

struct kernlog {
	char *lines[KERNLOG_TOPICS][KERNLOG_LINES_MAX];
	size_t n[KERNLOG_TOPICS];
};

/*
 * Picks the lines out of LOG, the text of `dmesg` or of `journalctl -k`. A line belongs to the
 * first topic that fits. Pure. Returns 0 (free with kernlog_free()) or -ENOMEM.
 */
int kernlog_parse(const char *log, struct kernlog *ret) must_check;

/*
 * Reads the running kernel's ring buffer, or, when that has forgotten the boot, the journal of this
 * boot; for another root its /var/log/dmesg. Returns 0 with a new text, or -errno.
 */
int kernlog_read(const struct fs_root *root, char **ret) must_check;

void kernlog_free(struct kernlog *log);

#endif
