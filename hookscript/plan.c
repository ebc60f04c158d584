// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan.h"

#include "host/driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What deciding looks at, and the plan it fills. */
struct planner {
	unsigned int vmid;
	const struct settings *settings;
	const struct vmcfg *vm;
	const struct snapshot *snapshot;
	struct plan *plan;
};

/* Takes both texts over; a NULL one means that memory is out. */
static int refuse(struct planner *p, enum refusal_reason reason, char *what, char *cure)
{
	struct plan *plan = p->plan;

	if (!what || !cure || !array_grow(plan->refusals, plan->n_refusals)) {
		free(what);
		free(cure);
		return -ENOMEM;
	}
	plan->refusals[plan->n_refusals++] = (struct refusal){reason, what, cure};
	return 0;
}

static int warn(struct planner *p, char *text)
{
	struct plan *plan = p->plan;

	if (!text || !array_grow(plan->warnings, plan->n_warnings)) {
		free(text);
		return -ENOMEM;
	}
	plan->warnings[plan->n_warnings++] = text;
	return 0;
}

/* A check that the settings can turn into a warning or off. */
static int apply_policy(struct planner *p, enum policy policy, enum refusal_reason reason,
			char *what, char *cure)
{
	if (policy == POLICY_REFUSE)
		return refuse(p, reason, what, cure);
	free(cure);
	if (policy == POLICY_WARN)
		return warn(p, what);
	free(what);
	return 0;
}

/* 'TEXT' for a shell, whatever it holds. */
static char *shell_quote(const char *text)
{
	char *quoted = text ? malloc(strlen(text) * 4 + 3) : NULL;
	char *to = quoted;

	if (!quoted)
		return NULL;
	*to++ = '\'';
	for (; *text; text++)
		if (*text == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *text;
	strcpy(to, "'");
	return quoted;
}

static bool has_legacy_igd(const struct vmcfg *vm)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (hostpci_needs_binding(vm->hostpci[e]) && vm->hostpci[e]->legacy_igd == 1)
			return true;
	return false;
}

static const char *machine_text(const struct vmcfg *vm)
{
	const char *text = vm->values[VMCFG_MACHINE].text;

	return text && text[strspn(text, " \t")] ? text : "pc, the default";
}

static int check_machine(struct planner *p)
{
	const char *arch = p->vm->values[VMCFG_ARCH].text;
	char *cure;

	if (vmcfg_is_q35(p->vm) || has_legacy_igd(p->vm))
		return 0;
	if (arch && !strcmp(arch, "aarch64"))
		cure = fs_path(
			"this VM is of architecture aarch64, which has no q35; to run it as it is "
			"all the same, put this line into /%s: vm%u = { machine = \"warn\"; };",
			SETTINGS_PATH, p->vmid);
	else
		cure = fs_path("qm set %u --machine q35\n"
			       "what that does to a guest that is already installed: its network "
			       "interfaces get other names, and Windows forgets a static address\n"
			       "to run this VM as it is instead, put this line into /%s: "
			       "vm%u = { machine = \"warn\"; };",
			       p->vmid, SETTINGS_PATH, p->vmid);
	return apply_policy(
		p, p->settings->machine, REFUSAL_NOT_Q35,
		fs_path("machine: %s; this is not q35, the only machine type whose guests "
			"see PCI Express devices",
			machine_text(p->vm)),
		cure);
}

/* The first PCIe device that an entry names, or NULL. */
static const struct device *first_express(const struct planner *p, const struct hostpci *entry)
{
	for (size_t d = 0; d < p->snapshot->n_devices; d++) {
		const struct device *device = &p->snapshot->devices[d];

		for (size_t i = 0; i < entry->n_hosts; i++)
			if (device->express && !device->bridge &&
			    hostpci_address_names(&entry->hosts[i], &device->bdf))
				return device;
	}
	return NULL;
}

static int refuse_without_pcie(struct planner *p, size_t e, const struct device *device)
{
	auto_free char *value = hostpci_value_with_pcie(p->vm->hostpci[e]);
	auto_free char *quoted = shell_quote(value);
	char text[BDF_TEXT_SIZE];

	if (!quoted)
		return -ENOMEM;
	return apply_policy(
		p, p->settings->pcie, REFUSAL_NO_PCIE,
		fs_path("hostpci%zu: %s is a PCI Express device, but the entry does not say pcie=1; the "
			"guest would see it as conventional PCI, which many drivers do not accept",
			e, bdf_format(&device->bdf, text)),
		fs_path("qm set %u --hostpci%zu %s\n"
			"to run this VM as it is instead, put this line into /%s: "
			"vm%u = { pcie = \"warn\"; };",
			p->vmid, e, quoted, SETTINGS_PATH, p->vmid));
}

static int check_entry_pcie(struct planner *p, size_t e)
{
	const struct hostpci *entry = p->vm->hostpci[e];
	const struct device *express = first_express(p, entry);
	bool q35 = vmcfg_is_q35(p->vm);

	if (has_legacy_igd(p->vm) && !q35) {
		if (entry->legacy_igd != 1)
			return 0;
		return warn(p,
			    fs_path("hostpci%zu: legacy-igd=1 works on i440fx only, so neither q35 "
				    "nor pcie=1 is asked of this VM",
				    e));
	}
	if (entry->legacy_igd == 1)
		return refuse(
			p, REFUSAL_IGD_WITH_Q35,
			fs_path("hostpci%zu: legacy-igd=1 works on i440fx only, and this VM is q35; "
				"Proxmox VE would abort the start",
				e),
			fs_path("qm set %u --machine pc", p->vmid));
	if (!q35 && p->settings->machine != POLICY_REFUSE) {
		if (entry->pcie != 1)
			return 0; /* the administrator chose this machine, which has no PCIe */
		return refuse(
			p, REFUSAL_PCIE_WITHOUT_Q35,
			fs_path("hostpci%zu: pcie=1 on a machine that is not q35; Proxmox VE would "
				"abort the start, whatever our settings say",
				e),
			fs_path("qm set %u --machine q35", p->vmid));
	}
	if (entry->pcie == 1 || !express)
		return 0;
	return refuse_without_pcie(p, e, express);
}

static int check_entry_form(struct planner *p, size_t e)
{
	const struct hostpci *entry = p->vm->hostpci[e];

	if (entry->mapping && !entry->n_hosts)
		return refuse(
			p, REFUSAL_MAPPING,
			fs_path("hostpci%zu: mapping=%s: resource mappings are not supported yet",
				e, entry->mapping),
			fs_path("name the device by its address, as shown by lspci -D: "
				"qm set %u --hostpci%zu 0000:BB:DD.F,pcie=1",
				p->vmid, e));
	if (entry->mapping || !entry->n_hosts)
		return refuse(
			p, REFUSAL_NO_ADDRESS,
			fs_path("hostpci%zu: '%s' has %s; Proxmox VE would abort the start", e,
				entry->value,
				entry->mapping ? "both host= and mapping="
					       : "neither host= nor mapping="),
			fs_path("qm set %u --hostpci%zu 0000:BB:DD.F,pcie=1, or qm set %u --delete "
				"hostpci%zu",
				p->vmid, e, p->vmid, e));
	return 0;
}

static bool address_is_there(const struct planner *p, const struct hostpci_address *address)
{
	for (size_t d = 0; d < p->snapshot->n_devices; d++)
		if (hostpci_address_names(address, &p->snapshot->devices[d].bdf))
			return true;
	return false;
}

static int check_entry_addresses(struct planner *p, size_t e)
{
	const struct hostpci *entry = p->vm->hostpci[e];

	for (size_t i = 0; i < entry->n_hosts; i++) {
		int err;

		if (address_is_there(p, &entry->hosts[i]))
			continue;
		err = refuse(
			p, REFUSAL_ABSENT,
			fs_path("hostpci%zu: there is no PCI device at %s on this host; was hardware "
				"added, removed, or turned off in the firmware setup? Addresses move "
				"when it was",
				e, entry->hosts[i].text),
			fs_path("find its address now: lspci -Dnn; then: qm set %u --hostpci%zu "
				"ADDRESS,pcie=1, or: qm set %u --delete hostpci%zu",
				p->vmid, e, p->vmid, e));
		if (err)
			return err;
	}
	return 0;
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

/* What `host-setup check` calls missing, in its words. */
static int check_host_is_ready(struct planner *p)
{
	for (size_t i = 0; i < p->snapshot->host.n; i++) {
		const struct check_item *item = &p->snapshot->host.items[i];
		int err;

		if (item->status != CHECK_MISSING)
			continue;
		err = refuse(p, REFUSAL_HOST, strdup(item->what),
			     strdup(item->cure ? item->cure : "host-setup check"));
		if (err)
			return err;
	}
	return 0;
}

static const struct snapshot_group *group_of(const struct planner *p, const struct device *device)
{
	for (size_t i = 0; i < p->snapshot->n_groups; i++)
		if (p->snapshot->groups[i].group == device->group)
			return &p->snapshot->groups[i];
	return NULL;
}

static int check_named_device(struct planner *p, const struct device *device)
{
	char text[BDF_TEXT_SIZE];

	bdf_format(&device->bdf, text);
	if (device->bridge)
		return refuse(
			p, REFUSAL_BRIDGE,
			fs_path("%s is a PCI bridge: bridges cannot be passed through", text),
			strdup("name the devices behind it instead; they are listed by: lspci -Dtnn"));
	if (device->group < 0 && p->snapshot->iommu_active)
		return refuse(
			p, REFUSAL_NO_GROUP,
			fs_path("%s is in no IOMMU group: the IOMMU does not cover it, so it cannot "
				"be passed through",
				text),
			fs_path("look for it in the kernel's log: journalctl -k -g 'DMAR|AMD-Vi|%s'; "
				"on Intel, intel_iommu=on on the kernel command line includes the "
				"integrated GPU",
				text));
	return 0;
}

static int check_record(struct planner *p, const struct device *device)
{
	const struct record *record = device->record;
	char text[BDF_TEXT_SIZE];

	bdf_format(&device->bdf, text);
	if (device->record_error)
		return refuse(p, REFUSAL_RECORD,
			      fs_path("%s is recorded as taken, but the record cannot be used: %s",
				      text, device->record_error),
			      fs_path("read it, give the device back by hand, then: rm /%s/%s",
				      RECORD_FOLDER, text));
	if (!record)
		return 0;
	if (!pci_identity_equal(&record->identity, &device->identity)) {
		char was[PCI_IDENTITY_TEXT_SIZE], is[PCI_IDENTITY_TEXT_SIZE];

		return refuse(
			p, REFUSAL_IDENTITY,
			fs_path("%s was taken for VM %u as %s, but the device there now is %s",
				text, record->vmid, pci_identity_format(&record->identity, was),
				pci_identity_format(&device->identity, is)),
			fs_path("if the hardware was exchanged, forget the record: rm /%s/%s",
				RECORD_FOLDER, text));
	}
	if (record->vmid == p->vmid)
		return 0;
	if (device->record_vm_runs)
		return refuse(
			p, REFUSAL_OTHER_VM,
			fs_path("%s is taken for VM %u, which is running", text, record->vmid),
			fs_path("qm shutdown %u", record->vmid));
	if (device->record_vm_locked)
		return refuse(
			p, REFUSAL_OTHER_VM,
			fs_path("%s is taken for VM %u, which is being started, stopped or changed "
				"at this moment",
				text, record->vmid),
			fs_path("wait for that task, then: qm start %u", p->vmid));
	return warn(p,
		    fs_path("%s was left taken for VM %u, which does not run: taken over; it will "
			    "return to %s",
			    text, record->vmid,
			    record->stage == RECORD_CLAIMED ? "what it is now"
			    : record->driver		    ? record->driver
							    : "no driver"));
}

static int check_devices(struct planner *p)
{
	for (size_t i = 0; i < p->snapshot->n_devices; i++) {
		const struct device *device = &p->snapshot->devices[i];
		int err = device->named ? check_named_device(p, device) : 0;

		if (!err && !device->bridge)
			err = check_record(p, device);
		if (err)
			return err;
	}
	return 0;
}

static int check_groups(struct planner *p)
{
	for (size_t i = 0; i < p->snapshot->n_groups; i++) {
		const struct snapshot_group *group = &p->snapshot->groups[i];
		auto_free char *who = NULL;
		int err;

		if (!group->holders.open)
			continue;
		who = vfio_holders_describe(&group->holders);
		if (!who)
			return -ENOMEM;
		err = refuse(
			p, REFUSAL_GROUP_OPEN,
			fs_path("IOMMU group %d is in use through VFIO by %s", group->group, who),
			strdup("stop what uses it: another VM by qm shutdown; a QEMU that outlived its "
			       "VM ends by itself or by kill"));
		if (err)
			return err;
	}
	return 0;
}

static enum return_reason reason_for_vfio(const struct device *device)
{
	if (device->vfio_ids)
		return RETURN_VFIO_IDS;
	return device->module.blacklisted ? RETURN_VFIO_BLACKLIST : RETURN_VFIO_LEFT;
}

static enum return_reason reason_for_none(const struct device *device)
{
	if (!device->module.name)
		return RETURN_NONE_NO_MODULE;
	return device->module.blacklisted ? RETURN_NONE_BLACKLIST : RETURN_NONE_MISSING;
}

static struct plan_step make_step(const struct device *device)
{
	if (device->record && device->record->stage == RECORD_TAKEN)
		return (struct plan_step){device, device->record->driver, RETURN_RECORDED};
	if (!device->driver)
		return (struct plan_step){device, NULL, reason_for_none(device)};
	if (!strcmp(device->driver, DRIVER_VFIO_PCI))
		return (struct plan_step){device, device->driver, reason_for_vfio(device)};
	return (struct plan_step){device, device->driver, RETURN_DRIVER_NOW};
}

static bool belongs_to_plan(const struct planner *p, const struct device *device)
{
	return !device->bridge && group_of(p, device);
}

static int add_steps(struct planner *p)
{
	struct plan *plan = p->plan;

	plan->steps = calloc(p->snapshot->n_devices + 1, sizeof(*plan->steps));
	if (!plan->steps)
		return -ENOMEM;
	for (size_t i = 0; i < p->snapshot->n_devices; i++) {
		const struct device *device = &p->snapshot->devices[i];
		struct plan_step step = make_step(device);
		char text[BDF_TEXT_SIZE];

		if (!belongs_to_plan(p, device))
			continue;
		plan->steps[plan->n_steps++] = step;
		if (step.why == RETURN_NONE_MISSING &&
		    warn(p, fs_path("%s has no driver, although module %s would match it; it will "
				    "return to none",
				    bdf_format(&device->bdf, text), device->module.name)))
			return -ENOMEM;
	}
	return 0;
}

/* A VM whose devices Proxmox VE would see, but not the lines it dropped. */
static int warn_of_dropped(struct planner *p)
{
	for (size_t i = 0; i < p->vm->n_dropped; i++) {
		const struct vmcfg_dropped *line = &p->vm->dropped[i];
		int err = warn(
			p, fs_path("VM config, line %u: %s; Proxmox VE ignores this line, and so "
				   "does this hook",
				   line->line, line->why));

		if (err)
			return err;
	}
	return 0;
}

int plan_make(unsigned int vmid, const struct settings *settings, const struct vmcfg *vm,
	      const struct snapshot *snapshot, struct plan **ret)
{
	cleanup_with(plan_freep) struct plan *plan = calloc(1, sizeof(*plan));
	struct planner p = {vmid, settings, vm, snapshot, plan};
	int err;

	if (!plan)
		return -ENOMEM;
	err = warn_of_dropped(&p);
	if (!err)
		err = check_machine(&p);
	if (!err)
		err = check_entries(&p, check_entry_form);
	if (!err)
		err = check_entries(&p, check_entry_pcie);
	if (!err)
		err = check_host_is_ready(&p);
	if (!err)
		err = check_entries(&p, check_entry_addresses);
	if (!err)
		err = check_devices(&p);
	if (!err)
		err = check_groups(&p);
	if (!err)
		err = add_steps(&p);
	if (!err)
		*ret = TAKE_PTR(plan);
	return err;
}

bool plan_is_needed(const struct vmcfg *vm)
{
	if (vmcfg_is_template(vm))
		return false;
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (hostpci_needs_binding(vm->hostpci[e]))
			return true;
	return false;
}

char *plan_step_return_text(const struct plan_step *step)
{
	const char *module = step->device->module.name ? step->device->module.name : "?";

	switch (step->why) {
	case RETURN_DRIVER_NOW: return fs_path("returns to %s, its driver now", step->returns_to);
	case RETURN_RECORDED:
		return fs_path("returns to %s, recorded when it was taken",
			       step->returns_to ? step->returns_to : "no driver");
	case RETURN_VFIO_IDS:
		return strdup(
			"stays on vfio-pci afterwards: vfio-pci's option ids= (modprobe.d or kernel "
			"command line) gives it this device");
	case RETURN_VFIO_BLACKLIST:
		return fs_path(
			"stays on vfio-pci afterwards: it is there now, and its own module %s is "
			"blacklisted",
			module);
	case RETURN_VFIO_LEFT:
		return strdup(
			"stays on vfio-pci afterwards: it is there now, left by an earlier start or "
			"another tool, which recorded nothing here");
	case RETURN_NONE_NO_MODULE:
		return strdup(
			"returns to no driver: it has none, and no module of this kernel matches it");
	case RETURN_NONE_BLACKLIST:
		return fs_path(
			"returns to no driver: it has none, and its module %s is blacklisted",
			module);
	case RETURN_NONE_MISSING:
		return fs_path("returns to no driver: it has none, although module %s matches it",
			       module);
	}
	return NULL;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n_refusals; i++) {
		free(plan->refusals[i].what);
		free(plan->refusals[i].cure);
	}
	for (size_t i = 0; i < plan->n_warnings; i++)
		free(plan->warnings[i]);
	free(plan->refusals);
	free(plan->warnings);
	free(plan->steps);
	free(plan);
}
