/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change of what is held early, as far as it has been read and planned. */
#ifndef HOST_SETUP_EARLY_EARLY_STATE_H
#define HOST_SETUP_EARLY_EARLY_STATE_H

#include "host/pci/sriov_conf.h"
#include "host/setup/commit.h"

/* A device that is to be held. */
struct early_target {
	struct early_id id;
	struct bdf with; /* the device that was asked for */
	char *driver;	 /* NULL: none */
};

struct early_change {
	const struct fs_root *root;
	const struct setup_options *options;
	struct sriov_conf conf; /* as it is, and then as it will be */
	struct early_target *targets;
	size_t n_targets;
	struct early_ids kinds; /* all devices of the host that are like one of the targets */
};

/* The target at the address, or NULL. */
struct early_target *early_target_find(const struct early_change *change, const struct bdf *bdf);

/* Adds the device, unless it is there. Returns 0; -errno of early_id_read(). */
int early_change_add(struct early_change *change, const struct bdf *bdf,
		     const struct bdf *with) must_check;

/* Gives the entries of CHANGE->conf the addresses that their devices have now: the numbers of buses
 * change with the cards. One that is gone keeps its own. Returns 0 or -errno. */
int early_change_renew(struct early_change *change) must_check;

/* Reports that something could not be read, so that nothing was changed. Returns ENABLE_FAILED. */
int early_say_failed(int err);

void early_change_free(struct early_change *change);

#define auto_early_change cleanup_with(early_change_free)

#endif
