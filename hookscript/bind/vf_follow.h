/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which virtual function an entry gets Proxmox VE decides after pre-start. Once the VM runs, the
 * one that it has must have what the settings want of it.
 */
#ifndef HOOKSCRIPT_BIND_VF_FOLLOW_H
#define HOOKSCRIPT_BIND_VF_FOLLOW_H

#include "hookscript/plan/facts/facts.h"

/*
 * At post-start, after what Proxmox VE took is recorded: sets on each VF of the VM what its entry
 * wants, where its record does not have that yet. LAST: where that fails, disables the VF's link,
 * so that the guest is in no network rather than in a wrong one, and reports it. Returns 0, or
 * -errno of the first failure; then *RET_AGAIN is whether it is to be tried again: what a VF has
 * could not be read, which is no answer of its card.
 */
int vf_follow(const struct fs_root *root, const struct facts *facts, bool last,
	      bool *ret_again) must_check;

#endif
