/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest behind a virtual function does not reach guests on the bridge that the physical function
 * is a port of: the card passes nothing to the PF that is not for its own MAC. So while a VF is
 * taken whose record says so, the MACs of guests on that bridge are entered on the PF. What was
 * entered is noted in /run/pve-passthrough/records/PF.fdb before, so that nothing else is ever
 * removed.
 */
#ifndef HOOKSCRIPT_BIND_FDB_GUESTS_H
#define HOOKSCRIPT_BIND_FDB_GUESTS_H

#include "hookscript/records/recorded.h"

/* Whether one of the records wants that. */
bool fdb_is_wanted(const struct recorded *recorded);

/* Whether one of the PFs that they name is a port of a bridge; also when that is unknown. */
bool fdb_has_bridge(const struct fs_root *root, const struct recorded *recorded);

/* Whether something is noted; also when that is unknown. */
bool fdb_is_noted(const struct fs_root *root);

/*
 * Enters what is to be entered on all PFs, by the records and the guests that run now, and removes
 * what is not any more. A worker does it, within some seconds. Returns 0 or -errno, reported with
 * REPORT.
 */
int fdb_update(const struct fs_root *root, bool report);

#endif
