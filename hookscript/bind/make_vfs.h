/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual functions that a VM needs, and that the boot should have made. */
#ifndef HOOKSCRIPT_BIND_MAKE_VFS_H
#define HOOKSCRIPT_BIND_MAKE_VFS_H

#include "hookscript/plan/plan.h"

/*
 * Has each PF of plan->vfs make the VFs that it is to have, in a worker, holding the lock on the
 * PF, so that two starts do not do it at once; the PF's record is not needed, for the VFs stay.
 * Reports each. Returns 0, and the facts have to be read again; or -errno.
 */
int make_vfs(const struct fs_root *root, unsigned int vmid, const struct plan *plan) must_check;

#endif
