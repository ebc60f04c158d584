// SPDX-License-Identifier: GPL-2.0-or-later
/* What is decided by the VM's config: the machine, the entries and what they name. */
#include "hookscript/planner.h"

#include "hookscript/argv.h"

#include <string.h>

static int check_machine(struct planner *p)
{
	const char *arch = p->vm->values[VMCFG_ARCH].text;
	char *cure;

	/* What a VM gives to QEMU by its own args is its administrator's to arrange. */
	if (vmcfg_is_q35(p->vm) || selection_has_legacy_igd(p->vm) || !selection_has_entries(p->vm))
		return 0;
	if (arch && !strcmp(arch, "aarch64"))
		cure = fs_path(
			_("this VM is of architecture aarch64, which has no q35; to run it as it is "
			  "all the same, put this line into /%s: vm%u = { machine = \"warn\"; };"),
			SETTINGS_PATH, p->vmid);
	else
		cure = fs_path(
			_("qm set %u --machine q35\n"
			  "what that does to a guest that is already installed: its network "
			  "interfaces get other names, and Windows forgets a static address\n"
			  "to run this VM as it is instead, put this line into /%s: "
			  "vm%u = { machine = \"warn\"; };"),
			p->vmid, SETTINGS_PATH, p->vmid);
	return planner_apply_policy(
		p, p->settings->machine, REFUSAL_NOT_Q35,
		fs_path(_("machine: %s; this is not q35, the only machine type whose guests "
			  "see PCI Express devices"),
			vmcfg_machine_text(p->vm)),
		cure);
}

/* The first PCIe device that an entry stands for, or NULL. */
static const struct device *first_express(const struct planner *p, size_t e)
{
	for (size_t d = 0; d < p->snapshot->n_devices; d++) {
		const struct device *device = &p->snapshot->devices[d];
		const struct selected *item = selection_of(p->selection, &device->bdf);

		if (item && item->entry == (int)e && device->express && !device->bridge)
			return device;
	}
	return NULL;
}

static int refuse_without_pcie(struct planner *p, size_t e, const struct device *device)
{
	auto_free char *value = hostpci_value_with_pcie(p->vm->hostpci[e]);
	auto_free char *quoted = argv_quote(value);
	char text[BDF_TEXT_SIZE];

	if (!quoted)
		return -ENOMEM;
	return planner_apply_policy(
		p, p->settings->pcie, REFUSAL_NO_PCIE,
		fs_path(_("hostpci%zu: %s is a PCI Express device, but the entry does not say "
			  "pcie=1; the guest would see it as conventional PCI, which many "
			  "drivers do not accept"),
			e, bdf_format(&device->bdf, text)),
		fs_path(_("qm set %u --hostpci%zu %s\n"
			  "to run this VM as it is instead, put this line into /%s: "
			  "vm%u = { pcie = \"warn\"; };"),
			p->vmid, e, quoted, SETTINGS_PATH, p->vmid));
}

static int check_entry_pcie(struct planner *p, size_t e)
{
	const struct hostpci *entry = p->vm->hostpci[e];
	const struct device *express = first_express(p, e);
	bool q35 = vmcfg_is_q35(p->vm);

	if (selection_has_legacy_igd(p->vm) && !q35) {
		if (entry->legacy_igd != 1)
			return 0;
		return planner_warn(
			p,
			fs_path(_("hostpci%zu: legacy-igd=1 works on i440fx only, so neither q35 "
				  "nor pcie=1 is asked of this VM"),
				e));
	}
	if (entry->legacy_igd == 1)
		return planner_refuse(
			p, REFUSAL_IGD_WITH_Q35,
			fs_path(_("hostpci%zu: legacy-igd=1 works on i440fx only, and this VM is q35; "
				  "Proxmox VE would abort the start"),
				e),
			fs_path("qm set %u --machine pc", p->vmid));
	if (!q35 && p->settings->machine != POLICY_REFUSE) {
		if (entry->pcie != 1)
			return 0; /* the administrator chose this machine, which has no PCIe */
		return planner_refuse(
			p, REFUSAL_PCIE_WITHOUT_Q35,
			fs_path(_("hostpci%zu: pcie=1 on a machine that is not q35; Proxmox VE would "
				  "abort the start, whatever our settings say"),
				e),
			fs_path("qm set %u --machine q35", p->vmid));
	}
	if (entry->pcie == 1 || !express)
		return 0;
	return refuse_without_pcie(p, e, express);
}

static int refuse_troubles(struct planner *p)
{
	for (size_t i = 0; i < p->selection->n_troubles; i++) {
		const struct selection_trouble *trouble = &p->selection->troubles[i];
		int err = planner_refuse(p, REFUSAL_ENTRY, strdup(trouble->what),
					 strdup(trouble->cure));

		if (err)
			return err;
	}
	return 0;
}

static bool address_is_there(const struct planner *p, const struct hostpci_address *address)
{
	for (size_t d = 0; d < p->snapshot->n_devices; d++)
		if (hostpci_address_names(address, &p->snapshot->devices[d].bdf))
			return true;
	return false;
}

static int refuse_absent(struct planner *p, const struct selected *item,
			 const struct hostpci_address *address)
{
	auto_free char *name = selected_name(item);
	char buf[BDF_TEXT_SIZE];

	if (!name)
		return -ENOMEM;
	return planner_refuse(
		p, REFUSAL_ABSENT,
		fs_path(_("%s: there is no PCI device at %s on this host; was hardware added, removed, "
			  "or turned off in the firmware setup? Addresses move when it was"),
			name, hostpci_address_format(address, buf)),
		item->entry == SELECTED_ARGS
			? fs_path(_("find its address now: lspci -Dnn; then correct it: qm config %u; "
				    "qm set %u --args …"),
				  p->vmid, p->vmid)
			: fs_path(_("find its address now: lspci -Dnn; then: qm set %u --hostpci%d "
				    "ADDRESS,pcie=1, or: qm set %u --delete hostpci%d"),
				  p->vmid, item->entry, p->vmid, item->entry));
}

static int check_entries(struct planner *p, int (*check)(struct planner *p, size_t e))
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++) {
		int err = hostpci_needs_binding(p->vm->hostpci[e]) ? check(p, e) : 0;

		if (err)
			return err;
	}
	return 0;
}

/* A VM whose devices Proxmox VE would see, but not the lines it dropped. */
static int warn_of_dropped(struct planner *p)
{
	for (size_t i = 0; i < p->vm->n_dropped; i++) {
		const struct vmcfg_dropped *line = &p->vm->dropped[i];
		int err = planner_warn(
			p, fs_path(_("VM config, line %u: %s; Proxmox VE ignores this line, and so "
				     "does this hook"),
				   line->line, line->why));

		if (err)
			return err;
	}
	return 0;
}

/* A driver that the settings name for a device whose entry does not say driver=keep: Proxmox VE
 * takes the device for vfio-pci then. */
static int warn_of_variant(struct planner *p, const struct device *device)
{
	const struct device_setting *setting = settings_device(
		p->settings, &device->bdf, device->identity.vendor, device->identity.device);
	const struct selected *item = selection_of(p->selection, &device->bdf);
	char address[BDF_TEXT_SIZE];

	if (!setting || !setting->driver || !item || item->entry == SELECTED_ARGS ||
	    hostpci_keeps_driver(p->vm->hostpci[item->entry]))
		return 0;
	return planner_warn_device(
		p, &device->bdf,
		fs_path(_("%s is bound to vfio-pci, although /%s, line %u, says driver = \"%s\": "
			  "Proxmox VE takes another driver from it unless hostpci%d says driver=keep "
			  "(Proxmox VE 9)"),
			bdf_format(&device->bdf, address), setting->from[DEVICE_DRIVER].path,
			setting->from[DEVICE_DRIVER].line, setting->driver, item->entry));
}

static int warn_of_variants(struct planner *p)
{
	int err = 0;

	for (size_t i = 0; !err && i < p->snapshot->n_devices; i++)
		err = warn_of_variant(p, &p->snapshot->devices[i]);
	return err;
}

int planner_check_config(struct planner *p)
{
	int err = warn_of_dropped(p);

	if (!err)
		err = warn_of_variants(p);
	if (!err)
		err = check_machine(p);
	if (!err)
		err = refuse_troubles(p);
	return err ? err : check_entries(p, check_entry_pcie);
}

int planner_check_addresses(struct planner *p)
{
	for (size_t i = 0; i < p->selection->n; i++) {
		const struct selected *item = &p->selection->items[i];

		for (size_t k = 0; !item->spare && k < item->n_addresses; k++) {
			int err = address_is_there(p, &item->addresses[k])
					  ? 0
					  : refuse_absent(p, item, &item->addresses[k]);

			if (err)
				return err;
		}
	}
	return 0;
}
