/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `host-setup enable` and `host-setup disable`: the kernel command line, the lists of modules, and
 * the commands that make them take effect. All that is written is a file of our own, or words that
 * are recorded in /var/lib/pve-passthrough/host-setup before they are written.
 */
#ifndef HOST_SETUP_ENABLE_H
#define HOST_SETUP_ENABLE_H

#include "host/setup/boot/problems.h"
#include "host/setup/options.h"

/*
 * Makes the host ready at its next boot. Reports through host/base/log.h, shows diffs on standard
 * output, and asks on the terminal; without one, and without YES, it changes nothing and refuses.
 * Returns one of the exit codes of options.h.
 */
int enable_run(const struct fs_root *root, const struct setup_options *options) must_check;

/*
 * Finds, without a word, all that enable_run() with default options would refuse because of or warn
 * of (problems.h). Returns 0 or -errno.
 */
int enable_find_problems(const struct fs_root *root, const struct bootloader *bootloader,
			 struct problems *ret) must_check;

/* Removes exactly what enable_run() added. Returns one of the exit codes of options.h. */
int disable_run(const struct fs_root *root, const struct setup_options *options) must_check;

#endif
