/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb `host-setup groups --html FILE`. */
#ifndef HOST_SETUP_PICTURE_PICTURE_VERB_H
#define HOST_SETUP_PICTURE_PICTURE_VERB_H

#include "host/pci/summary.h"

/*
 * Writes the page of the host below ROOT to FILE, which is not below ROOT; "-": to standard output.
 * An earlier page is replaced as a whole, and keeps its mode; what else is there stays. Returns an
 * exit code (host/setup/options.h).
 */
int picture_run(const struct fs_root *root, device_judge *judge, const char *file) must_check;

#endif
