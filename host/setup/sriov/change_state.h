/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change of a PF's number of VFs, as far as it has been read and planned. */
#ifndef HOST_SETUP_SRIOV_CHANGE_STATE_H
#define HOST_SETUP_SRIOV_CHANGE_STATE_H

#include "host/setup/boot/edit.h"
#include "host/setup/options.h"
#include "host/setup/sriov/pfs.h"
#include "host/usage/finding.h"

struct change {
	const struct fs_root *root;
	const struct setup_options *options;
	const struct sriov_above *above;
	struct bdf pf;
	unsigned int vfs;

	/* as it is */
	bool there; /* a device is at the address */
	struct pci_identity identity;
	char *driver; /* NULL: none */
	struct sriov sriov;
	struct fs_names interfaces;
	const char *down;
	bool configured; /* it has an entry, for this device or another one */
	struct sriov_entry entry;
	struct usage usage; /* what the host would miss while VFs are made or removed */

	/* as it will be */
	struct sriov_conf conf;
	struct edits edits;
	const char *service; /* what systemctl(1) has to do: "enable", "disable"; NULL: nothing */
	bool now;	     /* the number of VFs is changed at once */
};

/* Whether the PF has another number of VFs than it is to have. */
bool change_is_due(const struct change *change);

/* Reports that something could not be read, so that nothing was changed. Returns ENABLE_FAILED. */
int change_say_failed(const struct change *change, int err);

void change_free(struct change *change);

#define auto_change cleanup_with(change_free)

#endif
