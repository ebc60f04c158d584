/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list "early" of host.conf (sriov_conf.h): the devices that are held early, with all others of
 * their kind. Written by `host-setup early` alone. */
#ifndef HOST_PCI_EARLY_EARLY_CONF_H
#define HOST_PCI_EARLY_EARLY_CONF_H

#include <libconfig.h>

#include "host/text/strbuf.h"
#include "host/pci/early/early_id.h"

/* The line above it. */
#define EARLY_CONF_COMMENT                                                                  \
	"# Written by `host-setup early`: devices that are given to vfio-pci at boot, and " \
	"those of the same kind."

struct early_entry {
	struct early_id id;
	bool held;	 /* else a twin, which stays with the host */
	struct bdf with; /* of one that is held: the device that was asked for, itself or one of
			    whose group it is */
};

struct early_list {
	struct early_entry *items; /* in order of address */
	size_t n;
};

/* Reads the list; a file without one has no entries. Returns 0, -EINVAL or -ENOMEM. */
int early_list_read(const config_t *config, struct early_list *list) must_check;

/* Adds its text; nothing without entries, so that the file is as before there were any. */
void early_list_put(struct strbuf *to, const struct early_list *list);

/* Adds the entry. Returns 0 or -ENOMEM. */
int early_list_add(struct early_list *list, const struct early_entry *entry) must_check;

/* Whether a device is held. */
bool early_list_holds(const struct early_list *list);
void early_list_free(struct early_list *list);

#endif
