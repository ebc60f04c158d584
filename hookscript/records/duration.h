/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the last start of a VM took, from the claim of its devices in pre-start to post-start:
 * most of it is the time in which QEMU clears and pins the VM's memory. Kept across boots in
 * /var/lib/pve-passthrough/starts/VMID, a libconfig file that only root can read. No start is
 * decided by it: whoever reads it must do without.
 */
#ifndef HOOKSCRIPT_RECORDS_DURATION_H
#define HOOKSCRIPT_RECORDS_DURATION_H

#include "host/base/statefile.h"

#define DURATION_DIR STATE_DIR "/starts"

/* A start that took longer is none: a phase that somebody has run by hand. */
#define DURATION_MS_MAX ((int64_t)2 * 60 * 60 * 1000)

struct duration {
	int64_t ms;	       /* 0: nothing is kept */
	uint64_t mib;	       /* of the VM's memory */
	unsigned int page_kib; /* of most of its pages: 4, 2048 or 1048576 */
};

/* How long ago the VM's devices were claimed, in ms, by their records. 0: it has none, they cannot
 * be read, or that is longer ago than DURATION_MS_MAX. */
int64_t duration_since_claim(const struct fs_root *root, unsigned int vmid);

/* Keeps the time of VM VMID in place of what is kept, and forgets those of VMs that no node of the
 * cluster has any more. Returns 0 or -errno. */
int duration_write(const struct fs_root *root, unsigned int vmid,
		   const struct duration *duration) must_check;

/*
 * Reads what is kept for the VM. Returns 0, with an ms of 0 when that is nothing; or -errno:
 * -EINVAL when it is no such file, -EPROTONOSUPPORT when a newer version wrote it.
 */
int duration_read(const struct fs_root *root, unsigned int vmid, struct duration *ret) must_check;

#endif
