/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel command line that GRUB is configured with, read from the text of its settings:
 * etc/default/grub and etc/default/grub.d/, which are pieces of /bin/sh that grub-mkconfig sources.
 * Plain assignments are read as /bin/sh reads them. Nothing is run, so what depends on
 * anything else (a condition, a command's output) is unclear; then only grub.cfg (bootplace.h)
 * shows what the host is started with. What /bin/sh does not accept either, or what is a command by
 * mistake, as NAME = VALUE, is broken: grub-mkconfig has `set -e`. Pure. (Source of the rules:
 * POSIX.1-2017 XCU 2.2 and 2.6; GRUB util/grub-mkconfig.in.)
 */
#ifndef HOST_SETUP_CONF_GRUBCFG_H
#define HOST_SETUP_CONF_GRUBCFG_H

#include "host/setup/conf/cmdline.h"

/* A file of settings, in the order in which grub-mkconfig reads them. */
struct grubcfg_source {
	const char *file; /* without a leading '/' */
	const char *text;
};

/* What the text leaves unclear. */
struct grubcfg_unclear {
	char *file; /* NULL: nothing is unclear */
	unsigned int line;
	const char *what; /* what is there, a translated noun; static */
	bool broken;	  /* grub-mkconfig fails on it, or makes an entry that loses words */
};

struct grubcfg {
	/*
	 * GRUB_CMDLINE_LINUX and GRUB_CMDLINE_LINUX_DEFAULT: a normal entry's words. Each with the
	 * file and line where it is written out, or else where its variable was set last.
	 */
	struct conf_items words;
	struct grubcfg_unclear unclear; /* then there are no words */
};

/*
 * Evaluates the sources one after the other. What cannot affect the two variables, such as a
 * command substitution in GRUB_DISTRIBUTOR, is not unclear. Returns 0 (free with grubcfg_free()) or
 * -ENOMEM.
 */
int grubcfg_evaluate(const struct grubcfg_source *sources, size_t n,
		     struct grubcfg *ret) must_check;

void grubcfg_free(struct grubcfg *grubcfg);

#define auto_grubcfg cleanup_with(grubcfg_free)

#endif
