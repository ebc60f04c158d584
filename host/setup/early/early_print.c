// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/early_print.h"

#include <stdio.h>
#include <string.h>

#include "host/text/wrap.h"
#include "host/text/json.h"

/* Where the lines about a device begin: after its address. */
#define INDENT ((size_t)14)

char *early_cure(const struct early_item *item)
{
	const char *address = bdf_text(&item->bdf);

	switch (item->state) {
	case EARLY_HELD:
	case EARLY_OFF: return NULL;
	case EARLY_NEXT_BOOT: return strdup(_("reboot"));
	case EARLY_CHANGED:
		return item->there
			       ? fs_path(_("look which device is which (lspci -Dnn), then, to hold it "
					   "again: host-setup early %s; or no longer: host-setup early "
					   "--remove %s"),
					 address, address)
			       : fs_path(_("to forget it: host-setup early --remove %s"),
					 item->entry.id.path);
	case EARLY_NO_DRIVER:
		return fs_path(_("to see why: journalctl -k -b -g '%s|vfio'; the IOMMU: host-setup "
				 "check"),
			       address);
	case EARLY_OTHER:
		return fs_path(
			_("make the initramfs anew: update-initramfs -u -k all, and reboot; to "
			  "see why: journalctl -k -b -g '%s|pve-passthrough'"),
			address);
	}
	return NULL;
}

static void print_labelled(const char *label, const char *text)
{
	size_t indent = INDENT + wrap_width(label);

	printf("%*s%s", (int)INDENT, "", label);
	wrap_print(stdout, text, indent, indent);
}

static void print_line(const char *text)
{
	print_labelled("", text);
}

static int print_item(struct pci *pci, const struct early_item *item)
{
	const struct early_entry *entry = &item->entry;
	auto_free char *name = pci_name(pci, &entry->id.identity), *cure = early_cure(item);
	auto_free char *state = early_state_text(item);
	auto_free char *place = fs_path(*entry->id.serial ? _("slot %s, serial number %s")
							  : _("slot %s, without a serial number"),
					entry->id.path, entry->id.serial);
	auto_free char *twins = fs_path(_("others of its kind, which stay with the host: %u"),
					item->twins);
	auto_free char *with = fs_path(_("for the IOMMU group of %s"), bdf_text(&entry->with));

	if (!name || !state || !place || !twins || !with)
		return -ENOMEM;
	printf("%s  ", bdf_text(&item->bdf));
	wrap_print(stdout, name, INDENT, INDENT);
	print_line(place);
	if (item->twins && item->state != EARLY_CHANGED)
		print_line(twins);
	if (bdf_compare(&entry->with, &entry->id.bdf))
		print_line(with);
	print_line(state);
	if (cure)
		print_labelled(_("cure: "), cure);
	return 0;
}

int early_print(const struct fs_root *root, const struct early *early)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	int err = pci_open(root, &pci);

	if (!err && !early->n && !early->conf_err)
		puts(_("no device is held early; to hold one: host-setup early ADDRESS"));
	for (size_t i = 0; !err && i < early->n; i++)
		err = print_item(pci, &early->items[i]);
	if (!err && early->n)
		printf(_("For one boot without all of that: %s on the kernel command line.\n"),
		       EARLY_OFF_WORD);
	return err;
}

/* ---- for programs ---- */

static int add_item(json_object *object, struct pci *pci, const struct early_item *item,
		    bool *failed)
{
	const struct early_entry *entry = &item->entry;
	const struct early_id *id = &entry->id;
	auto_free char *name = pci_name(pci, &id->identity), *cure = early_cure(item);
	bool group = bdf_compare(&entry->with, &id->bdf) != 0;

	json_add_text(object, "address", item->there ? bdf_text(&item->bdf) : NULL, failed);
	json_add_text(object, "address_was", bdf_text(&id->bdf), failed);
	json_add_text(object, "path", id->path, failed);
	json_add_text(object, "identity", pci_identity_text(&id->identity), failed);
	json_add(object, "revision", json_object_new_int(id->revision), failed);
	json_add_text(object, "serial", *id->serial ? id->serial : NULL, failed);
	json_add_text(object, "name", name, failed);
	json_add_text(object, "driver", item->driver, failed);
	json_add_text(object, "for_group_of", group ? bdf_text(&entry->with) : NULL, failed);
	json_add(object, "twins", json_object_new_int64(item->twins), failed);
	json_add_text(object, "state", early_state_name(item->state), failed);
	json_add_text(object, "why", item->why, failed);
	json_add_text(object, "cure", cure, failed);
	return name ? 0 : -ENOMEM;
}

int early_print_json(const struct fs_root *root, const struct early *early)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	json_object *object = json_object_new_object(), *items = json_object_new_array();
	bool failed = pci_open(root, &pci) != 0;

	for (size_t i = 0; !failed && i < early->n; i++)
		failed |= add_item(json_add_object(items, &failed), pci, &early->items[i], &failed);
	return json_print(object, "devices", items, failed);
}
