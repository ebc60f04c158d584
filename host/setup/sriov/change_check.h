/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a change of a PF's number of VFs is refused. */
#ifndef HOST_SETUP_SRIOV_CHANGE_CHECK_H
#define HOST_SETUP_SRIOV_CHANGE_CHECK_H

#include "host/setup/sriov/change_state.h"

/*
 * Looks for a reason, and says it with its cure: the PF can have no VFs or not so many, is taken,
 * something else sets the number already, or VFs that are in use would vanish. The entry of a
 * device that another one has replaced may be taken out: then that one counts as not there. Returns
 * 0, or an exit code of options.h.
 */
int change_check(struct change *change) must_check;

#endif
