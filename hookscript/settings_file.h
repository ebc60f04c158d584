/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One settings file: whether it can be trusted, and which of its keys are for the VM. For
 * hookscript/settings.c only. */
#ifndef HOOKSCRIPT_SETTINGS_FILE_H
#define HOOKSCRIPT_SETTINGS_FILE_H

#include "hookscript/settings_values.h"

/* Reads the file over what reader->settings holds: what it has for all VMs and then for VMID.
 * Returns 0; -ENOENT when there is none; or -errno, and reader->why says what is wrong where,
 * unless memory was short. */
int settings_file_read(struct settings_reader *reader, const struct fs_root *root,
		       unsigned int vmid) must_check;

#endif
