/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mounts of a mount namespace, as /proc/PID/mountinfo lists them. */
#ifndef HOST_USAGE_MOUNTS_H
#define HOST_USAGE_MOUNTS_H

#include "host/base/base.h"

/* A line of mountinfo. */
struct mount {
	const char *numbers; /* "8:1"; that of btrfs is of no device */
	const char *root;    /* what of the file system is mounted: "/", "net:[4026532281]" */
	const char *where;
	const char *type;   /* "ext4"; "" when the line ends before it */
	const char *source; /* "/dev/sda1", "rpool/ROOT/pve-1"; NULL for none */
};

/*
 * Calls LOOK for each mount of TABLE, the text of a mountinfo, until it returns something but 0.
 * Returns that, 0, or -ENOMEM. Pure. (Linux: Documentation/filesystems/proc.rst)
 */
int mounts_each(const char *table, int (*look)(const struct mount *mount, void *arg),
		void *arg) must_check;

/* Replaces the \040 of /proc and of fstab(5) in place by the characters that they stand for. */
void mounts_unescape(char *text);

#endif
