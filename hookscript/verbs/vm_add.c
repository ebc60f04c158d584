// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/vm_add.h"

#include "host/text/argv.h"
#include "hookscript/verbs/mapping_make.h"

#include <string.h>

bool vm_can_have(const struct device_summary *device)
{
	return !device->bridge && !device_is_platform(device);
}

struct adder {
	const struct vm_add_choice *choice;
	const struct facts *facts; /* of the choice */
	struct hostpci_address address;
	const char *text; /* the address as the config has it */
	size_t entry;	  /* N of the hostpciN to be set */
	bool taken_over;  /* it has the device by address, and gets the mapping in its place */
	struct vm_addition *addition;
	int err; /* 0 or -ENOMEM */
};

/* Takes TEXT over; a NULL one means that memory is out. */
static void note(struct adder *a, char *text)
{
	if (text)
		strbuf_add(&a->addition->notes, "%s%s", a->addition->notes.len ? "\n" : "", text);
	else
		a->err = -ENOMEM;
	free(text);
}

/* The same for the reason why nothing is proposed. */
static void refuse(struct adder *a, char *text)
{
	a->addition->refusal = text;
	if (!text)
		a->err = -ENOMEM;
}

static bool is_chosen(const struct adder *a, const struct device_summary *card)
{
	return !card->bridge && hostpci_address_names(&a->address, &card->bdf);
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

/* ---- what is chosen ---- */

/* Whether it is an address that a device can have, and there is one. */
static void check_chosen(struct adder *a)
{
	const struct device_summary *first = next_chosen(a, NULL);
	unsigned int vmid = a->facts->vmid;
	bool display = false;

	if (!first)
		refuse(a, fs_path(_("%s: there is no such device that a VM could have; those that "
				    "there are: pve-passthrough vm %u --add"),
				  a->text, vmid));
	for (const struct device_summary *card = next_chosen(a, NULL); card;
	     card = next_chosen(a, card))
		display |= device_is_display(card);
	if (first && a->choice->gpu && !display)
		refuse(a, fs_path(_("%s is not a graphics card (%s); without --gpu: "
				    "pve-passthrough vm %u --add %s"),
				  a->text, first->class_name, vmid, a->choice->address));
}

static bool names_chosen(const struct adder *a, const struct hostpci_address *addresses, size_t n)
{
	for (const struct device_summary *card = next_chosen(a, NULL); card;
	     card = next_chosen(a, card))
		if (hostpci_addresses_name(addresses, n, &card->bdf))
			return true;
	return false;
}

/* By address, whatever becomes of it, or by what a mapping names. */
static bool entry_has_chosen(const struct adder *a, size_t e)
{
	const struct facts *facts = a->facts;

	for (size_t i = 0; i < facts->n_candidates; i++) {
		const struct candidate *item = &facts->candidates[i];

		if (item->entry == (int)e && names_chosen(a, item->addresses, item->n_addresses))
			return true;
	}
	return names_chosen(a, facts->vm->hostpci[e]->hosts, facts->vm->hostpci[e]->n_hosts);
}

/* Whether the addresses are those of all functions of one card. */
static bool is_whole_card(const struct adder *a, const struct hostpci *entry)
{
	const struct hostpci_address *first = &entry->hosts[0];

	for (size_t i = 0; i < entry->n_hosts; i++)
		if (entry->hosts[i].impossible || entry->hosts[i].all_functions ||
		    !bdf_same_slot(&entry->hosts[i].bdf, &first->bdf))
			return false;
	for (size_t i = 0; i < a->choice->devices->n; i++) {
		const struct bdf *bdf = &a->choice->devices->items[i].bdf;

		if (bdf_same_slot(bdf, &first->bdf) &&
		    !hostpci_addresses_name(entry->hosts, entry->n_hosts, bdf))
			return false;
	}
	return true;
}

/* What a mapping must name in place of the entry's addresses. The functions of a card have ids of
 * their own, which one line of a mapping can only name as the whole card. */
static char *entry_path(const struct adder *a, const struct hostpci *entry)
{
	struct hostpci_address card = {.all_functions = true};

	if (entry->n_hosts < 2 || !is_whole_card(a, entry))
		return mapping_path(entry->hosts, entry->n_hosts);
	card.bdf = entry->hosts[0].bdf;
	card.bdf.func = 0;
	return mapping_path(&card, 1);
}

/* The line of the mapping by which the entry has it already. */
static char *mapped_path(const struct adder *a, size_t e)
{
	for (size_t i = 0; i < a->facts->n_candidates; i++) {
		const struct candidate *item = &a->facts->candidates[i];

		if (item->entry == (int)e && names_chosen(a, item->addresses, item->n_addresses))
			return mapping_path(item->addresses, item->n_addresses);
	}
	return strdup(a->text);
}

/* The entry that has the device by address keeps its number and its options. */
static void take_over(struct adder *a, size_t e)
{
	const struct hostpci *entry = a->facts->vm->hostpci[e];
	struct vm_addition *addition = a->addition;
	const char *name = a->choice->mapping;

	if (entry->mapping && strcmp(entry->mapping, name) != 0) {
		refuse(a, fs_path(_("VM %u has %s already, by another mapping: hostpci%zu: %s"),
				  a->facts->vmid, a->text, e, entry->value));
		return;
	}
	if (entry->mdev) {
		refuse(a, fs_path(_("hostpci%zu: %s: that entry gives the VM a mediated device, "
				    "and stays"),
				  e, entry->value));
		return;
	}
	a->entry = e;
	a->taken_over = true;
	addition->path = entry->mapping ? mapped_path(a, e) : entry_path(a, entry);
	if (!addition->path)
		a->err = -ENOMEM;
}

/* An entry that is free, and none that has the device already. */
static void choose_entry(struct adder *a)
{
	unsigned int vmid = a->facts->vmid;

	a->entry = HOSTPCI_MAX;
	for (size_t e = HOSTPCI_MAX; e--;) {
		const struct hostpci *entry = a->facts->vm->hostpci[e];

		if (!entry) {
			a->entry = e;
		} else if (entry_has_chosen(a, e) && a->choice->mapping) {
			take_over(a, e);
			return;
		} else if (entry_has_chosen(a, e)) {
			refuse(a, fs_path(_("VM %u has %s already: hostpci%zu: %s"), vmid, a->text,
					  e, entry->value));
			return;
		}
	}
	if (a->entry == HOSTPCI_MAX)
		refuse(a, fs_path(_("VM %u has %d hostpci entries, and there are no more"), vmid,
				  HOSTPCI_MAX));
}

/* ---- what to know ---- */

static void note_card(struct adder *a, const struct device_summary *card)
{
	const char *address = bdf_text(&card->bdf);
	bool alone = a->taken_over && card->n_named_by == 1;

	if (card->vms && !alone)
		note(a, fs_path(_("%s: %s has it, too; only one of them can run at a time"),
				address, card->vms));
	if (card->used)
		note(a, fs_path(_("%s: %s; until that ends a start will be refused"), address,
				card->used));
	if (card->group < 0)
		note(a, fs_path(_("%s: it is in no IOMMU group, so a start will be refused; see: "
				  "host-setup check"),
				address));
	if (device_is_display(card) && !a->choice->gpu)
		note(a, fs_path(_("as a graphics card, with its sound, and as the VM's display: "
				  "pve-passthrough vm %u --add %s --gpu"),
				a->facts->vmid, a->choice->address));
}

static bool is_neighbour(const struct adder *a, const struct device_summary *other)
{
	for (const struct device_summary *card = next_chosen(a, NULL); card;
	     card = next_chosen(a, card))
		if (card->group >= 0 && card->group == other->group)
			return !other->bridge && !other->child && !is_chosen(a, other);
	return false;
}

/* The devices that a start takes too: the IOMMU keeps a group together. */
static void note_neighbours(struct adder *a)
{
	const struct device_summaries *list = a->choice->devices;
	bool refused = a->facts->settings->group == GROUP_REFUSE;

	for (size_t i = 0; i < list->n; i++) {
		const struct device_summary *other = &list->items[i];

		if (is_neighbour(a, other) && refused)
			note(a, fs_path(_("%s is in its IOMMU group (%d), too, so a start will be "
					  "refused: the settings say group = \"refuse\""),
					bdf_text(&other->bdf), other->group));
		else if (is_neighbour(a, other))
			note(a, fs_path(_("a start takes %s from the host, too, which is in its "
					  "IOMMU group (%d): %s%s%s"),
					bdf_text(&other->bdf), other->group, other->name,
					other->used ? _("; in use: ") : "",
					other->used ? other->used : ""));
	}
}

static void note_all(struct adder *a)
{
	for (const struct device_summary *card = next_chosen(a, NULL); card;
	     card = next_chosen(a, card))
		note_card(a, card);
	note_neighbours(a);
	if (a->choice->gpu)
		note(a,
		     strdup(a->choice->primary
				    ? _("x-vga=1: the VM's picture is on the card's output alone, "
					"and Proxmox VE's console stays dark; leave it out to keep "
					"that one")
				    : _("without x-vga=1 the VM starts with Proxmox VE's console as "
					"its display, and the card is a further one")));
}

/* ---- the commands ---- */

/* Whether to add pcie=1: for a device that has it, and a machine that is q35 or will be. */
static bool wants_pcie(const struct adder *a)
{
	bool express = false;

	for (const struct device_summary *card = next_chosen(a, NULL); card;
	     card = next_chosen(a, card))
		express |= card->express;
	if (!express || vmcfg_is_q35(a->facts->vm))
		return express;
	return a->facts->settings->machine == POLICY_REFUSE && !facts_have_legacy_igd(a->facts) &&
	       !facts_machine_is_virt(a->facts);
}

/* What the entry is to be: as it was, but by the mapping; or a new one. */
static char *entry_value(const struct adder *a)
{
	const struct vm_add_choice *choice = a->choice;

	if (a->taken_over)
		return hostpci_value_with_mapping(a->facts->vm->hostpci[a->entry], choice->mapping);
	return fs_path("%s%s%s%s", choice->mapping ? "mapping=" : "",
		       choice->mapping ? choice->mapping : a->text, wants_pcie(a) ? ",pcie=1" : "",
		       choice->gpu && choice->primary ? ",x-vga=1" : "");
}

static void build_command(struct adder *a)
{
	auto_free char *vmid = fs_path("%u", a->facts->vmid);
	auto_free char *option = fs_path("--hostpci%zu", a->entry);
	auto_free char *value = entry_value(a);

	if (a->taken_over && a->facts->vm->hostpci[a->entry]->mapping)
		return; /* it has that mapping */
	if (a->choice->mapping && !a->taken_over) {
		a->addition->path = strdup(a->text);
		if (!a->addition->path)
			a->err = -ENOMEM;
	}
	if (vmid && option && value)
		a->addition->command = argv_new("qm", "set", vmid, option, value);
	if (!a->addition->command)
		a->err = -ENOMEM;
}

/*
 * Graphics cards are made for OVMF, but a guest that was installed with one firmware does not boot
 * with another. Without pre-enrolled keys, which Windows wants and other guests' drivers fail at
 * (Secure Boot). An EFI disk that is there is kept.
 */
static void choose_firmware(struct adder *a)
{
	const struct vmcfg *vm = a->facts->vm;
	const struct drive *disk = drives_first(&vm->drives, DRIVE_DISK);
	const struct storage *storage = storages_for_disks(a->choice->storages);
	const char *bios = vm->values[VMCFG_BIOS].text;
	auto_free char *vmid = fs_path("%u", a->facts->vmid), *efidisk = NULL;

	if (!a->choice->gpu || (bios && !strcmp(bios, "ovmf")))
		return;
	if (disk) {
		note(a,
		     fs_path(_("the VM's firmware is left as it is: %s may hold a guest that was "
			       "installed with it, and would not boot with another. Graphics cards "
			       "work best with OVMF (UEFI): choose it when you make a new VM"),
			     disk->key));
		return;
	}
	if (!storage) {
		note(a, strdup(_("graphics cards work best with the firmware OVMF, for which there "
				 "is no storage with content images here")));
		return;
	}
	efidisk = fs_path("%s:1,efitype=4m%s", storage->id,
			  vmcfg_is_windows(vm) ? ",pre-enrolled-keys=1" : "");
	if (vmid && efidisk)
		a->addition->firmware = drives_first(&vm->drives, DRIVE_EFI)
						? argv_new("qm", "set", vmid, "--bios", "ovmf")
						: argv_new("qm", "set", vmid, "--bios", "ovmf",
							   "--efidisk0", efidisk);
	if (!a->addition->firmware)
		a->err = -ENOMEM;
	note(a, strdup(_("this VM has no disk yet, so it gets the firmware OVMF (UEFI), with which "
			 "graphics cards work best")));
}

/* With the choice's address read. One that is invalid, or that no device can have, is refused. */
static void propose(struct adder *a, int err)
{
	static void (*const steps[])(struct adder * a) = {
		check_chosen, choose_entry, note_all, choose_firmware, build_command,
	};

	if (err || a->address.impossible) {
		refuse(a, fs_path(_("'%s' is not a PCI address; they look like 0000:01:00.0, and "
				    "are all in: pve-passthrough vm %u --add"),
				  a->choice->address, a->facts->vmid));
		return;
	}
	if (a->choice->gpu) {
		a->address.all_functions = true;
		a->address.bdf.func = 0;
	}
	a->text = hostpci_address_text(&a->address);
	for (size_t i = 0; !a->err && !a->addition->refusal && i < ARRAY_SIZE(steps); i++)
		steps[i](a);
}

int vm_add_propose(const struct vm_add_choice *choice, struct vm_addition *ret)
{
	auto_vm_addition struct vm_addition addition = {0};
	struct adder a = {.choice = choice, .facts = choice->facts, .addition = &addition};
	int err = hostpci_address_parse(text_of(choice->address), &a.address);

	if (err == -ENOMEM)
		return err;
	propose(&a, err);
	free(a.address.impossible);
	if (a.err || addition.notes.failed)
		return -ENOMEM;
	*ret = addition;
	addition = (struct vm_addition){0};
	return 0;
}

void vm_addition_free(struct vm_addition *addition)
{
	free(addition->refusal);
	argv_free(addition->command);
	argv_free(addition->firmware);
	free(addition->path);
	strbuf_free(&addition->notes);
	*addition = (struct vm_addition){0};
}
