/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MACs that a network interface itself receives, beside its own: entries of its forwarding
 * database (bridge(8), "bridge fdb … self"). By rtnetlink(7), which may block for as long as the
 * kernel holds its lock of the network configuration: call these where a deadline is kept.
 */
#ifndef HOST_NET_FDB_H
#define HOST_NET_FDB_H

#include "host/base/fs.h"
#include "host/text/mac.h"

struct mac {
	uint8_t bytes[MAC_SIZE];
};

struct macs {
	struct mac *items;
	size_t n;
};

#define auto_macs cleanup_with(macs_free)

bool macs_have(const struct macs *macs, const struct mac *mac);

/* Adds it, unless it is there. Returns 0 or -ENOMEM. */
int macs_add(struct macs *macs, const struct mac *mac) must_check;
void macs_free(struct macs *macs);

/* Lists the entries of the interface NAME, in this network namespace. Returns 0 (free with
 * macs_free()) or -errno: -ENODEV without such an interface. */
int fdb_list(const struct fs_root *root, const char *name, struct macs *ret) must_check;

/* Adds an entry, and removes one. Returns 0 or -errno: -EEXIST when it is there, -ENOENT when it is
 * not. */
int fdb_add(const struct fs_root *root, const char *name, const struct mac *mac) must_check;
int fdb_remove(const struct fs_root *root, const char *name, const struct mac *mac) must_check;

#endif
