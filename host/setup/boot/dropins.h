/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that are host-setup's own, and its words in etc/kernel/cmdline: adding and removing
 * them, as edits.
 */
#ifndef HOST_SETUP_BOOT_DROPINS_H
#define HOST_SETUP_BOOT_DROPINS_H

#include "host/setup/boot/edit.h"
#include "host/setup/state/hoststate.h"
#include "host/setup/wanted.h"

#define DROPIN_GRUB    "etc/default/grub.d/zz-pve-passthrough.cfg" /* read last: it appends */
#define DROPIN_MODULES "etc/modules-load.d/pve-passthrough.conf"
#define DROPIN_OPTIONS "etc/modprobe.d/pve-passthrough.conf"
#define KERNEL_CMDLINE "etc/kernel/cmdline"

/*
 * Removes all that is ours: the three files, when they begin with our mark, and the words that
 * STATE remembers. Returns 0 or -errno.
 */
int dropins_remove(struct edits *edits, const struct hoststate *state) must_check;

/* Whether the file PATH, one of the three, is there without our mark, so that it may not be
 * overwritten: 1 or 0; -errno when that cannot be read. */
int dropins_is_foreign(const struct fs_root *root, const char *path) must_check;

/*
 * Adds the words that are in our file for GRUB, and those that STATE remembers and
 * etc/kernel/cmdline has, each once. None of a file for GRUB that is not clear (grubcfg.h). Returns
 * 0 or -errno.
 */
int dropins_read_words(const struct fs_root *root, const struct hoststate *state,
		       struct conf_items *ret) must_check;

/* Whether our file for modprobe sets the option: 1 or 0; -errno when it cannot be read. */
int dropins_has_option(const struct fs_root *root, const struct wanted_option *option) must_check;

/* Writes our file for GRUB with the words; none: no such file. Returns 0 or -errno. */
int dropins_write_grub(struct edits *edits, const struct conf_items *words) must_check;

/*
 * Adds the words to etc/kernel/cmdline after those that are there, removes those that STATE
 * remembers and WORDS lacks, and leaves those that are in both where they are. A file that does not
 * exist is not made. Returns 0 or -errno.
 */
int dropins_write_cmdline(struct edits *edits, const struct hoststate *state,
			  const struct conf_items *words) must_check;

/* Writes our list of modules; none: no such file. Returns 0 or -errno. */
int dropins_write_modules(struct edits *edits, const char *const *modules, size_t n) must_check;

/* Writes "options MODULE OPTION=1" to our file for modprobe; none: no such file. Returns 0 or
 * -errno. */
int dropins_write_options(struct edits *edits, const struct wanted_option *options,
			  size_t n) must_check;

/* Removes what a crash in the middle of a write may have left beside those files. Returns 0 or
 * -errno. */
int dropins_clean(const struct fs_root *root) must_check;

#endif
