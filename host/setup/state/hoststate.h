/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `host-setup enable` records for `host-setup disable`: the words that it adds to files that
 * are not its own, and the directories that it makes. It is written before they are, so after a
 * crash it may name more than was done, never less.
 */
#ifndef HOST_SETUP_STATE_HOSTSTATE_H
#define HOST_SETUP_STATE_HOSTSTATE_H

#include "host/base/statefile.h"

#define HOSTSTATE_PATH STATE_DIR "/host-setup"

struct hoststate {
	bool exists;
	bool pending;	       /* files were changed, and the commands may not have been run */
	char *command;	       /* of that change; NULL: not known, an earlier version wrote it */
	struct fs_names words; /* in etc/kernel/cmdline */
	struct fs_names dirs;  /* in the order they were made */
};

/* Reads it; *ret->exists is false when there is none. Returns 0 (free with hoststate_free());
 * -EBADMSG when a line cannot be understood; -errno. */
int hoststate_read(const struct fs_root *root, struct hoststate *ret) must_check;

/* Writes it, durably, when it is another than what is there. Returns 0 or -errno. */
int hoststate_write(const struct fs_root *root, const struct hoststate *state) must_check;

/* Removes it, and its directory when nothing else is there. Returns 0 or -errno. */
int hoststate_remove(const struct fs_root *root) must_check;

/* Adds the words and directories of FROM to those of STATE. Returns 0 or -ENOMEM. */
int hoststate_merge(struct hoststate *state, const struct hoststate *from) must_check;

void hoststate_free(struct hoststate *state);

#define auto_hoststate cleanup_with(hoststate_free)

#endif
