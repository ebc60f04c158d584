/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files and scripts that set a PF's number of VFs at boot, by sriov_numvfs or by udev. */
#ifndef HOST_SETUP_SRIOV_SETTERS_FILES_H
#define HOST_SETUP_SRIOV_SETTERS_FILES_H

#include "host/setup/conf/cmdline.h"
#include "host/setup/sriov/setters_match.h"

/*
 * Adds those of setters_find() that are no parameter of a module. A file that another one of its
 * name replaces does not count, nor does a unit that is not enabled. Returns 0 or -errno.
 */
int setters_find_in_files(const struct fs_root *root, const struct setters_pf *pf,
			  struct conf_items *ret) must_check;

#endif
