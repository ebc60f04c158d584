/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the PFs and their VFs on standard output, for people and for programs. */
#ifndef HOST_SETUP_SRIOV_PFS_PRINT_H
#define HOST_SETUP_SRIOV_PFS_PRINT_H

#include "host/setup/sriov/pfs.h"

/* A few lines for each PF, and one for each of its VFs. */
void pfs_print(const struct pfs *pfs);

/*
 * The same as one JSON object: {"pfs": [{"address", "name", "identity", "driver", "interfaces",
 * "down", "possible", "made", "configured", "host_driver", "problem", "vfs": [{"address", "number",
 * "driver", "mac", "vlan", "taken_by", "used", "uses", "vms"}]}]}. Returns 0 or -ENOMEM.
 */
int pfs_print_json(const struct pfs *pfs) must_check;

#endif
