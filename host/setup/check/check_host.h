/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole checklist: what every start needs (host/pci/check.h), and what only `host-setup check`
 * prints. */
#ifndef HOST_SETUP_CHECK_CHECK_HOST_H
#define HOST_SETUP_CHECK_CHECK_HOST_H

#include "host/pci/check.h"

/* The next boot, as configured; from the caller, who knows the boot loader. */
struct check_next_boot {
	const char *cmdline;		 /* for the next boot; NULL: unknown */
	const char *evidence;		 /* which boot loader and file; or why it is unknown */
	const struct check_cures *cures; /* of what every start needs; NULL: general ones */
	const char *modules_at_boot; /* where the lists are that load vfio-pci's modules at boot;
					NULL: on none */
	const char *modules_kept;    /* the line of modprobe.d that keeps one of them from being
					loaded then, with its place; NULL: none */
	bool cut;		     /* cmdline is only what the kernel will keep of it */
	bool running_cut;	     /* the running one has not kept all of its own */
};

/* Adds everything but the kernel's log, the essentials included. Returns 0 or -errno. */
int check_host(const struct fs_root *root, const struct check_next_boot *next,
	       struct checklist *list) must_check;

#endif
