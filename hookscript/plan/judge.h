/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a start of any VM would refuse of each device of this host. */
#ifndef HOOKSCRIPT_PLAN_JUDGE_H
#define HOOKSCRIPT_PLAN_JUDGE_H

#include "host/pci/summary.h"

/*
 * Fills in which VMs name each device, and why a start with it would be refused now, as plan_make()
 * judges it; "; " between several reasons. Not that it is the platform's own, which its class says.
 * Returns 0 or -errno. A device_judge.
 */
int judge_devices(const struct fs_root *root, struct device_summaries *list) must_check;

#endif
