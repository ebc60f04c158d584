/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the settings files into the struct (hookscript/settings/settings.h), and prints it. */
#ifndef HOOKSCRIPT_SETTINGS_SETTINGS_READ_H
#define HOOKSCRIPT_SETTINGS_SETTINGS_READ_H

#include "hookscript/settings/settings.h"

/*
 * Reads the settings of VM VMID on this node. Without files: the defaults. Returns 0; or
 * -errno with the defaults and, in them, err and error, which names file, line, key and value:
 * -EINVAL for an unknown key, a wrong type or value, -EPERM when others than root can write a file.
 * Free with settings_free() in either case.
 */
int settings_read(const struct fs_root *root, unsigned int vmid, struct settings *ret);

/* settings_set_language() by the settings of VM VMID; if they cannot be read, it does nothing. */
void settings_set_language_of(const struct fs_root *root, unsigned int vmid);

/*
 * The settings as the text of a node's file, with where each comes from as a comment. Returns a new
 * string, or NULL without memory.
 */
char *settings_describe(const struct settings *settings) must_check;

#endif
