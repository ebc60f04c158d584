/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI devices of this host that a VM could be given, with what people want to know to choose.
 */
#ifndef HOOKSCRIPT_CARDS_H
#define HOOKSCRIPT_CARDS_H

#include "host/fs.h"
#include "host/pci.h"

/* One function of a card. */
struct card {
	struct bdf bdf;
	struct pci_identity identity;
	char *name;	  /* "NVIDIA Corporation GP104 [10de:1b80]" */
	char *class_name; /* "VGA compatible controller" */
	char *driver;	  /* NULL: none */
	int group;	  /* its IOMMU group, negative: none */
	bool express;	  /* PCI Express, not conventional PCI */
	char *vms;	  /* which VMs name it, "VM 100 (hostpci0)"; NULL: none */
	char *used; /* what the host does with it, so that a start would be refused; NULL: nothing
		     */
};

/* In order of address. */
struct cards {
	struct card *items;
	size_t n;
};

/*
 * Reads all functions but those that stay with the host whatever happens: bridges with a bus below
 * and the platform's own bridges. Returns 0 (free with cards_free()) or -errno.
 */
int cards_read(const struct fs_root *root, struct cards *ret) must_check;
void cards_free(struct cards *cards);

/* Whether it is a graphics card's display function. */
bool card_is_display(const struct card *card);

#define auto_cards cleanup_with(cards_free)

#endif
