/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often a device came back to the host when a VM with it stopped,
 * /var/lib/pve-passthrough/returns/ADDRESS: counts across boots, of the device that is at that
 * address now. A libconfig file that only root can read, replaced as a whole.
 */
#ifndef HOOKSCRIPT_RECORDS_RETURNS_H
#define HOOKSCRIPT_RECORDS_RETURNS_H

#include "hookscript/records/record_text.h"
#include "host/base/statefile.h"

#define RETURNS_DIR STATE_DIR "/returns"

struct returns {
	unsigned int times; /* it came back */
	unsigned int of;    /* so many stops */
	int64_t last;	    /* when it came back last, in seconds since 1970; 0: never */
};

/*
 * Reads them for the device at BDF, which is IDENTITY. Zeroes when there is no file, or it is that
 * of another device. Returns 0; -EINVAL when it is not such a file, -EPROTONOSUPPORT when a newer
 * version wrote it in a format unknown here; -errno.
 */
int returns_read(const struct fs_root *root, const struct bdf *bdf,
		 const struct pci_identity *identity, struct returns *ret) must_check;

/* "came back 12 of 12 times, last on 2026-11-30"; a new string, or NULL: it has never been given
 * back, or no memory. */
char *returns_text(const struct returns *returns) must_check;

/*
 * Counts that the device of RECORD came BACK, or did not, when its VM had stopped. Of one start
 * (its claim) a device counts once; when it did not come back at first, and does later, it has.
 * STOP: false, when it is not known that the VM ran: then only the latter is noted. Returns 0 or
 * -errno.
 */
int returns_count(const struct fs_root *root, const struct record *record, bool back,
		  bool stop) must_check;

#endif
