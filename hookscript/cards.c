// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/cards.h"

#include "hookscript/vms.h"
#include "host/iommu.h"
#include "host/usage/usage.h"

#include <stdio.h>
#include <string.h>

#define DEVICES "sys/bus/pci/devices"

/* Classes with their subclasses (PCI Code and ID Assignment Specification 1.5 and 1.7). */
#define CLASS_HOST_BRIDGE 0x0600
#define CLASS_ISA_BRIDGE  0x0601

bool card_is_display(const struct card *card)
{
	return card->identity.class >> 16 == PCI_BASE_CLASS_DISPLAY;
}

static void free_card(struct card *card)
{
	free(card->name);
	free(card->class_name);
	free(card->driver);
	free(card->vms);
	free(card->used);
}

static bool is_platform(const struct pci_identity *id)
{
	return id->class >> 8 == CLASS_HOST_BRIDGE || id->class >> 8 == CLASS_ISA_BRIDGE;
}

/* The rest of a card whose ids are known. */
static int read_card(const struct fs_root *root, struct pci *pci, const struct node_vms *vms,
		     struct card *card)
{
	int err;

	card->group = iommu_group_of(root, &card->bdf);
	if (card->group < 0 && card->group != -ENOENT)
		return card->group;
	card->express = pci_is_express(root, &card->bdf);
	card->name = pci_name(pci, &card->identity);
	card->class_name = pci_class_name(pci, &card->identity);
	if (!card->name || !card->class_name)
		return -ENOMEM;
	err = pci_driver(root, &card->bdf, &card->driver);
	return err ? err : node_vms_naming(vms, &card->bdf, &card->vms);
}

static int add_card(const struct fs_root *root, struct pci *pci, const struct node_vms *vms,
		    const char *address, struct cards *cards)
{
	struct card card = {0};
	int err;

	if (bdf_parse(address, &card.bdf) || pci_has(root, &card.bdf, "pci_bus"))
		return 0;
	err = pci_identify(root, &card.bdf, &card.identity);
	if (err || is_platform(&card.identity))
		return err == -ENODEV ? 0 : err; /* it has just gone */
	err = read_card(root, pci, vms, &card);
	if (!err && !array_grow(cards->items, cards->n))
		err = -ENOMEM;
	if (err) {
		free_card(&card);
		return err;
	}
	cards->items[cards->n++] = card;
	return 0;
}

static int add_use(struct cards *cards, const struct usage_finding *finding)
{
	for (size_t i = 0; i < cards->n; i++) {
		struct card *card = &cards->items[i];
		char *used;

		if (finding->harmless || bdf_compare(&card->bdf, &finding->bdf))
			continue;
		used = fs_path("%s%s%s", card->used ? card->used : "", card->used ? "; " : "",
			       finding->what);
		if (!used)
			return -ENOMEM;
		free(card->used);
		card->used = used;
	}
	return 0;
}

static int read_uses(const struct fs_root *root, struct cards *cards)
{
	auto_free struct usage_device *devices = calloc(cards->n + 1, sizeof(*devices));
	auto_usage struct usage usage = {0};
	int err;

	if (!devices)
		return -ENOMEM;
	for (size_t i = 0; i < cards->n; i++)
		devices[i] = (struct usage_device){cards->items[i].bdf,
						   cards->items[i].identity.class,
						   cards->items[i].driver};
	err = usage_read(root, devices, cards->n, &usage);
	for (size_t i = 0; !err && i < usage.n; i++)
		err = add_use(cards, &usage.items[i]);
	return err;
}

static int compare_cards(const void *a, const void *b)
{
	return bdf_compare(&((const struct card *)a)->bdf, &((const struct card *)b)->bdf);
}

int cards_read(const struct fs_root *root, struct cards *ret)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	auto_node_vms struct node_vms vms = {0};
	auto_names struct fs_names names = {0};
	auto_cards struct cards cards = {0};
	int err;

	err = pci_open(root, &pci);
	if (!err)
		err = node_vms_read(root, &vms);
	if (!err)
		err = fs_list(root, DEVICES, &names);
	for (size_t i = 0; !err && i < names.n; i++)
		err = add_card(root, pci, &vms, names.items[i], &cards);
	if (!err)
		err = read_uses(root, &cards);
	if (err)
		return err;
	if (cards.n)
		qsort(cards.items, cards.n, sizeof(*cards.items), compare_cards);
	*ret = cards;
	cards = (struct cards){0};
	return 0;
}

void cards_free(struct cards *cards)
{
	for (size_t i = 0; i < cards->n; i++)
		free_card(&cards->items[i]);
	free(cards->items);
	*cards = (struct cards){0};
}
