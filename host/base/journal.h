/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries for systemd's journal, by its own protocol (systemd: "Native Journal Protocol"): one
 * datagram an entry, with fields that journalctl can search for.
 */
#ifndef HOST_BASE_JOURNAL_H
#define HOST_BASE_JOURNAL_H

#include "host/base/fs.h"

/* NAME: upper-case letters, digits and '_', not a digit first. VALUE: UTF-8; NULL: none. */
struct journal_field {
	const char *name;
	const char *value;
};

/*
 * The N fields as the journal reads them, in their order: NAME=VALUE, or, where the value has
 * newlines, its length before it. Pure. Returns a new text of *ret_size bytes, or NULL without
 * memory.
 */
char *journal_format(const struct journal_field *fields, size_t n, size_t *ret_size) must_check;

/*
 * Sends an entry to the journal that listens below ROOT, over a connection of its own, so that
 * journald may be restarted. Waits at most WAIT_MS milliseconds. Returns 0; -EAGAIN when the
 * journal did not read in that time; -ENOENT or -ECONNREFUSED when there is none; -errno.
 */
int journal_send(const struct fs_root *root, const struct journal_field *fields, size_t n,
		 int wait_ms) must_check;

#endif
