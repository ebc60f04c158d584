/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats of single values (pve-common, PVE/JSONSchema.pm; PVE/Storage/Plugin.pm). Each takes any
 * bytes, and tells whether VALUE as a whole is of that format. Pure.
 */
#ifndef VMCFG_FORMAT_H
#define VMCFG_FORMAT_H

#include "host/base/base.h"
#include "vmcfg/text.h"

/*
 * Reads the number at the end of a key ("15") into *ret: one below COUNT, at most 999, without
 * leading zeros. False, and *ret left alone, when it is not one.
 */
bool format_parse_index(struct text digits, unsigned int count, unsigned int *ret);

bool format_is_dns_name(struct text value);
bool format_is_storage(struct text value); /* the id of one */
bool format_is_volume(struct text value);  /* STORAGE:NAME */
bool format_is_uuid(struct text value);

#endif
