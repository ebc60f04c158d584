// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/check.h"

#include "host/pci/arch.h"
#include "host/pci/driver.h"
#include "host/pci/iommu.h"
#include "host/pci/modules.h"

#include <stdio.h>
#include <string.h>

#define IOMMU_ACTIVE "iommu-active"
#define REMAPPING    "interrupt-remapping"

#define INTERRUPTS_MAX ((size_t)16 * 1024 * 1024)

const char *check_status_name(enum check_status status)
{
	static const char *const names[] = {N_("ok"), N_("note"), N_("warning"), N_("missing")};

	return names[status];
}

int check_add(struct checklist *list, const char *name, enum check_status status, char *what,
	      char *evidence, char *cure)
{
	if (!what || !array_grow(list->items, list->n)) {
		free(what);
		free(evidence);
		free(cure);
		return -ENOMEM;
	}
	list->items[list->n++] = (struct check_item){name, status, what, evidence, cure, 0};
	return 0;
}

int check_add_vm(struct checklist *list, unsigned int vmid, enum check_status status, char *what,
		 char *cure)
{
	int err = check_add(list, "vm", status, what, NULL, cure);

	if (!err)
		list->items[list->n - 1].vmid = vmid;
	return err;
}

bool checklist_misses(const struct checklist *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].status == CHECK_MISSING &&
		    (!name || !strcmp(list->items[i].name, name)))
			return true;
	return false;
}

void checklist_free(struct checklist *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].what);
		free(list->items[i].evidence);
		free(list->items[i].cure);
	}
	free(list->items);
	*list = (struct checklist){0};
}

static int add_active(const struct fs_root *root, struct checklist *list)
{
	auto_names struct fs_names iommus = {0};
	int err = fs_list(root, "sys/class/iommu", &iommus);

	return check_add(list, IOMMU_ACTIVE, CHECK_OK, strdup(_("the IOMMU is active")),
			 err || !iommus.n
				 ? NULL
				 : fs_path(_("/sys/class/iommu holds %s%s"), iommus.items[0],
					   iommus.n > 1 ? _(" and others") : ""),
			 NULL);
}

/* What gives the host an IOMMU that its firmware does not offer. */
static const char *cure_firmware(const struct fs_root *root)
{
	switch (arch_machine(root)) {
	case MACHINE_QEMU:
		return _(
			"this host is itself a VM, which needs a virtual IOMMU. Where it runs on "
			"Proxmox VE, there: qm set ID --machine q35,viommu=intel (ID is this VM's), "
			"and shut it down and start it; then here: host-setup enable");
	case MACHINE_VM:
		return _("this host is itself a VM: its hypervisor has to give it a virtual IOMMU "
			 "that remaps interrupts; then: host-setup enable");
	case MACHINE_REAL: break;
	}
	return _("enable VT-d (Intel) or AMD-Vi, often named IOMMU (AMD), in the firmware setup "
		 "(BIOS), start the host again, then: host-setup enable");
}

/* What has interrupts remapped. */
static const char *cure_remapping(const struct fs_root *root)
{
	switch (arch_machine(root)) {
	case MACHINE_QEMU:
		return _(
			"this host is itself a VM, whose virtual IOMMU has to remap interrupts, as "
			"Intel's does and VirtIO's does not. Where it runs on Proxmox VE, there: qm "
			"set ID --machine q35,viommu=intel (ID is this VM's), and shut it down and "
			"start it\n"
			"or, where you trust the guests: host-setup enable --unsafe-interrupts");
	case MACHINE_VM:
		return _("this host is itself a VM: its hypervisor has to give it a virtual IOMMU "
			 "that remaps interrupts\n"
			 "or, where you trust the guests: host-setup enable --unsafe-interrupts");
	case MACHINE_REAL: break;
	}
	return _("enable interrupt remapping in the firmware setup (x2APIC, VT-d); why it is "
		 "off: journalctl -k -b -g 'remapping|DMAR-IR|AMD-Vi'\n"
		 "where the hardware has none, and you trust the guests: host-setup enable "
		 "--unsafe-interrupts");
}

/* Another machine than an x86: no word of ours turns its IOMMU on. */
static int add_other_inactive(const struct fs_root *root, struct checklist *list)
{
	bool vm = arch_is_vm(root);

	return check_add(
		list, IOMMU_ACTIVE, CHECK_MISSING,
		strdup(_("no IOMMU is active: no device can be passed through on this host")),
		strdup(_("/sys/class/iommu is empty")),
		strdup(vm ? _("this host is itself a VM: its hypervisor has to give it a virtual "
			      "IOMMU (SMMU)")
			  : _("see why in the kernel's log: journalctl -k -b -g 'smmu|iommu'\n"
			      "and whether the firmware setup has a switch for the SMMU")));
}

static int check_iommu(const struct fs_root *root, bool active, const struct check_cures *cures,
		       struct checklist *list)
{
	static const char empty[] = N_("/sys/class/iommu is empty");

	if (active)
		return add_active(root, list);
	if (!arch_is_x86(root))
		return add_other_inactive(root, list);
	if (iommu_table(root))
		return check_add(
			list, IOMMU_ACTIVE, CHECK_MISSING,
			strdup(_(
				"the IOMMU is off, although the firmware offers one: no device can "
				"be passed through on this host")),
			cures->iommu_seen ? fs_path("%s\n%s", _(empty), cures->iommu_seen)
					  : strdup(_(empty)),
			strdup(cures->iommu ? cures->iommu : "host-setup enable && reboot"));
	return check_add(
		list, IOMMU_ACTIVE, CHECK_MISSING,
		strdup(_(
			"the firmware offers no IOMMU (no ACPI table DMAR, IVRS or VIOT): no device "
			"can be passed through on this host")),
		strdup(_(empty)), strdup(cure_firmware(root)));
}

/* Whether the administrator allows devices to be passed without interrupt remapping. */
static bool allows_unsafe_interrupts(const struct fs_root *root)
{
	auto_free char *value = NULL;
	cleanup_with(modules_closep) struct modules *modules = NULL;

	if (!fs_read_attr(root, "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
			  &value))
		return *value == 'Y';
	return !modules_open(root, &modules) &&
	       modules_has_option(modules, "vfio_iommu_type1", "allow_unsafe_interrupts");
}

/*
 * Whether interrupts are remapped: the kernel then names their chips with a prefix "IR-" (Linux:
 * arch/x86/kernel/apic/io_apic.c, drivers/iommu/intel/irq_remapping.c). The interrupts that every
 * PC has, the timer's and ACPI's, prove it as well as all of /proc/interrupts, which grows with the
 * processors and the devices of the host. *RET_WHERE is where it was seen, static. Returns 1, 0 or
 * -errno.
 */
static int interrupts_are_remapped(const struct fs_root *root, const char **ret_where)
{
	static const char *const chips[] = {"sys/kernel/irq/0/chip_name",
					    "sys/kernel/irq/9/chip_name"};
	auto_free char *interrupts = NULL;
	int err;

	*ret_where = _("an IR- chip in /sys/kernel/irq");
	for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
		auto_free char *chip = NULL;

		if (!fs_read_attr(root, chips[i], &chip) && after_prefix(chip, "IR-"))
			return 1;
	}
	err = fs_read(root, "proc/interrupts", INTERRUPTS_MAX, &interrupts, NULL);
	*ret_where = _("IR- chips in /proc/interrupts");
	return err ? err : strstr(interrupts, " IR-") != NULL;
}

/*
 * On ARM a GIC's ITS keeps the interrupts of devices apart (Linux:
 * drivers/irqchip/irq-gic-v3-its-msi-parent.c); others may do so under another name.
 */
static int check_isolation(const struct fs_root *root, struct checklist *list)
{
	auto_free char *interrupts = NULL;
	int err = fs_read(root, "proc/interrupts", INTERRUPTS_MAX, &interrupts, NULL);

	if (!err && strstr(interrupts, " ITS-"))
		return check_add(list, REMAPPING, CHECK_OK,
				 strdup(_("interrupts of devices are isolated")),
				 strdup(_("ITS- chips in /proc/interrupts")), NULL);
	if (allows_unsafe_interrupts(root))
		return check_add(
			list, REMAPPING, CHECK_WARNING,
			strdup(_("vfio_iommu_type1 allows passthrough even if interrupts are not "
				 "isolated: a guest could raise any interrupt of the host")),
			strdup(_("allow_unsafe_interrupts is set")),
			strdup(_("pass devices to guests that you trust only")));
	return check_add(
		list, REMAPPING, CHECK_NOTE,
		strdup(_("whether interrupts of devices are isolated cannot be determined; if they "
			 "are not, VFIO refuses the VM's start (EPERM)")),
		strdup(_("no ITS- chip in /proc/interrupts")), NULL);
}

/* VFIO refuses a container without remapping, unless told otherwise (Linux:
 * drivers/vfio/vfio_iommu_type1.c). */
static int check_remapping(const struct fs_root *root, const struct check_cures *cures,
			   struct checklist *list)
{
	const char *where;
	int remapped = interrupts_are_remapped(root, &where);

	if (remapped < 0)
		return check_add(list, REMAPPING, CHECK_WARNING,
				 strdup(_("whether interrupts are remapped is unknown")),
				 strdup(_("/proc/interrupts cannot be read")), NULL);
	if (remapped)
		return check_add(list, REMAPPING, CHECK_OK, strdup(_("interrupts are remapped")),
				 strdup(where), NULL);
	if (allows_unsafe_interrupts(root))
		return check_add(
			list, REMAPPING, CHECK_WARNING,
			strdup(_("interrupts are not remapped, and vfio_iommu_type1 allows that: a "
				 "guest can raise any interrupt of the host")),
			strdup(_(
				"no IR- chip in /proc/interrupts; allow_unsafe_interrupts is set")),
			strdup(_("pass devices to guests that you trust only")));
	return check_add(
		list, REMAPPING, CHECK_MISSING,
		strdup(_(
			"interrupts are not remapped, so VFIO lets no guest have a device (EPERM)")),
		strdup(_("no IR- chip in /proc/interrupts")),
		strdup(cures->remapping ? cures->remapping : cure_remapping(root)));
}

int check_kept(struct modules *modules, const char *module, const char *cure,
	       struct checklist *list)
{
	struct module_obstacle obstacle;
	auto_free char *text = NULL;
	int err = modules_find_obstacle(modules, module, false, &obstacle);

	text = obstacle.text;
	if (err || !text)
		return err;
	if (!obstacle.on_cmdline)
		cure = _("remove that line; where it is: grep -rn '^ *install' /etc/modprobe.d "
			 "/run/modprobe.d /lib/modprobe.d");
	else if (!cure)
		cure = _("remove that where the boot loader reads it, and reboot");
	return check_add(list, module, CHECK_MISSING,
			 fs_path(obstacle.on_cmdline
					 ? _("module %s is never loaded, so no device can be "
					     "passed through: the kernel command line has %s")
					 : _("module %s is never loaded, so no device can be "
					     "passed through: modprobe.d has the line: %s"),
				 module, text),
			 NULL, strdup(cure))
		       ?: 1;
}

/* Usually it is loaded, which needs no libkmod; *MODULES is opened when it is not. */
static int check_module(const struct fs_root *root, struct modules **modules, const char *module,
			const struct check_cures *cures, struct checklist *list)
{
	int there = module_is_loaded(root, module), kept;

	if (there > 0)
		return check_add(list, module, CHECK_OK,
				 fs_path(module_is_builtin(root, module)
						 ? _("%s is built into this kernel")
						 : _("module %s is loaded"),
					 module),
				 fs_path("/sys/module/%s", module), NULL);
	if (!there && !*modules)
		there = modules_open(root, modules);
	if (!there)
		there = modules_has(*modules, module);
	kept = there > 0 ? check_kept(*modules, module, cures->module, list) : there;
	if (kept)
		return kept < 0 ? kept : 0;
	if (there)
		return check_add(
			list, module, CHECK_OK,
			fs_path(_("module %s is available, and loaded when needed"), module), NULL,
			NULL);
	return check_add(
		list, module, CHECK_MISSING,
		fs_path(_("this kernel has no module %s: no device can be passed through"), module),
		fs_path(_("neither /sys/module/%s nor a file in /lib/modules"), module),
		strdup(_(
			"reboot, if the kernel was upgraded since the host started; else start it "
			"with a kernel that has the module (those of Proxmox VE and of Debian do)")));
}

static const char *const module_names[] = {"vfio", "vfio_iommu_type1", "vfio_pci"};

static int check_modules(const struct fs_root *root, const struct check_cures *cures,
			 struct checklist *list)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(module_names); i++)
		err = check_module(root, &modules, module_names[i], cures, list);
	return err;
}

int check_essentials(const struct fs_root *root, const struct check_cures *cures,
		     struct checklist *list)
{
	static const struct check_cures general;
	int active = iommu_is_active(root);
	int err = active;

	if (!cures)
		cures = &general;
	if (active >= 0)
		err = check_iommu(root, active, cures, list);
	/* Without an IOMMU there is no remapping. */
	if (!err && active)
		err = arch_is_x86(root) ? check_remapping(root, cures, list)
					: check_isolation(root, list);
	return err ? err : check_modules(root, cures, list);
}
