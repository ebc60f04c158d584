/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As whom a process runs: what it may open. */
#ifndef HOST_PROCESS_IDS_H
#define HOST_PROCESS_IDS_H

#include <sys/types.h>

#include "host/base/fs.h"

/* Whether each thread of the process runs as root by all of its users (real, effective, saved, for
 * files). False also when that cannot be read. */
bool process_is_roots(const struct fs_root *root, pid_t pid);

/*
 * Whether a user has started it, and a setuid program has made it root's: it keeps the descriptors
 * that the user had opened. False also when that cannot be read.
 */
bool process_was_raised(const struct fs_root *root, pid_t pid);

struct owner_ids {
	uid_t uid;
	gid_t gid;
};

/*
 * Whether a thread of the process runs as root, but not by a setuid program alone, or as one of N
 * users or groups that own something, by any of its own users or groups. True also when that cannot
 * be read, but for a process that has ended. Of very many threads, the first thousands count.
 */
bool process_may_be(const struct fs_root *root, pid_t pid, const struct owner_ids *ids, size_t n);

#endif
