/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files and scripts that set a PF's number of VFs at boot, by sriov_numvfs or by udev. */
#ifndef HOST_SETUP_SRIOV_SETTERS_FILES_H
#define HOST_SETUP_SRIOV_SETTERS_FILES_H

#include "host/setup/conf/cmdline.h"
#include "host/setup/sriov/setters_match.h"

struct setters {
	struct conf_items active;  /* they set it at boot, or may */
	struct conf_items dormant; /* of units that are not enabled */
};

void setters_free(struct setters *setters);

#define auto_setters cleanup_with(setters_free)

/*
 * Adds those of setters_find() that are no parameter of a module. A file that another one of its
 * name replaces does not count. Returns 0 or -errno.
 */
int setters_find_in_files(const struct fs_root *root, const struct setters_pf *pf,
			  struct setters *ret) must_check;

#endif
