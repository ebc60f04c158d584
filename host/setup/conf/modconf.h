/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of modules-load.d and modprobe.d, for bootcfg. Pure. */
#ifndef HOST_SETUP_CONF_MODCONF_H
#define HOST_SETUP_CONF_MODCONF_H

#include "host/setup/conf/cmdline.h"

/*
 * Adds the names in a file of modules to load: one a line, with '_' for '-'; comments begin with
 * '#' or ';' (modules-load.d(5)). TEXT is modified. Returns 0 or -ENOMEM.
 */
int modconf_read_modules(struct conf_items *modules, const char *file, char *text) must_check;

/*
 * Adds from a file of modprobe.d (modprobe.d(5); a backslash at a line's end continues it) the
 * lines "options ..." to the options, and those that keep vfio's modules from being loaded to the
 * contradictions. TEXT is modified. Returns 0 or -ENOMEM.
 */
int modconf_read_modprobe(struct conf_items *options, struct conf_items *contradictions,
			  const char *file, char *text) must_check;

/* What a line of modprobe.d does against passthrough, in words; NULL: nothing. */
const char *modconf_line_effect(const char *line);

/* Whether the LEN characters at NAME are a module that passthrough needs. */
bool modconf_is_vfio(const char *name, size_t len);

#endif
