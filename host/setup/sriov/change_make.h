/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a change of a PF's number of VFs, or undoing it when a part fails. */
#ifndef HOST_SETUP_SRIOV_CHANGE_MAKE_H
#define HOST_SETUP_SRIOV_CHANGE_MAKE_H

#include "host/setup/sriov/change_state.h"

/* Writes the file, has the service enabled or disabled, and the VFs made when that is to be NOW; or
 * undoes all of it, having said why. Returns an exit code of options.h. */
int change_make(const struct change *change) must_check;

#endif
