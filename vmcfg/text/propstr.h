/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proxmox VE's property strings ("01:00,pcie=1"), as pve-common reads them (PVE/JSONSchema.pm,
 * parse_property_string and check_object):
 *
 *  - parts are split at ','; parts of nothing but white space are skipped; nothing is trimmed;
 *  - KEY=VALUE, neither empty; the value may contain further '='; a repeated key is an error;
 *  - a part without '=' is the default key's value; there is one at most, and it replaces a value
 *    given with its key only when that is "0", which counts as unset;
 *  - a boolean given with its key is 1 on yes true or 0 off no false in any case, but the default
 *    key's is 1 or 0 only;
 *  - the values are checked after all parts are read, so a replaced value may be invalid.
 *
 * Pure.
 */
#ifndef VMCFG_TEXT_PROPSTR_H
#define VMCFG_TEXT_PROPSTR_H

#include <math.h>

#include "host/base/base.h"
#include "vmcfg/text/text.h"

struct propstr_key {
	const char *name;
	/* Whether VALUE is valid; may use the fields below. NULL accepts anything. */
	bool (*check)(const struct propstr_key *key, struct text value);
	/* What it must be, for people, marked for translation; the choices of propstr_is_choice,
	 * joined with '|'. */
	const char *expected;
	double min, max; /* of propstr_is_integer and propstr_is_number, both included */
	size_t len_max;	 /* in bytes; 0 is no limit */
	bool is_default; /* the key of a part without one */
	bool required;
};

struct propstr_format {
	const struct propstr_key *keys;
	size_t n_keys;
};

#define PROPSTR_FORMAT(table) .keys = (table), .n_keys = ARRAY_SIZE(table)

/* No limit. */
#define PROPSTR_ANY INFINITY

/*
 * Reads TEXT into VALUES, which has an element for every key of FORMAT: pieces of TEXT, or of a
 * constant ("1" and "0" for booleans), or an AT of NULL where the key was not given. Returns 0;
 * -EINVAL with a new string in *ret_why (when not NULL) that says which part is wrong and why;
 * -ENOMEM. VALUES are undefined after an error.
 */
int propstr_parse(const struct propstr_format *format, struct text text, struct text *values,
		  char **ret_why) must_check;

/* Proxmox VE's booleans: 1 or 0, or -1 when VALUE is not one. */
int propstr_bool(struct text value);

/* Checks for struct propstr_key. */
bool propstr_is_bool(const struct propstr_key *key, struct text value);
bool propstr_is_choice(const struct propstr_key *key, struct text value);
bool propstr_is_integer(const struct propstr_key *key, struct text value);
bool propstr_is_number(const struct propstr_key *key, struct text value);
bool propstr_is_configid(const struct propstr_key *key, struct text value);

/* What propstr_is_bool and propstr_is_configid expect, for people: to be shown by _(). */
#define PROPSTR_EXPECT_BOOL	N_("1, on, yes, true, 0, off, no or false")
#define PROPSTR_EXPECT_CONFIGID N_("a letter and one or more letters, digits, '_' or '-'")

#endif
