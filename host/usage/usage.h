/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host itself uses its PCI devices for. The kernel refuses no unbind, not of a mounted
 * disk nor of the network card of the default route, so a start has to look first. Judged by use,
 * not by class. Nothing is changed, and nothing is read that blocks while a device is stuck.
 */
#ifndef HOST_USAGE_USAGE_H
#define HOST_USAGE_USAGE_H

#include "host/base/fs.h"
#include "host/usage/finding.h"
#include "host/usage/survey.h"

/*
 * Looks at N devices, which are no bridges with a bus below. Disks are opened, by a worker: one
 * that does not answer within seconds counts as in use. Returns 0 (free with usage_free()) or
 * -errno.
 */
int usage_read(const struct fs_root *root, const struct usage_device *devices, size_t n,
	       struct usage *ret) must_check;

/* The same, and adds to SURVEY, which is empty, what is below the devices, which must outlive it;
 * and on top of their disks, but of those that the host runs from. */
int usage_read_survey(const struct fs_root *root, const struct usage_device *devices, size_t n,
		      struct usage *ret, struct survey *survey) must_check;

#endif
