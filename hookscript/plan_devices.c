// SPDX-License-Identifier: GPL-2.0-or-later
/* What is decided by the machine: the host, the devices, their groups and records. */
#include "hookscript/planner.h"

#include <string.h>

int planner_check_host(struct planner *p)
{
	for (size_t i = 0; i < p->snapshot->host.n; i++) {
		const struct check_item *item = &p->snapshot->host.items[i];
		int err;

		if (item->status != CHECK_MISSING)
			continue;
		err = planner_refuse(p, REFUSAL_HOST, strdup(item->what),
				     strdup(item->cure ? item->cure : "host-setup check"));
		if (err)
			return err;
	}
	return 0;
}

static int check_named_device(struct planner *p, const struct device *device)
{
	char text[BDF_TEXT_SIZE];

	bdf_format(&device->bdf, text);
	if (device->bridge)
		return planner_refuse_device(
			p, &device->bdf, REFUSAL_BRIDGE,
			fs_path(_("%s is a PCI bridge: bridges cannot be passed through"), text),
			strdup(_("name the devices behind it instead; they are listed by: "
				 "lspci -Dtnn")));
	if (device->group < 0 && p->snapshot->iommu_active)
		return planner_refuse_device(
			p, &device->bdf, REFUSAL_NO_GROUP,
			fs_path(_("%s is in no IOMMU group: the IOMMU does not cover it, so it cannot "
				  "be passed through"),
				text),
			fs_path(_("look for it in the kernel's log: journalctl -k -g 'DMAR|AMD-Vi|%s'; "
				  "on Intel, intel_iommu=on on the kernel command line includes the "
				  "integrated GPU"),
				text));
	return 0;
}

/* That a record which another VM left behind is this one's now, and what comes of it. */
static char *takeover_text(const struct record *record, const char *address)
{
	if (record->stage == RECORD_CLAIMED)
		return fs_path(_("%s was left taken for VM %u, which does not run: taken over; it "
				 "will return to what it is now"),
			       address, record->vmid);
	if (!record->driver)
		return fs_path(_("%s was left taken for VM %u, which does not run: taken over; it "
				 "will return to no driver"),
			       address, record->vmid);
	return fs_path(_("%s was left taken for VM %u, which does not run: taken over; it will "
			 "return to %s"),
		       address, record->vmid, record->driver);
}

static int check_record(struct planner *p, const struct device *device)
{
	const struct record *record = device->record;
	char text[BDF_TEXT_SIZE];

	bdf_format(&device->bdf, text);
	if (device->record_error)
		return planner_refuse_device(
			p, &device->bdf, REFUSAL_RECORD,
			fs_path(_("%s is recorded as taken, but the record cannot be used: %s"),
				text, device->record_error),
			fs_path(_("look what driver it names, give the device back to that by hand:\n"
				  "echo DRIVER > /sys/bus/pci/devices/%s/driver_override; "
				  "echo %s > /sys/bus/pci/devices/%s/driver/unbind; "
				  "echo %s > /sys/bus/pci/drivers_probe; "
				  "echo > /sys/bus/pci/devices/%s/driver_override\n"
				  "then: rm -f /%s/%s /%s/%s.broken"),
				text, text, text, text, text, RECORD_FOLDER, text, RECORD_FOLDER,
				text));
	if (!record)
		return 0;
	if (!pci_identity_equal(&record->identity, &device->identity)) {
		char was[PCI_IDENTITY_TEXT_SIZE], is[PCI_IDENTITY_TEXT_SIZE];

		return planner_refuse_device(
			p, &device->bdf, REFUSAL_IDENTITY,
			fs_path(_("%s was taken for VM %u as %s, but the device there now is %s"),
				text, record->vmid, pci_identity_format(&record->identity, was),
				pci_identity_format(&device->identity, is)),
			fs_path(_("if the hardware was exchanged, forget the record: rm /%s/%s"),
				RECORD_FOLDER, text));
	}
	if (record->vmid == p->vmid)
		return 0;
	if (device->record_vm_runs)
		return planner_refuse_device(
			p, &device->bdf, REFUSAL_OTHER_VM,
			fs_path(_("%s is taken for VM %u, which is running"), text, record->vmid),
			fs_path("qm shutdown %u", record->vmid));
	if (device->record_vm_locked)
		return planner_refuse_device(
			p, &device->bdf, REFUSAL_OTHER_VM,
			fs_path(_("%s is taken for VM %u, which is being started, stopped or changed "
				  "at this moment"),
				text, record->vmid),
			fs_path(_("wait for that task, then: qm start %u"), p->vmid));
	return planner_warn_device(p, &device->bdf, takeover_text(record, text));
}

static int check_reservation(struct planner *p, const struct device *device)
{
	char text[BDF_TEXT_SIZE];

	if (!device->reserved_for)
		return 0;
	return planner_refuse_device(
		p, &device->bdf, REFUSAL_OTHER_VM,
		fs_path(_("%s is reserved by Proxmox VE for VM %u, which runs with it or is being "
			  "started"),
			bdf_format(&device->bdf, text), device->reserved_for),
		fs_path(_("qm shutdown %u, or give one of the two another device"),
			device->reserved_for));
}

static int check_each(struct planner *p)
{
	for (size_t i = 0; i < p->snapshot->n_devices; i++) {
		const struct device *device = &p->snapshot->devices[i];
		int err = device->named ? check_named_device(p, device) : 0;

		if (!err && !device->bridge)
			err = check_record(p, device);
		if (!err && !device->bridge)
			err = check_reservation(p, device);
		if (err)
			return err;
	}
	return 0;
}

/* Who wants its devices asks for a domain that blocks them first, which the kernel does not give to
 * such a group (Linux: drivers/iommu/iommu.c, require_direct; before 6.6 drivers/iommu/intel). */
static int check_reserved(struct planner *p, const struct snapshot_group *group)
{
	if (!group->reserved)
		return 0;
	return planner_refuse(
		p, REFUSAL_RESERVED,
		fs_path(_("the firmware reserves memory for IOMMU group %d (RMRR): the kernel lets no "
			  "guest have it"),
			group->group),
		strdup(_(
			"look in the firmware setup for shared memory or management features of its "
			"devices, and turn them off; they are listed by: host-setup groups")));
}

static int check_holders(struct planner *p, const struct snapshot_group *group)
{
	auto_free char *who = NULL;

	if (!group->holders.open)
		return 0;
	who = vfio_holders_describe(&group->holders);
	if (!who)
		return -ENOMEM;
	return planner_refuse(
		p, REFUSAL_GROUP_OPEN,
		fs_path(_("IOMMU group %d is in use through VFIO by %s"), group->group, who),
		strdup(_("stop what uses it: another VM by qm shutdown; a QEMU that outlived its "
			 "VM ends by itself or by kill")));
}

static int check_groups(struct planner *p)
{
	int err = 0;

	for (size_t i = 0; i < p->snapshot->n_groups && !err; i++) {
		err = check_reserved(p, &p->snapshot->groups[i]);
		err = err ? err : check_holders(p, &p->snapshot->groups[i]);
	}
	return err;
}

int planner_check_devices(struct planner *p)
{
	int err = check_each(p);

	return err ? err : check_groups(p);
}
