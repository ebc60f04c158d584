/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of the host's configuration: the files, the commands that make them take effect, and a
 * check of the result; or all of it is undone. The order is such that a power cut at any point
 * leaves a host that boots with the old or the new configuration, and a state that says what to do.
 */
#ifndef HOST_SETUP_COMMIT_H
#define HOST_SETUP_COMMIT_H

#include "host/setup/loader/bootloader.h"
#include "host/setup/boot/edit.h"
#include "host/setup/state/hoststate.h"
#include "host/setup/trial/trial_state.h"
#include "host/setup/wanted.h"

struct commit {
	const struct fs_root *root;
	const struct setup_options *options;
	struct bootloader bootloader;
	struct hoststate before; /* as it is, to be restored */
	struct hoststate during; /* written before the first file; pending */
	struct hoststate after;	 /* written at the end; when it does not exist, it is removed */
	struct edits edits;
	const struct wanted *wanted; /* what the result must have; NULL: nothing */
	struct conf_items gone;	     /* the words that some boot entry must no longer have */
	/* A further check of the result; NULL: none. Returns 0; -ENODATA with *RET_WHY; -errno. */
	int (*also)(const struct fs_root *root, char **ret_why);
	const struct trial_change *trial; /* made before the first file; NULL: none */
	const char *undo_by;		  /* what undoes the change; NULL: host-setup disable */
};

/*
 * Reads the boot loader and the state. COMMAND is what is run now, and once more if it is cut
 * short. Returns 0, or, having said why, one of the exit codes of options.h. Free with
 * commit_free() in either case.
 */
int commit_begin(const struct fs_root *root, const struct setup_options *options,
		 const char *command, struct commit *ret) must_check;

/* Reports that something could not be read, so that nothing was changed. Returns ENABLE_FAILED. */
int commit_say_failed(int err);

/*
 * Checks that the commands are there and the disks have room, shows the changes and asks as the
 * options want it, and makes them. On a root that does not run, the commands are printed and AFTER
 * is DURING: they have yet to be run. Returns ENABLE_DONE, ENABLE_REFUSED (answered no, or no
 * terminal to ask at), or ENABLE_FAILED, having said what went wrong and what was put back.
 */
int commit_carry_out(const struct commit *commit) must_check;

/* For what needs no change and no command: only brings the state up to AFTER. Returns ENABLE_DONE
 * or ENABLE_FAILED. */
int commit_finish(const struct commit *commit) must_check;

/*
 * Loads those of the modules that are not loaded, and reports each. Returns 0, or -errno of the
 * first that could not be.
 */
int commit_load_modules(const struct fs_root *root, const char *const *names, size_t n) must_check;

void commit_free(struct commit *commit);

#define auto_commit cleanup_with(commit_free)

#endif
