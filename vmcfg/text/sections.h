/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grammar that storage.cfg and mapping/pci.cfg share (pve-common, PVE/SectionConfig.pm,
 * parse_config). A section begins with a header in the first column and ends at an empty line, or a
 * line that is "0", nowhere else: a line of spaces, or the carriage return of a DOS text, does not
 * end it. Its other lines are "KEY" or "KEY VALUE", with white space before, between and after
 * them. Comments are skipped everywhere. Pure.
 */
#ifndef VMCFG_TEXT_SECTIONS_H
#define VMCFG_TEXT_SECTIONS_H

#include "host/base/base.h"
#include "vmcfg/text/text.h"

struct sections_reader {
	/*
	 * A line outside of a section. Returns 0 with *ret_begins telling whether a section begins
	 * and *ret_skip whether its lines are to be skipped (both false at first), or -errno.
	 */
	int (*header)(void *arg, struct text line, bool *ret_begins, bool *ret_skip);
	/* A line of a section; value.at is NULL when the key has none; LINE counts from 1. Returns
	 * 0 or -errno. */
	int (*setting)(void *arg, unsigned int line, struct text key, struct text value);
};

/* Reads TEXT. Returns 0; -EFBIG when it is longer than VMCFG_TEXT_MAX; or what READER returned. */
int sections_read(struct text text, const struct sections_reader *reader, void *arg) must_check;

#endif
