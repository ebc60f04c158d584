/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mounts of a mount namespace, as /proc/PID/mountinfo lists them. */
#ifndef HOST_USAGE_MOUNTS_H
#define HOST_USAGE_MOUNTS_H

#include <sys/types.h>

#include "host/base/fs.h"

/* A line of mountinfo. */
struct mount {
	const char *numbers; /* "8:1"; that of btrfs is of no device */
	const char *root;    /* what of the file system is mounted: "/", "net:[4026532281]" */
	const char *where;
	const char *type;   /* "ext4"; "" when the line ends before it */
	const char *source; /* "/dev/sda1", "rpool/ROOT/pve-1"; NULL for none */
};

struct mounts {
	struct mount *items;
	size_t n;
	char *text; /* what the items point into */
};

/*
 * Reads the mounts of process PID's namespace; 1 has the host's own, whatever namespace this
 * process was put in. A tree without the file has none; of a process of the running system, that is
 * -ENOENT. Returns 0 (free with mounts_free()) or -errno. (Linux:
 * Documentation/filesystems/proc.rst)
 */
int mounts_read(const struct fs_root *root, pid_t pid, struct mounts *ret) must_check;
void mounts_free(struct mounts *mounts);

/* Calls LOOK for each of them until it returns something but 0. Returns that, or 0. */
int mounts_each(const struct mounts *mounts, int (*look)(const struct mount *mount, void *arg),
		void *arg) must_check;

/* Replaces the \040 of /proc and of fstab(5) in place by the characters that they stand for. */
void mounts_unescape(char *text);

#define auto_mounts cleanup_with(mounts_free)

#endif
