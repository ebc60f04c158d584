// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A drive or port that the VM's own config has QEMU open by its path below /dev, on a device that
 * the start takes: the node is gone before QEMU opens it. Proxmox VE does not look.
 */
#include "hookscript/plan/plan_check.h"

#include <string.h>

/* Whether the device is there for an entry: named by it, or in the group of one that is. */
static bool is_for_entry(const struct facts *facts, const struct device *device, int entry)
{
	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *other = &facts->devices[i];
		const struct candidate *candidate = facts_chosen(facts, &other->bdf);

		if (candidate && candidate->entry == entry && other->group == device->group)
			return true;
	}
	return false;
}

/* Where a disk of the firmware's or a TPM's is to be, what it holds is lost. */
static void cure_firmware(struct plan_check *c, const char *key)
{
	bool tpm = after_prefix(key, "tpmstate");

	cure_command(c, _("take it out, with what is saved in it"), "qm set %u --delete %s",
		     c->facts->vmid, key);
	cure_words(c, _("and give the VM a new one on a storage: qm set %u --%s STORAGE:1,%s"),
		   c->facts->vmid, key, tpm ? "version=v2.0" : "efitype=4m,pre-enrolled-keys=1");
}

static void cure_own(struct plan_check *c, const struct device *device, const char *key)
{
	if (!strcmp(key, "args"))
		cure_words(c, _("take it out of args: qm set %u --args …"), c->facts->vmid);
	else if (after_prefix(key, "efidisk") || after_prefix(key, "tpmstate"))
		cure_firmware(c, key);
	else
		cure_command(c,
			     device->named
				     ? _("take it out: the guest sees it through the device itself")
				     : _("take it out, or use another in its place: the guest does "
					 "not get the device"),
			     "qm set %u --delete %s", c->facts->vmid, key);
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (is_for_entry(c->facts, device, (int)e))
			cure_delete(c, _("or let the host keep the device"), e);
	if (is_for_entry(c->facts, device, ENTRY_ARGS))
		cure_words(c, _("or take the device out of args: qm set %u --args …"),
			   c->facts->vmid);
}

static void refuse_own(struct plan_check *c, const struct device *device,
		       const struct own_node *own)
{
	const char *key = own->given->key, *path = own->given->path;
	const char *node = after_prefix(path, "/dev/");
	const char *what = strcmp(key, "args") != 0 ? key : path;
	auto_free char *device_name = describe_device(device);
	auto_free char *place = node && !strcmp(node, own->name)
					? strdup(path)
					: fs_path("%s (/dev/%s)", path, own->name);

	plan_refuse(c, REFUSAL_OWN_DRIVE, &device->bdf,
		    fs_path(_("%s elsewhere than on its device %s"), what, bdf_text(&device->bdf)),
		    _("%s: %s belongs to %s, which a start takes from the host: QEMU would not "
		      "find it, and not start"),
		    key, plan_text(c, place), plan_text(c, device_name));
	cure_own(c, device, key);
}

void plan_check_own_nodes(struct plan_check *c)
{
	const struct facts *facts = c->facts;

	for (size_t i = 0; i < facts->n_own_nodes; i++) {
		const struct device *device = facts_device(facts, &facts->own_nodes[i].bdf);

		if (device && facts_take(facts, device))
			refuse_own(c, device, &facts->own_nodes[i]);
	}
}
