/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What enable and disable both begin with: how the host boots, and what is remembered of earlier
 * runs. */
#ifndef HOST_SETUP_CURRENT_H
#define HOST_SETUP_CURRENT_H

#include "host/setup/bootloader.h"
#include "host/setup/hoststate.h"

struct current {
	struct bootloader bootloader;
	struct hoststate state;
};

/*
 * Reads both; OVERRIDE is that of bootloader_detect(). Returns 0 (free with current_free()), or,
 * having said why, one of the exit codes of enable.h.
 */
int current_read(const struct fs_root *root, const char *override, struct current *ret) must_check;

/* Says that something could not be read, so that nothing was changed. Returns ENABLE_FAILED. */
int current_say_failed(int err);

void current_free(struct current *current);

#endif
