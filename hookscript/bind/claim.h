/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims: of two VMs that start with one device at the same time, only one gets it. */
#ifndef HOOKSCRIPT_BIND_CLAIM_H
#define HOOKSCRIPT_BIND_CLAIM_H

#include "hookscript/plan/plan.h"
#include "hookscript/records/record.h"
#include "hookscript/settings/settings.h"

/*
 * Claims the plan's devices for the VM by their records, all or none, under the claims lock.
 * Returns 0; -EAGAIN when a record is not what the plan saw, so that planning has to start anew;
 * -EBUSY when a lock was still held at DEADLINE (host/base/clock.h); -errno. Nothing below /sys
 * is written.
 */
int claim_plan(const struct fs_root *root, unsigned int vmid, int64_t deadline,
	       const struct settings *settings, const struct plan *plan) must_check;

#endif
