/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of modules-load.d and modprobe.d, for bootcfg. Pure. */
#ifndef HOST_SETUP_BOOT_MODCONF_H
#define HOST_SETUP_BOOT_MODCONF_H

#include "host/base/base.h"

/* A line of a file. */
struct bootcfg_line {
	char *text; /* the module's name; the word or line that contradicts */
	char *file; /* without a leading '/' */
	unsigned int line;
	char *effect; /* of a contradiction: what it does; NULL for a module */
};

struct bootcfg_lines {
	struct bootcfg_line *items;
	size_t n;
};

/* Adds a line; TEXT, FILE and EFFECT (may be NULL) are copied. Returns 0 or -ENOMEM. */
int modconf_add(struct bootcfg_lines *lines, const char *text, const char *file, unsigned int line,
		const char *effect) must_check;

/*
 * Adds what a file of module names holds to the modules: one a line, comments begin with '#' or ';'
 * (modules-load.d(5)). TEXT is cut up. Returns 0 or -ENOMEM.
 */
int modconf_read_modules(struct bootcfg_lines *modules, const char *file, char *text) must_check;

/*
 * Adds what a file of modprobe.d holds (modprobe.d(5); a backslash at a line's end continues it) to
 * the options, and what keeps vfio's modules from being loaded to the contradictions. TEXT is cut
 * up. Returns 0 or -ENOMEM.
 */
int modconf_read_modprobe(struct bootcfg_lines *options, struct bootcfg_lines *contradictions,
			  const char *file, char *text) must_check;

/* Whether NAME is the LEN characters at TEXT; '-' and '_' are one. */
bool modconf_name_is(const char *name, const char *text, size_t len);

/* Whether the LEN characters at NAME are a module without which nothing is passed through. */
bool modconf_is_vfio(const char *name, size_t len);

void modconf_lines_free(struct bootcfg_lines *lines);

#endif
