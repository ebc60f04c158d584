/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices that are held early, as `host-setup early` has set it up, and what became of that. */
#ifndef HOST_PCI_EARLY_EARLY_H
#define HOST_PCI_EARLY_EARLY_H

#include "host/pci/early/early_conf.h"

/* The word of the kernel command line that turns it off for one boot. */
#define EARLY_OFF_WORD "pve_passthrough.early=0"

/* What the script of the initramfs has seen, a line each: "hold PATH", "changed PATH". */
#define EARLY_SEEN_PATH "run/pve-passthrough.early"

enum early_state {
	EARLY_HELD,	 /* a driver of VFIO has it */
	EARLY_NEXT_BOOT, /* it was set up since this boot, or its initramfs has not the script */
	EARLY_OFF,	 /* turned off for this boot */
	EARLY_CHANGED, /* the devices of its kind are not those that were there: nothing is held */
	EARLY_NO_DRIVER, /* it was kept from its driver, and vfio-pci has not taken it */
	EARLY_OTHER,	 /* another driver has it, although this boot should have held it */
};

/* An entry of host.conf that is to be held. */
struct early_item {
	struct early_entry entry;
	struct bdf bdf; /* where it is now; where it was, when it is not there */
	bool there;	/* a device like it is at its place */
	enum early_state state;
	char *why;	    /* with EARLY_CHANGED: which device has appeared, vanished or moved */
	char *driver;	    /* NULL: none */
	unsigned int twins; /* so many others of its kind there are now */
};

struct early {
	struct early_item *items;
	size_t n;
	int conf_err; /* why host.conf cannot be read, as sriov_conf_read() says; 0: it can */
};

/* Reads it. Returns 0 (free with early_free()) or -errno. */
int early_read(const struct fs_root *root, struct early *ret) must_check;

/* The item that is at the address now, or else one that is gone and was there; NULL: none. */
const struct early_item *early_find(const struct early *early, const struct bdf *bdf);

/* "held", "next-boot", "off", "changed", "no-driver", "other-driver" */
const char *early_state_name(enum early_state state);

/* What the state means, for people: a new string, or NULL without memory. */
char *early_state_text(const struct early_item *item);

/* The same with its address, and the command that shows more. */
char *early_warning(const struct early_item *item);

/*
 * Which device of the kind of ID is not as WAS, the entries, say, in words: a new string; NULL when
 * all are, in NOW. Pure. Returns 0 or -ENOMEM.
 */
int early_compare(const struct early_list *was, const struct early_ids *now,
		  const struct early_id *id, char **ret) must_check;

void early_free(struct early *early);

#define auto_early cleanup_with(early_free)

#endif
