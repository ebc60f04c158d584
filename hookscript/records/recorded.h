/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices are recorded for a VM. Reports records that cannot be used. */
#ifndef HOOKSCRIPT_RECORDS_RECORDED_H
#define HOOKSCRIPT_RECORDS_RECORDED_H

#include "hookscript/records/record.h"

/*
 * The devices recorded for the VM, in order of address. An invalid record is renamed to
 * BDF.broken, with a warning. One that cannot be read stays, with an error, and is counted in
 * *RET_UNREAD: it may be this VM's. Returns 0 and a new array in *RET (the caller frees it), or
 * -errno.
 */
int recorded_list(const struct fs_root *root, unsigned int vmid, struct bdf **ret, size_t *ret_n,
		  size_t *ret_unread) must_check;

/* The same for N devices: moves those recorded for the VM to the front. Returns their number. */
size_t recorded_keep(const struct fs_root *root, unsigned int vmid, struct bdf *devices, size_t n,
		     size_t *ret_unread);

/* Moves those of the N devices that no worker holds, or hangs with, to the front, in order. Returns
 * their number. */
size_t recorded_keep_idle(const struct fs_root *root, struct bdf *devices, size_t n);

/* Whether devices may still be recorded for the VM; a record that cannot be read counts. Reports
 * nothing. */
bool recorded_any(const struct fs_root *root, unsigned int vmid);

#endif
