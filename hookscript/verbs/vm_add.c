// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_add.h"

#include "host/base/argv.h"

#include <stdio.h>
#include <string.h>

bool vm_can_have(const struct device_summary *device)
{
	return !device->bridge && !device_is_platform(device);
}

struct adder {
	const struct vm_add_choice *choice;
	struct hostpci_address address;
	char text[BDF_TEXT_SIZE]; /* the address as the config has it */
	size_t entry;		  /* N of the hostpciN to be set */
	struct vm_addition *addition;
};

/* Takes TEXT over; a NULL one means that memory is out. */
static int note(struct adder *a, char *text)
{
	struct vm_add_notes *notes = &a->addition->notes;

	if (!text || !array_grow(notes->items, notes->n)) {
		free(text);
		return -ENOMEM;
	}
	notes->items[notes->n++] = text;
	return 0;
}

/* The same for the reason why nothing is proposed. */
static int refuse(struct adder *a, char *text)
{
	a->addition->refusal = text;
	return text ? 0 : -ENOMEM;
}

static bool is_chosen(const struct adder *a, const struct device_summary *card)
{
	return vm_can_have(card) && hostpci_address_names(&a->address, &card->bdf);
}

/* The next chosen function after CARD; the first for NULL. NULL when there is none (left). */
static const struct device_summary *next_chosen(const struct adder *a,
						const struct device_summary *card)
{
	const struct device_summaries *list = a->choice->devices;

	for (size_t i = card ? (size_t)(card - list->items) + 1 : 0; i < list->n; i++)
		if (is_chosen(a, &list->items[i]))
			return &list->items[i];
	return NULL;
}

/* ---- what is meant ---- */

/* Reads the choice's address. An invalid one, or one that no device can have, is refused. */
static int read_address(struct adder *a)
{
	const char *text = a->choice->address;
	int err = hostpci_address_parse(text_of(text), &a->address);

	if (err == -ENOMEM)
		return err;
	if (err || a->address.impossible)
		return refuse(
			a, fs_path(_("'%s' is not a PCI address; they look like 0000:01:00.0, and "
				     "are all in: pve-passthrough vm %u --add"),
				   text, a->choice->facts->vmid));
	if (a->choice->gpu) {
		a->address.all_functions = true;
		a->address.bdf.func = 0;
	}
	hostpci_address_format(&a->address, a->text);
	return 0;
}

static int check_chosen(struct adder *a)
{
	const struct device_summary *first = next_chosen(a, NULL);
	bool display = false;

	if (!first)
		return refuse(a,
			      fs_path(_("%s: there is no such device that a VM could have; those "
					"that there are: pve-passthrough vm %u --add"),
				      a->text, a->choice->facts->vmid));
	for (const struct device_summary *card = first; card; card = next_chosen(a, card))
		display |= device_is_display(card);
	if (a->choice->gpu && !display)
		return refuse(a, fs_path(_("%s is not a graphics card (%s); without --gpu: "
					   "pve-passthrough vm %u --add %s"),
					 a->text, first->class_name, a->choice->facts->vmid,
					 a->choice->address));
	return 0;
}

static bool names_chosen(const struct adder *a, const struct hostpci_address *addresses, size_t n)
{
	for (const struct device_summary *card = next_chosen(a, NULL); card;
	     card = next_chosen(a, card))
		for (size_t i = 0; i < n; i++)
			if (hostpci_address_names(&addresses[i], &card->bdf))
				return true;
	return false;
}

/* By address, whatever becomes of it, or by what a mapping names. */
static bool entry_has_chosen(const struct adder *a, size_t e)
{
	const struct facts *facts = a->choice->facts;
	const struct hostpci *entry = facts->vm->hostpci[e];

	for (size_t i = 0; i < facts->n_candidates; i++) {
		const struct candidate *item = &facts->candidates[i];

		if (item->entry == (int)e && names_chosen(a, item->addresses, item->n_addresses))
			return true;
	}
	return names_chosen(a, entry->hosts, entry->n_hosts);
}

/* An entry that is free, and none that has the device already. */
static int choose_entry(struct adder *a)
{
	const struct vmcfg *vm = a->choice->facts->vm;

	a->entry = HOSTPCI_MAX;
	for (size_t e = HOSTPCI_MAX; e--;) {
		const struct hostpci *entry = vm->hostpci[e];

		if (!entry)
			a->entry = e;
		else if (entry_has_chosen(a, e))
			return refuse(a, fs_path(_("VM %u has %s already: hostpci%zu: %s"),
						 a->choice->facts->vmid, a->text, e, entry->value));
	}
	if (a->entry == HOSTPCI_MAX)
		return refuse(a, fs_path(_("VM %u has %d hostpci entries, and there are no more"),
					 a->choice->facts->vmid, HOSTPCI_MAX));
	return 0;
}

/* ---- what to know ---- */

static int note_card(struct adder *a, const struct device_summary *card)
{
	char address[BDF_TEXT_SIZE];
	int err = 0;

	bdf_format(&card->bdf, address);
	if (card->vms)
		err = note(a, fs_path(_("%s: %s has it, too; only one of them can run at a time"),
				      address, card->vms));
	if (!err && card->used)
		err = note(a, fs_path(_("%s: %s; until that ends a start will be "
					"refused"),
				      address, card->used));
	if (!err && card->group < 0)
		err = note(
			a,
			fs_path(_("%s: it is in no IOMMU group, so a start will be refused; see: "
				  "host-setup check"),
				address));
	return err;
}

/* What comes along: the IOMMU keeps a group together. */
static int note_neighbours(struct adder *a)
{
	const struct device_summaries *list = a->choice->devices;
	int err = 0;

	for (size_t i = 0; !err && i < list->n; i++) {
		const struct device_summary *other = &list->items[i], *card = next_chosen(a, NULL);
		char address[BDF_TEXT_SIZE];

		while (card && (card->group < 0 || card->group != other->group))
			card = next_chosen(a, card);
		if (!card || !vm_can_have(other) || is_chosen(a, other))
			continue;
		err = note(a,
			   fs_path(_("a start takes %s from the host, too, which is in its IOMMU "
				     "group (%d): %s%s%s"),
				   bdf_format(&other->bdf, address), other->group, other->name,
				   other->used ? _("; in use: ") : "",
				   other->used ? other->used : ""));
	}
	return err;
}

static int note_all(struct adder *a)
{
	int err = 0;

	for (const struct device_summary *card = next_chosen(a, NULL); !err && card;
	     card = next_chosen(a, card)) {
		err = note_card(a, card);
		if (!err && device_is_display(card) && !a->choice->gpu)
			err = note(a,
				   fs_path(_("as a graphics card, with its sound, and as the VM's "
					     "display: pve-passthrough vm %u --add %s --gpu"),
					   a->choice->facts->vmid, a->choice->address));
	}
	if (!err)
		err = note_neighbours(a);
	if (err || !a->choice->gpu)
		return err;
	return note(
		a,
		strdup(a->choice->primary
			       ? _("x-vga=1: the VM's picture is on the card's output alone, and "
				   "Proxmox VE's console stays dark; leave it out to keep that one")
			       : _("without x-vga=1 the VM starts with Proxmox VE's console as its "
				   "display, and the card is a further one")));
}

/* ---- the commands ---- */

/* What pcie=1 asks for: a device that has it, and a machine that is q35 or will be. */
static bool wants_pcie(const struct adder *a)
{
	const struct vm_add_choice *choice = a->choice;
	bool express = false;

	for (const struct device_summary *card = next_chosen(a, NULL); card;
	     card = next_chosen(a, card))
		express |= card->express;
	if (!express || vmcfg_is_q35(choice->facts->vm))
		return express;
	return choice->facts->settings->machine == POLICY_REFUSE &&
	       !facts_have_legacy_igd(choice->facts);
}

static int build_command(struct adder *a)
{
	const struct vm_add_choice *choice = a->choice;
	auto_free char *vmid = fs_path("%u", choice->facts->vmid);
	auto_free char *option = fs_path("--hostpci%zu", a->entry);
	auto_free char *value = fs_path("%s%s%s", a->text, wants_pcie(a) ? ",pcie=1" : "",
					choice->gpu && choice->primary ? ",x-vga=1" : "");

	if (vmid && option && value)
		a->addition->command = argv_new("qm", "set", vmid, option, value);
	return a->addition->command ? 0 : -ENOMEM;
}

/*
 * Graphics cards are made for OVMF, but a guest that was installed with one firmware does not boot
 * with another. Without pre-enrolled keys, which Windows wants and other guests' drivers fail at
 * (Secure Boot).
 */
static int choose_firmware(struct adder *a)
{
	const struct vm_add_choice *choice = a->choice;
	const char *bios = choice->facts->vm->values[VMCFG_BIOS].text;
	const struct drive *disk = drives_first(&choice->facts->vm->drives, DRIVE_DISK);
	const struct storage *storage = storages_for_disks(choice->storages);
	auto_free char *vmid = fs_path("%u", choice->facts->vmid);
	auto_free char *efidisk = NULL;

	if (!choice->gpu || (bios && !strcmp(bios, "ovmf")))
		return 0;
	if (disk)
		return note(
			a,
			fs_path(_("the VM's firmware is left as it is: %s may hold a guest that "
				  "was installed with it, and would not boot with another. "
				  "Graphics cards work best with OVMF (UEFI): choose it when you "
				  "make a new VM"),
				disk->key));
	if (!storage)
		return note(a,
			    strdup(_("graphics cards work best with the firmware OVMF, for which "
				     "there is no storage with content images here")));
	efidisk = fs_path("%s:1,efitype=4m%s", storage->id,
			  vmcfg_is_windows(choice->facts->vm) ? ",pre-enrolled-keys=1" : "");
	if (!vmid || !efidisk)
		return -ENOMEM;
	/* An EFI disk that is there is kept. */
	a->addition->firmware = drives_first(&choice->facts->vm->drives, DRIVE_EFI)
					? argv_new("qm", "set", vmid, "--bios", "ovmf")
					: argv_new("qm", "set", vmid, "--bios", "ovmf",
						   "--efidisk0", efidisk);
	if (!a->addition->firmware)
		return -ENOMEM;
	return note(a,
		    strdup(_("this VM has no disk yet, so it gets the firmware OVMF (UEFI), with "
			     "which graphics cards work best")));
}

static int propose(struct adder *a)
{
	static int (*const steps[])(struct adder * a) = {
		read_address, check_chosen, choose_entry, note_all, choose_firmware, build_command,
	};
	int err = 0;

	for (size_t i = 0; !err && !a->addition->refusal && i < ARRAY_SIZE(steps); i++)
		err = steps[i](a);
	return err;
}

int vm_add_propose(const struct vm_add_choice *choice, struct vm_addition *ret)
{
	auto_vm_addition struct vm_addition addition = {0};
	struct adder adder = {.choice = choice, .addition = &addition};
	int err = propose(&adder);

	free(adder.address.impossible);
	if (err)
		return err;
	*ret = addition;
	addition = (struct vm_addition){0};
	return 0;
}

void vm_addition_free(struct vm_addition *addition)
{
	free(addition->refusal);
	argv_free(addition->command);
	argv_free(addition->firmware);
	for (size_t i = 0; i < addition->notes.n; i++)
		free(addition->notes.items[i]);
	free(addition->notes.items);
	*addition = (struct vm_addition){0};
}
