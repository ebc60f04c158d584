/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices are recorded for a VM. Reports records that cannot be used. */
#ifndef HOOKSCRIPT_RECORDS_RECORDED_H
#define HOOKSCRIPT_RECORDS_RECORDED_H

#include "hookscript/records/record.h"

/* Records of one VM, in order of address. */
struct recorded {
	struct record **items;
	size_t n;
	size_t unread; /* further ones that may be the VM's and cannot be read; reported */
};

/*
 * The records of the VM as they are now. An invalid one is renamed to BDF.broken, with a warning.
 * One that cannot be read stays, with an error, and is counted. Returns 0 (free with
 * recorded_free()) or -errno.
 */
int recorded_list(const struct fs_root *root, unsigned int vmid, struct recorded *ret) must_check;
void recorded_free(struct recorded *recorded);

/* Leaves item I out. */
void recorded_drop(struct recorded *recorded, size_t i);

/* Leaves those out whose devices a worker holds, or hangs with. */
void recorded_drop_busy(const struct fs_root *root, struct recorded *recorded);

/* Whether devices may still be recorded for the VM; a record that cannot be read counts. Reports
 * nothing. */
bool recorded_any(const struct fs_root *root, unsigned int vmid);

#define auto_recorded cleanup_with(recorded_free)

#endif
