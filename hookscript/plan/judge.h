/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of this host: which VMs name them, and why no VM could start with them. */
#ifndef HOOKSCRIPT_PLAN_JUDGE_H
#define HOOKSCRIPT_PLAN_JUDGE_H

#include "hookscript/plan/facts/node_vms.h"
#include "host/pci/summary.h"

/*
 * Fills in which VMs name each device, how often it came back from them, and why a start with it
 * would be refused now, as plan_make() judges it; "; " between several reasons. Returns 0 or
 * -errno. A device_judge.
 */
int judge_devices(const struct fs_root *root, struct device_summaries *list) must_check;

/* Whether the device is recorded as taken, or being taken, for a VM: 1 with *RET_VMID (0: for a
 * test); 0; -errno when that is unknown. */
int judge_taken(const struct fs_root *root, const struct bdf *bdf,
		unsigned int *ret_vmid) must_check;

#endif
