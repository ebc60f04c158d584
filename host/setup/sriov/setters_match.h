/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a text of the host's configuration is about a PF. */
#ifndef HOST_SETUP_SRIOV_SETTERS_MATCH_H
#define HOST_SETUP_SRIOV_SETTERS_MATCH_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

/* A PF, by all that such texts name one by. */
struct setters_pf {
	struct bdf bdf;
	char *driver;		    /* NULL: none */
	char *module;		    /* that it is in; NULL: none is known */
	struct fs_names interfaces; /* their names, and those that udev knows besides */
	struct fs_names macs;
	struct fs_names others; /* interfaces of other devices */
};

/* Reads it. Returns 0 (free with setters_pf_free()) or -errno. */
int setters_pf_read(const struct fs_root *root, const struct bdf *bdf,
		    struct setters_pf *ret) must_check;
void setters_pf_free(struct setters_pf *pf);

enum setters_match {
	SETTERS_UNCLEAR, /* it names none */
	SETTERS_OTHER,	 /* it names others only */
	SETTERS_OURS,
};

/* By the addresses and interfaces in TEXT. Pure. */
enum setters_match setters_match(const struct setters_pf *pf, const char *text);

/* The same of a rule of udev(7), by its keys, too; and of a whole .link file, by its section
 * [Match] (systemd.link(5)). Pure. */
enum setters_match setters_match_rule(const struct setters_pf *pf, const char *rule);
enum setters_match setters_match_link(const struct setters_pf *pf, const char *text);

#define auto_setters_pf cleanup_with(setters_pf_free)

#endif
