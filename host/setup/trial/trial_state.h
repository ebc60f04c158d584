/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of the boot that is on trial: `host-setup enable --confirm-within` has made it, and the
 * first boot with it is to be confirmed. It is armed on disk before the first file of the change is
 * written, so whatever boots with the new words is on trial.
 */
#ifndef HOST_SETUP_TRIAL_TRIAL_STATE_H
#define HOST_SETUP_TRIAL_TRIAL_STATE_H

#include "host/setup/conf/cmdline.h"

#include "host/base/statefile.h"

#define TRIAL_PATH STATE_DIR "/confirm"
#define TRIAL_UNIT "pve-passthrough-confirm.service"

#define TRIAL_MINUTES_MAX 1440

enum trial_stage {
	TRIAL_NONE,	/* there is none */
	TRIAL_ARMED,	/* the only one in which something is undone */
	TRIAL_UNDOING,	/* disarmed: the undo has begun */
	TRIAL_UNDONE,	/* and has ended well */
	TRIAL_NOT_DONE, /* and has failed, or was refused */
};

struct trial {
	enum trial_stage stage;
	unsigned int minutes;  /* in which it is to be confirmed */
	char *armed_in;	       /* the id of the boot in which enable was run */
	char *tried_in;	       /* of the boot in which the clock runs; NULL: in none yet */
	int64_t since_ms;      /* when that began there, on CLOCK_MONOTONIC */
	struct fs_names words; /* that the kernel of such a boot has */
	char *bootloader;      /* that of `--bootloader`; NULL: it was not given */
};

/* Reads it; TRIAL_NONE: there is no file. Returns 0 (free with trial_free()); -EBADMSG when a line
 * cannot be understood; -errno. */
int trial_read(const struct fs_root *root, struct trial *ret) must_check;

/* Writes it, durably; TRIAL_NONE removes it, and its directory when nothing else is there. Returns
 * 0 or -errno. */
int trial_write(const struct fs_root *root, const struct trial *trial) must_check;

/* Removes it, whatever it says. Returns 0 or -errno. */
int trial_remove(const struct fs_root *root) must_check;

/* The id of this boot (Linux: drivers/char/random.c, boot_id). Returns 0 with a new string, or
 * -errno. */
int trial_boot_id(const struct fs_root *root, char **ret) must_check;

enum trial_due {
	TRIAL_NOTHING,	  /* no trial */
	TRIAL_NOT_BOOTED, /* still the boot in which enable was run */
	TRIAL_OTHER_BOOT, /* of a recovery entry, or without the words: not what is on trial */
	TRIAL_BEGINS,	  /* the first boot: the clock is to be started */
	TRIAL_RUNS,	  /* it runs in this boot */
	TRIAL_AGAIN,	  /* a later boot, and still not confirmed */
	TRIAL_TOLD,	  /* something was undone, or not, and nobody has been told */
};

/* What TRIAL is in the boot BOOT_ID, whose kernel command line is RUNNING. Pure. */
enum trial_due trial_judge(const struct trial *trial, const char *boot_id,
			   const struct conf_items *running);

void trial_free(struct trial *trial);

#define auto_trial cleanup_with(trial_free)

/* What a change of the boot does to it. AFTER is TRIAL_NONE when it does nothing. */
struct trial_change {
	struct trial before, after;
};

void trial_change_free(struct trial_change *change);

#define auto_trial_change cleanup_with(trial_change_free)

#endif
