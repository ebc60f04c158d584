// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/change_check.h"

#include <string.h>

#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/pci/arch.h"
#include "host/pci/driver.h"
#include "host/pci/iommu.h"
#include "host/pci/vfio.h"
#include "host/setup/outcome.h"
#include "host/setup/sriov/setters.h"
#include "host/usage/usage.h"

/* ---- the PF ---- */

static int refuse_absent(const struct change *change)
{
	outcome_refuse(change->options, REASON_ABSENT, &change->pf,
		       _("refused: there is no PCI device at %s; see: host-setup sriov"),
		       bdf_text(&change->pf));
	outcome_cure(change->options, NULL, "host-setup sriov");
	return ENABLE_REFUSED;
}

/* A device that can have no VFs: it may be one itself. */
static int refuse_no_pf(const struct change *change)
{
	const char *address = bdf_text(&change->pf);
	auto_free char *path = pci_path(&change->pf, "physfn"), *pf = NULL;
	int err = fs_link_name_if(change->root, path, &pf);

	if (err)
		return change_say_failed(change, err);
	if (pf) {
		outcome_refuse(
			change->options, REASON_VF_ITSELF, &change->pf,
			_("refused: %s is a VF itself; its PF is %s: host-setup sriov %s %u"),
			address, pf, pf, change->vfs);
		outcome_cure(change->options, NULL, "host-setup sriov %s %u", pf, change->vfs);
		return ENABLE_REFUSED;
	}
	outcome_refuse(change->options, REASON_NO_SRIOV, &change->pf,
		       arch_is_vm(change->root)
			       ? _("refused: %s can have no VFs (no SR-IOV; this host is itself a "
				   "VM, and QEMU hides that of devices it passes through)")
			       : _("refused: %s can have no VFs (no SR-IOV, or it is off in the "
				   "firmware setup or in the card's own)"),
		       address);
	return ENABLE_REFUSED;
}

static int check_driver(const struct change *change)
{
	const char *address = bdf_text(&change->pf);

	if (!change->driver || strcmp(change->driver, "nvidia"))
		return 0;
	outcome_refuse(
		change->options, REASON_VGPU, &change->pf,
		_("refused: %s is served by NVIDIA's vGPU driver, which makes its VFs by itself: "
		  "systemctl enable --now pve-nvidia-sriov@%s.service"),
		address, address);
	outcome_cure(change->options, NULL, "systemctl enable --now pve-nvidia-sriov@%s.service",
		     address);
	return ENABLE_REFUSED;
}

/* The PF belongs to a VM, or is kept for one. */
static int check_taken(const struct change *change)
{
	const char *address = bdf_text(&change->pf);
	unsigned int vmid = 0;
	int taken = change->above->taken(change->root, &change->pf, &vmid);

	if (taken < 0)
		return change_say_failed(change, taken);
	if (taken && !vmid) {
		outcome_refuse(
			change->options, REASON_OTHER_VM, &change->pf,
			_("refused: %s itself is taken for a test; wait until that has ended; see: "
			  "pve-passthrough status"),
			address);
		outcome_cure(change->options, NULL, "pve-passthrough status");
	} else if (taken) {
		outcome_refuse(change->options, REASON_OTHER_VM, &change->pf,
			       _("refused: %s itself is taken for VM %u: shut that down first: qm "
				 "shutdown %u"),
			       address, vmid, vmid);
		outcome_cure(change->options, NULL, "qm shutdown %u", vmid);
	} else if (change->driver && !strcmp(change->driver, DRIVER_VFIO_PCI)) {
		outcome_refuse(
			change->options, REASON_ON_VFIO, &change->pf,
			_("refused: %s itself is on vfio-pci, which makes no VFs; end what keeps "
			  "it there (a VM, or vfio-pci's option ids=); see: pve-passthrough "
			  "status"),
			address);
		outcome_cure(change->options, NULL, "pve-passthrough status");
	} else {
		return 0;
	}
	return ENABLE_REFUSED;
}

/* From the next boot on vfio-pci would have the PF, which makes no VFs. */
static int check_early(const struct change *change)
{
	const struct early_list *early = &change->conf.early;
	const char *address = bdf_text(&change->pf);

	for (size_t i = 0; i < early->n; i++) {
		if (!early->items[i].held || bdf_compare(&early->items[i].id.bdf, &change->pf))
			continue;
		outcome_refuse(
			change->options, REASON_HELD_EARLY, &change->pf,
			_("refused: %s is held early for vfio-pci, which makes no VFs; to end that: "
			  "host-setup early --remove %s"),
			address, address);
		outcome_cure(change->options, NULL, "host-setup early --remove %s", address);
		return ENABLE_REFUSED;
	}
	return 0;
}

/* ---- what sets the number already ---- */

static void say_setter(const struct change *change, const struct conf_item *setter)
{
	auto_free char *text = setter->line ? fs_path("/%s:%u: %s", setter->file, setter->line,
						      setter->text)
					    : fs_path("/%s: %s", setter->file, setter->text);

	log_error("  %s", text ? text : setter->text);
	outcome_cure(change->options, text, NULL);
}

static int check_setters(const struct change *change)
{
	auto_setters struct setters setters = {0};
	const char *address = bdf_text(&change->pf);
	auto_free char *cure = NULL;
	int err = setters_find_at(change->root, change->options->bootloader, &change->pf, &setters);

	if (err)
		return change_say_failed(change, err);
	for (size_t i = 0; i < setters.dormant.n; i++)
		log_warning(_("/%s:%u is of a unit that is not enabled; enabled, it would set the "
			      "number of VFs of %s, too"),
			    setters.dormant.items[i].file, setters.dormant.items[i].line, address);
	if (!setters.active.n)
		return 0;
	outcome_refuse(change->options, REASON_SET_ELSEWHERE, &change->pf,
		       _("refused: something sets the number of VFs of %s already, or may:"),
		       address);
	for (size_t i = 0; i < setters.active.n; i++)
		say_setter(change, &setters.active.items[i]);
	cure = fs_path(
		_("remove it there (a unit: systemctl disable UNIT; the kernel command line: and "
		  "reboot; a line of modprobe.d: and update-initramfs -u -k all), then: host-setup "
		  "sriov %s %u"),
		address, change->vfs);
	if (!cure)
		return change_say_failed(change, -ENOMEM);
	log_error("%s", cure);
	outcome_cure(change->options, cure, NULL);
	return ENABLE_REFUSED;
}

/* ---- VFs that would vanish ---- */

/* Which VM has the VF, or has it open; NULL: none. */
static int describe_holder(const struct change *change, const struct bdf *vf, char **ret,
			   enum outcome_reason *ret_reason)
{
	auto_holders struct vfio_holders holders = {0};
	int group = iommu_group_of(change->root, vf);
	unsigned int vmid;
	int err = change->above->taken(change->root, vf, &vmid);

	*ret = NULL;
	*ret_reason = REASON_OTHER_VM;
	if (err > 0)
		*ret = vmid ? fs_path(_("VM %u has it"), vmid) : strdup(_("a test has it"));
	if (err)
		return err < 0 ? err : *ret ? 0 : -ENOMEM;
	if (group < 0)
		return group == -ENOENT ? 0 : group;
	err = vfio_group_holders(change->root, group, &holders);
	if (err || !holders.open)
		return err;
	*ret_reason = REASON_GROUP_OPEN;
	*ret = vfio_holders_describe(&holders);
	return *ret ? 0 : -ENOMEM;
}

/* What the host does with the VF; NULL: nothing. */
static int describe_use(const struct change *change, const struct bdf *vf, char **ret)
{
	auto_usage struct usage usage = {0};
	auto_free char *driver = NULL;
	struct usage_device device = {.bdf = *vf};
	struct pci_identity identity;
	int err = pci_identify(change->root, vf, &identity);

	*ret = NULL;
	if (err)
		return err == -ENODEV ? 0 : err; /* it has just gone */
	err = pci_driver(change->root, vf, &driver);
	device.class = identity.class;
	device.driver = driver;
	if (!err)
		err = usage_read(change->root, &device, 1, &usage);
	for (size_t i = 0; !err && i < usage.n && !*ret; i++)
		if (!usage.items[i].harmless && !(*ret = strdup(usage.items[i].what)))
			err = -ENOMEM;
	return err;
}

static int check_vf(const struct change *change, const struct bdf *vf, bool *in_use)
{
	auto_free char *what = NULL;
	enum outcome_reason reason;
	int err = describe_holder(change, vf, &what, &reason);

	if (!err && !what) {
		reason = REASON_IN_USE;
		err = describe_use(change, vf, &what);
	}
	if (err || !what)
		return err;
	outcome_refuse(change->options, reason, vf,
		       _("refused: the VF %s is in use and would vanish: %s"), bdf_text(vf), what);
	*in_use = true;
	return 0;
}

static int check_vfs(const struct change *change)
{
	auto_free char *cure = NULL;
	bool in_use = false;
	int err = 0;

	if (!change_is_due(change))
		return 0;
	for (size_t i = 0; !err && i < change->sriov.n_vfs; i++)
		err = check_vf(change, &change->sriov.vfs[i].bdf, &in_use);
	if (err)
		return change_say_failed(change, err);
	if (!in_use)
		return 0;
	cure = fs_path(_("all VFs of a PF are removed before their number changes: end these uses "
			 "(qm shutdown), then: host-setup sriov %s %u"),
		       bdf_text(&change->pf), change->vfs);
	if (!cure)
		return change_say_failed(change, -ENOMEM);
	log_error("%s", cure);
	outcome_cure(change->options, cure, NULL);
	return ENABLE_REFUSED;
}

int change_check(struct change *change)
{
	static int (*const checks[])(const struct change *) = {check_driver, check_early,
							       check_taken, check_setters};
	int code = 0;

	if (!change->vfs) {
		/* The entry of a device that is no longer there goes without touching the new one.
		 */
		if (change->there && !sriov_entry_is(&change->entry, &change->identity))
			change->there = false;
		return check_vfs(change);
	}
	if (!change->there)
		return refuse_absent(change);
	if (!change->sriov.total)
		return refuse_no_pf(change);
	if (change->vfs > change->sriov.total) {
		outcome_refuse(change->options, REASON_TOO_MANY_VFS, &change->pf,
			       _("refused: %s can have at most %u VFs, not %u"),
			       bdf_text(&change->pf), change->sriov.total, change->vfs);
		return ENABLE_REFUSED;
	}
	for (size_t i = 0; !code && i < ARRAY_SIZE(checks); i++)
		code = checks[i](change);
	return code ? code : check_vfs(change);
}
