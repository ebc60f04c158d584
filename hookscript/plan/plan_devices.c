// SPDX-License-Identifier: GPL-2.0-or-later
/* What is decided by the machine: the host, the devices, their groups and records. */
#include "hookscript/plan/plan_check.h"

#include "host/text/strbuf.h"
#include "host/pci/answer.h"

#include <string.h>

/* Whether the two are missing, and one cure is that of both. */
static bool share_cure(const struct check_item *a, const struct check_item *b)
{
	return a->status == CHECK_MISSING && b->status == CHECK_MISSING && a->cure && b->cure &&
	       !strcmp(a->cure, b->cure);
}

/* One refusal for all that the cure of item FIRST cures. */
static void refuse_host(struct plan_check *c, const struct checklist *host, size_t first)
{
	const struct check_item *item = &host->items[first];
	auto_strbuf struct strbuf what = {0};

	strbuf_add(&what, "%s", item->what);
	for (size_t i = first + 1; i < host->n; i++)
		if (share_cure(item, &host->items[i]))
			strbuf_add(&what, "; %s", host->items[i].what);
	plan_add_refusal(c, REFUSAL_HOST, NULL, strdup(_("a host that can pass devices through")),
			 strbuf_take(&what));
	if (item->cure)
		cure_by_lines(c, item->cure);
	else
		cure_command(c, NULL, "host-setup check");
}

void plan_check_host(struct plan_check *c)
{
	const struct checklist *host = &c->facts->host;

	for (size_t i = 0; i < host->n; i++) {
		size_t first = 0;

		while (first < i && !share_cure(&host->items[first], &host->items[i]))
			first++;
		if (first == i && host->items[i].status == CHECK_MISSING)
			refuse_host(c, host, i);
	}
}

/* All that is below a VMD controller uses the controller's address for DMA, so the IOMMU cannot
 * tell them apart (Linux: drivers/pci/controller/vmd.c, vmd_domain_alloc and pci_real_dma_dev()).
 */
static void refuse_child(struct plan_check *c, const struct device *device)
{
	const char *text = bdf_text(&device->bdf), *parent = bdf_text(&device->parent);
	const struct candidate *candidate = facts_chosen(c->facts, &device->bdf);

	plan_refuse(c, REFUSAL_CHILD, &device->bdf,
		    fs_path(_("it is below %s, and cannot be passed through by itself"), parent),
		    _("%s is below %s (a VMD controller, for instance), and exists only while that "
		      "controller has its driver: it cannot be passed through by itself"),
		    text, parent);
	cure_words(c,
		   c->facts->in_vm
			   ? _("this host is itself a VM: where it runs, pass it the disk of %s "
			       "itself, instead of the controller")
			   : _("turn VMD (Intel RST, RAID mode) off in the firmware setup: then %s "
			       "gets an address and a group of its own; a host that boots from a "
			       "disk below it must be able to do so without VMD"),
		   text);
	cure_words(c,
		   _("or pass the whole controller, with all disks below it, to a guest that has "
		     "a driver for it: name %s instead"),
		   parent);
	if (candidate && candidate->entry != ENTRY_ARGS && !candidate->mapping &&
	    candidate->n_addresses == 1)
		cure_by_entry(c, _("that is"), (size_t)candidate->entry, parent);
}

/* A member of the group that is a child, whose parent is not taken: the group would be taken by
 * half. */
static bool is_left_behind(const struct facts *facts, const struct device *device)
{
	const struct device *parent = facts_device(facts, &device->parent);

	return device->child && !device->bridge && facts_group(facts, device->group) &&
	       !(parent && facts_take(facts, parent));
}

/* ---- devices that do not answer ---- */

static void refuse_silent(struct plan_check *c, const struct device *device)
{
	auto_free char *name = describe_device(device);
	const char *text = bdf_text(&device->bdf);

	if (device->answer_err == -ENODATA || device->answer_err == -ETIMEDOUT)
		plan_refuse(
			c, REFUSAL_DEAD, &device->bdf, strdup(_("it does not answer")),
			device->answer_err == -ENODATA
				? _("%s does not answer: its configuration space reads as ff; no "
				    "guest can use it, and QEMU would fail")
				: _("%s does not answer: its configuration space could not be "
				    "read within %d seconds"),
			plan_text(c, name), PCI_ANSWER_MS / 1000);
	else
		plan_refuse(c, REFUSAL_DEAD, &device->bdf,
			    strdup(_("whether it answers is not known")),
			    _("%s: its configuration space cannot be read: %s"), plan_text(c, name),
			    strerror(-device->answer_err));
	cure_by_log(c, device->kernel_log);
	if (!device->kernel_log)
		cure_command(c, _("look for it in the kernel's log"), "journalctl -k -g '%s'",
			     text);
	cure_words(c,
		   _("a cold start brings it back, a reboot often does not: shut this host down, "
		     "disconnect it from power for ten seconds, and switch it on"));
}

static void check_named_device(struct plan_check *c, const struct device *device)
{
	const char *text = bdf_text(&device->bdf);

	if (device->bridge) {
		plan_refuse(c, REFUSAL_BRIDGE, &device->bdf, strdup(_("it is a bridge")),
			    _("%s is a PCI bridge: bridges cannot be passed through"), text);
		cure_command(c, _("name the devices below it instead; they are listed by"),
			     "lspci -Dtnn");
	} else if (device->child) {
		refuse_child(c, device);
	} else if (device->group < 0 && c->facts->iommu_active) {
		plan_refuse(c, REFUSAL_NO_GROUP, &device->bdf, strdup(_("it is in no IOMMU group")),
			    _("%s is in no IOMMU group: the IOMMU does not cover it, so it "
			      "cannot be passed through"),
			    text);
		if (c->facts->igpu_cure && device->identity.class >> 16 == PCI_BASE_CLASS_DISPLAY)
			cure_by_lines(c, c->facts->igpu_cure);
		cure_command(c, _("look for it in the kernel's log"),
			     "journalctl -k -g 'DMAR|AMD-Vi|%s'", text);
	}
}

/* ---- records ---- */

/* Only a record whose text is wrong may be removed: one that cannot be read now may be good. */
static void refuse_unreadable_record(struct plan_check *c, const struct device *device)
{
	auto_free char *name = describe_device(device);
	const char *text = bdf_text(&device->bdf);

	plan_refuse(c, REFUSAL_RECORD, &device->bdf, strdup(_("its record cannot be used")),
		    _("%s is recorded as taken, but the record cannot be used: %s"),
		    plan_text(c, name), device->record_error);
	if (cure_as_root(c, device->record_err))
		return;
	if (device->record_err != -EINVAL && device->record_err != -EPROTONOSUPPORT) {
		cure_command(c, _("look at it"), "ls -l /%s", RECORD_DIR);
		return;
	}
	cure_command(c, _("see which driver it names, and give the device back to that by hand"),
		     "echo DRIVER > /sys/bus/pci/devices/%s/driver_override; "
		     "echo %s > /sys/bus/pci/devices/%s/driver/unbind; "
		     "echo %s > /sys/bus/pci/drivers_probe; "
		     "echo > /sys/bus/pci/devices/%s/driver_override",
		     text, text, text, text, text);
	cure_command(c, _("then"), "rm -f /%s/%s /%s/%s.broken", RECORD_DIR, text, RECORD_DIR,
		     text);
}

static void refuse_other_identity(struct plan_check *c, const struct device *device)
{
	const struct record *record = device->record;
	const char *text = bdf_text(&device->bdf);

	plan_refuse(c, REFUSAL_IDENTITY, &device->bdf, strdup(_("its record is of another device")),
		    _("%s was taken for %s as %s, but the device there now is %s"), text,
		    record_owner(record->vmid), pci_identity_text(&record->identity),
		    pci_identity_text(&device->identity));
	cure_command(c, _("if the hardware was exchanged, remove the record"), "rm /%s/%s",
		     RECORD_DIR, text);
}

/* A record which another VM left behind is this one's now. */
static void warn_of_takeover(struct plan_check *c, const struct device *device)
{
	const struct record *record = device->record;
	const char *back = record->driver ? record->driver : _("no driver");

	plan_warn(c, &device->bdf,
		  _("%s was left taken for %s, which does not run: taken over; it will return "
		    "to %s"),
		  bdf_text(&device->bdf), record_owner(record->vmid),
		  record->stage == RECORD_CLAIMED ? _("what it is now") : back);
}

static void check_record(struct plan_check *c, const struct device *device)
{
	const struct record *record = device->record;

	if (device->record_err)
		refuse_unreadable_record(c, device);
	else if (record && !pci_identity_equal(&record->identity, &device->identity))
		refuse_other_identity(c, device);
	else if (record && c->facts->vmid && record->vmid != c->facts->vmid &&
		 !device->record_vm_runs && !device->record_vm_locked)
		warn_of_takeover(c, device);
}

/* ---- devices that another VM has ---- */

/* What another VM does with a device: of a record, a reservation and an open group, all of one
 * cause, the surest counts. */
enum other_use { OTHER_NONE, OTHER_CHANGES, OTHER_RESERVES, OTHER_RUNS };

struct other {
	unsigned int vmid;
	enum other_use use;
};

static const struct vfio_holder *vm_that_holds(const struct facts *facts,
					       const struct device *device)
{
	const struct device_group *group = facts_group(facts, device->group);

	for (size_t i = 0; group && i < group->holders.n; i++)
		if (group->holders.items[i].vmid && group->holders.items[i].vmid != facts->vmid)
			return &group->holders.items[i];
	return NULL;
}

/* Of a device that this VM would get. */
static struct other other_of(const struct facts *facts, const struct device *device)
{
	const struct vfio_holder *holder = vm_that_holds(facts, device);
	unsigned int recorded_for = device->record ? device->record->vmid : facts->vmid;
	bool is_others = recorded_for != facts->vmid;

	if (!facts_concern(facts, device))
		return (struct other){0};
	if (holder)
		return (struct other){holder->vmid, OTHER_RUNS};
	if (is_others && device->record_vm_runs)
		return (struct other){recorded_for, OTHER_RUNS};
	if (device->reserved_for)
		return (struct other){device->reserved_for, OTHER_RESERVES};
	if (is_others && device->record_vm_locked)
		return (struct other){recorded_for, OTHER_CHANGES};
	return (struct other){0};
}

static bool has_other(const struct facts *facts, const struct device *device,
		      const struct other *wanted)
{
	struct other other = other_of(facts, device);

	return other.use == wanted->use && other.vmid == wanted->vmid;
}

static char *describe_other(const struct other *other)
{
	if (other->vmid == RECORD_TEST)
		return strdup(_("a test runs with it (pve-passthrough test)"));
	if (other->use == OTHER_RUNS)
		return fs_path(_("VM %u runs with it"), other->vmid);
	if (other->use == OTHER_RESERVES)
		return fs_path(_("Proxmox VE has reserved it for VM %u, which runs with it or is "
				 "being started"),
			       other->vmid);
	return fs_path(
		_("it is taken for VM %u, which is being started, stopped or changed at this "
		  "moment"),
		other->vmid);
}

/* "0000:01:00.0, 0000:01:00.1": all that the other VM has. */
static char *list_of_other(const struct facts *facts, const struct other *other)
{
	auto_strbuf struct strbuf list = {0};

	for (size_t i = 0; i < facts->n_devices; i++) {
		auto_free char *name = NULL;

		if (!has_other(facts, &facts->devices[i], other))
			continue;
		name = describe_device(&facts->devices[i]);
		strbuf_add_item(&list, "%s", name ? name : "");
	}
	return strbuf_take(&list);
}

/* One refusal for all that one VM has; FIRST is the first of it. */
static void refuse_other(struct plan_check *c, const struct device *first,
			 const struct other *other)
{
	const struct facts *facts = c->facts;
	auto_free char *list = list_of_other(facts, other);
	char *what = describe_other(other);

	plan_refuse(c, REFUSAL_OTHER_VM, &first->bdf, what, "%s: %s", plan_text(c, list),
		    plan_text(c, what));
	for (size_t i = (size_t)(first - facts->devices) + 1; i < facts->n_devices; i++)
		if (has_other(facts, &facts->devices[i], other))
			plan_refuse_also(c, &facts->devices[i].bdf);
	if (other->vmid == RECORD_TEST)
		cure_again(c, _("wait until it has ended, then"), "qm start");
	else if (other->use == OTHER_CHANGES)
		cure_again(c, _("wait for that task, then"), "qm start");
	else
		cure_command(c, NULL, "qm shutdown %u", other->vmid);
	if (other->use == OTHER_RESERVES)
		cure_words(c, _("or give one of the two another device"));
}

static void check_others(struct plan_check *c)
{
	const struct facts *facts = c->facts;

	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];
		struct other other = other_of(facts, device);
		size_t first = 0;

		if (other.use == OTHER_NONE)
			continue;
		while (!has_other(facts, &facts->devices[first], &other))
			first++;
		if (first == i)
			refuse_other(c, device, &other);
	}
	if (facts->reservations_err) {
		plan_refuse(c, REFUSAL_UNREADABLE, NULL,
			    strdup(_("Proxmox VE's reservations cannot be read")),
			    _("which devices Proxmox VE has reserved for other VMs cannot be "
			      "read: /run/qemu-server/pci-id-reservations: %s"),
			    strerror(-facts->reservations_err));
		if (!cure_as_root(c, facts->reservations_err))
			cure_command(c, _("look at it"),
				     "ls -l /run/qemu-server/pci-id-reservations");
	}
}

/* ---- groups ---- */

/* VFIO first needs a blocking domain, which the kernel does not give to such a group (Linux:
 * drivers/iommu/iommu.c, require_direct; before 6.6 drivers/iommu/intel). */
static void check_reserved(struct plan_check *c, const struct device_group *group)
{
	if (group->reserved_err) {
		plan_refuse(c, REFUSAL_UNREADABLE, NULL,
			    strdup(_("what the firmware reserves cannot be read")),
			    _("whether the firmware reserves memory for IOMMU group %d cannot be "
			      "read: %s"),
			    group->number, strerror(-group->reserved_err));
		if (!cure_as_root(c, group->reserved_err))
			cure_command(c, _("look at it"),
				     "cat /sys/kernel/iommu_groups/%d/reserved_regions",
				     group->number);
	} else if (group->reserved) {
		plan_refuse(c, REFUSAL_RESERVED, NULL,
			    strdup(_("the firmware reserves memory for its group (RMRR)")),
			    _("the firmware reserves memory for IOMMU group %d (RMRR): the kernel "
			      "lets no guest have it"),
			    group->number);
		cure_command(
			c,
			c->facts->in_vm
				? _("this host is itself a VM, and its hypervisor reserves that "
				    "memory: look there how it passes these devices to this "
				    "host; they are listed by")
				: _("look in the firmware setup for shared memory or management "
				    "features of its devices, and turn them off; they are listed "
				    "by"),
			"host-setup groups");
	}
}

/* Whether a test runs with devices of the group, which is another's than this one. */
static bool group_is_tested(const struct facts *facts, const struct device_group *group)
{
	for (size_t i = 0; i < facts->n_devices; i++)
		if (facts->devices[i].group == group->number &&
		    other_of(facts, &facts->devices[i]).vmid == RECORD_TEST)
			return true;
	return false;
}

/* Whether who holds the group has been named: another VM, this one, which runs, or a test. */
static bool holders_are_known(const struct facts *facts, const struct device_group *group)
{
	bool test = group_is_tested(facts, group);

	for (size_t i = 0; i < group->holders.n; i++) {
		unsigned int vmid = group->holders.items[i].vmid;

		if ((!vmid && !test) || (vmid == facts->vmid && !facts->vm_runs))
			return false;
	}
	return group->holders.n || test;
}

static void cure_holder(struct plan_check *c, const struct device_group *group, size_t i)
{
	const struct vfio_holder *holder = &group->holders.items[i];

	if (holder->vmid && holder->vmid == c->facts->vmid)
		cure_command(c, _("this VM's QEMU outlived it; end it"), "kill %d", holder->pid);
	else if (holder->vmid)
		cure_command(c, NULL, "qm shutdown %u", holder->vmid);
	else if (group->cures)
		cure_command(c, group->cures[i].words, "%s", group->cures[i].command);
}

static void check_holders(struct plan_check *c, const struct device_group *group)
{
	auto_free char *who = NULL;

	if (group->holders_err) {
		plan_refuse(c, REFUSAL_UNREADABLE, NULL,
			    strdup(_("who uses its group cannot be read")),
			    _("who uses IOMMU group %d through VFIO cannot be read: %s"),
			    group->number, strerror(-group->holders_err));
		if (!cure_as_root(c, group->holders_err))
			cure_command(c, _("look yourself"), "fuser -v /dev/vfio/%d", group->number);
		return;
	}
	if (!group->holders.open || holders_are_known(c->facts, group))
		return;
	who = vfio_holders_describe(&group->holders);
	plan_refuse(c, REFUSAL_GROUP_OPEN, NULL,
		    fs_path(_("its group is in use by %s"), plan_text(c, who)),
		    _("IOMMU group %d is in use through VFIO by %s"), group->number,
		    plan_text(c, who));
	for (size_t i = 0; i < group->holders.n; i++)
		cure_holder(c, group, i);
	if (!group->holders.n)
		cure_command(c,
			     _("see who that is, as root and outside of any container, and end it"),
			     "fuser -v /dev/vfio/%d", group->number);
}

/* Refuses by CHECK, if it does, all devices of the group. */
static void check_group(struct plan_check *c, const struct device_group *group,
			void (*check)(struct plan_check *c, const struct device_group *group))
{
	size_t n = c->plan->n_refusals;

	check(c, group);
	for (size_t i = 0; c->plan->n_refusals > n && i < c->facts->n_devices; i++) {
		const struct device *device = &c->facts->devices[i];

		if (device->group == group->number && !device->bridge)
			plan_refuse_also(c, &device->bdf);
	}
}

/* A VM's own devices do not refuse its next start. */
static void warn_of_own(struct plan_check *c)
{
	const struct facts *facts = c->facts;
	size_t n = 0;

	for (size_t i = 0; facts->vm_runs && i < facts->n_devices; i++)
		n += facts->devices[i].record && facts->devices[i].record->vmid == facts->vmid;
	if (n)
		plan_warn(c, NULL, _("VM %u runs with them now"), facts->vmid);
}

/* A vGPU's VF, or one that was bound to a variant driver by hand, which args give to QEMU. */
static void warn_of_own_vfio(struct plan_check *c, const struct device *device)
{
	if (c->facts->vmid && facts_leave(device) && facts_chosen(c->facts, &device->bdf))
		plan_warn(c, &device->bdf,
			  _("args: %s is on %s, a VFIO driver of its own: left alone"),
			  bdf_text(&device->bdf), device->driver);
}

void plan_check_devices(struct plan_check *c)
{
	const struct facts *facts = c->facts;

	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];

		if (device->named)
			check_named_device(c, device);
		else if (is_left_behind(facts, device))
			refuse_child(c, device);
		if (device->answer_err)
			refuse_silent(c, device);
		warn_of_own_vfio(c, device);
		if (facts_concern(facts, device))
			check_record(c, device);
	}
	check_others(c);
	for (size_t i = 0; i < facts->n_groups; i++) {
		check_group(c, &facts->groups[i], check_reserved);
		check_group(c, &facts->groups[i], check_holders);
	}
	warn_of_own(c);
}
