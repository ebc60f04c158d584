// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/plan.h"

#include "hookscript/pve/pve.h"

#include "host/text/argv.h"
#include "host/pci/driver.h"

#include <string.h>

const char *refusal_code(enum refusal_reason reason)
{
	static const char *const codes[REFUSAL_REASONS] = {
		[REFUSAL_SETTINGS] = "settings",
		[REFUSAL_NOT_Q35] = "not-q35",
		[REFUSAL_NO_PCIE] = "no-pcie",
		[REFUSAL_PCIE_WITHOUT_Q35] = "pcie-without-q35",
		[REFUSAL_IGD_WITH_Q35] = "igd-with-q35",
		[REFUSAL_HOST] = "host",
		[REFUSAL_ENTRY] = "entry",
		[REFUSAL_ABSENT] = "absent",
		[REFUSAL_NO_GROUP] = "no-group",
		[REFUSAL_BRIDGE] = "bridge",
		[REFUSAL_CHILD] = "child",
		[REFUSAL_DEAD] = "dead",
		[REFUSAL_RESERVED] = "reserved-memory",
		[REFUSAL_GROUP_OPEN] = "group-open",
		[REFUSAL_OTHER_VM] = "other-vm",
		[REFUSAL_RECORD] = "record",
		[REFUSAL_IDENTITY] = "identity",
		[REFUSAL_NEW_NODE] = "new-node",
		[REFUSAL_MOVED] = "moved",
		[REFUSAL_IN_USE] = "in-use",
		[REFUSAL_OWN_DRIVE] = "own-drive",
		[REFUSAL_NEIGHBOUR] = "neighbour",
		[REFUSAL_MEMORY] = "memory",
		[REFUSAL_VF] = "vf",
		[REFUSAL_UNREADABLE] = "unreadable",
		[NEED_DEVICE] = "need-device",
		[NEED_STORAGE] = "need-storage",
		[NEED_SNIPPET] = "need-snippet",
		[NEED_HOOKSCRIPT] = "need-hookscript",
		[NEED_ONE_HOOKSCRIPT] = "other-hookscript",
	};

	return codes[reason];
}

const char *return_code(enum return_reason why)
{
	static const char *const codes[] = {
		[RETURN_DRIVER_NOW] = "driver-now",	[RETURN_SETTING] = "setting",
		[RETURN_RECORDED] = "recorded",		[RETURN_VFIO_EARLY] = "vfio-early",
		[RETURN_VFIO_IDS] = "vfio-ids",		[RETURN_VFIO_BLACKLIST] = "vfio-blacklist",
		[RETURN_VFIO_LEFT] = "vfio-left",	[RETURN_NONE_NO_MODULE] = "none-no-module",
		[RETURN_NONE_VF] = "none-vf",		[RETURN_NONE_BLACKLIST] = "none-blacklist",
		[RETURN_NONE_MISSING] = "none-missing",
	};

	return codes[why];
}

const char *plan_step_driver(const struct plan_step *step)
{
	return step->variant ? step->variant : DRIVER_VFIO_PCI;
}

char *plan_pending_text(const struct facts *facts)
{
	const char *keys = facts->vm->pending_keys ? facts->vm->pending_keys : "";

	if (facts->pending == VMCFG_PENDING_NONE)
		return NULL;
	return fs_path(
		facts->pending == VMCFG_PENDING_APPLIED
			? _("with the pending changes, which the next start applies: %s")
			: _("without the pending changes, because the next start continues a "
			    "suspended or migrated VM and does not apply them: %s"),
		keys);
}

size_t plan_count_dropped(const struct facts *facts)
{
	return facts->vm->n_dropped + (facts->args && facts->args->dropped);
}

char *plan_dropped_text(const struct facts *facts, size_t i)
{
	auto_free char *path = pve_config_path(facts->vmid, getenv("PVE_MIGRATED_FROM"));
	const struct vmcfg_dropped *dropped;
	char key[VMCFG_KEY_SIZE];

	if (i == facts->vm->n_dropped)
		return fs_path(_("args: %s; Proxmox VE passes nothing of this line to QEMU"),
			       facts->args->dropped);
	if (!path)
		return NULL;
	dropped = &facts->vm->dropped[i];
	if (dropped->key < VMCFG_HOSTPCI || dropped->key == VMCFG_KEYS)
		return fs_path(_("/%s, line %u: %s; Proxmox VE ignores this line, and so does this "
				 "hook"),
			       path, dropped->line, dropped->why);
	vmcfg_key_name(dropped->key, key);
	return fs_path(_("/%s, line %u: %s; Proxmox VE ignores this line, so the VM gets no device "
			 "from it; correct it: qm set %u --%s ADDRESS,pcie=1; the addresses: lspci "
			 "-Dnn"),
		       path, dropped->line, dropped->why, facts->vmid, key);
}

char *cure_text(const struct cure *cure)
{
	if (!cure->command)
		return strdup(cure->words);
	return cure->words ? fs_path(_("%s: %s"), cure->words, cure->command)
			   : strdup(cure->command);
}

char *plan_step_return_text(const struct plan_step *step)
{
	const char *module = step->device->module.name ? step->device->module.name : "?";
	const char *back = step->returns_to;

	switch (step->why) {
	case RETURN_DRIVER_NOW: return fs_path(_("returns to %s, its driver now"), back);
	case RETURN_SETTING:
		return back ? fs_path(_("returns to %s, because the settings say so"), back)
			    : strdup(_("returns to no driver, because the settings say so"));
	case RETURN_RECORDED:
		return back ? fs_path(_("returns to %s, recorded when it was taken"), back)
			    : strdup(_("returns to no driver, recorded when it was taken"));
	case RETURN_VFIO_EARLY:
		return strdup(
			_("stays on vfio-pci afterwards: it is held early (host-setup early)"));
	case RETURN_VFIO_IDS:
		return strdup(_(
			"stays on vfio-pci afterwards: vfio-pci's option ids= (modprobe.d or kernel "
			"command line) gives it this device"));
	case RETURN_VFIO_BLACKLIST:
		return fs_path(
			_("stays on vfio-pci afterwards: it is there now, and its own module %s is "
			  "blacklisted"),
			module);
	case RETURN_VFIO_LEFT:
		return strdup(_(
			"stays on vfio-pci afterwards: it is there now, left by an earlier start or "
			"another tool, which recorded nothing here"));
	case RETURN_NONE_NO_MODULE:
		return strdup(_(
			"returns to no driver: it has none, and no module of this kernel matches it"));
	case RETURN_NONE_VF:
		return strdup(_("returns to no driver: the VFs of its PF get none "
				"(sriov_drivers_autoprobe is 0)"));
	case RETURN_NONE_BLACKLIST:
		return fs_path(
			_("returns to no driver: it has none, and its module %s is blacklisted"),
			module);
	case RETURN_NONE_MISSING:
		return fs_path(
			_("returns to no driver: it has none, although module %s matches it"),
			module);
	}
	return NULL;
}

size_t plan_first_left_pcie(const struct facts *facts)
{
	size_t e = 0;

	if (vmcfg_is_q35(facts->vm) || vmcfg_is_template(facts->vm))
		return HOSTPCI_MAX;
	while (e < HOSTPCI_MAX &&
	       (facts->binds[e] || !facts->vm->hostpci[e] || facts->vm->hostpci[e]->pcie != 1))
		e++;
	return e;
}

bool plan_is_needed(const struct facts *facts)
{
	return facts_need_binding(facts) ||
	       (!facts->settings->err && plan_first_left_pcie(facts) < HOSTPCI_MAX);
}

bool plan_takes(const struct plan *plan, const struct bdf *bdf)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (!bdf_compare(&plan->steps[i].device->bdf, bdf))
			return true;
	return false;
}

void cure_free(struct cure *cure)
{
	free(cure->words);
	free(cure->command);
	argv_free(cure->fix);
}

void refusal_free(struct refusal *refusal)
{
	for (size_t i = 0; i < refusal->n_cures; i++)
		cure_free(&refusal->cures[i]);
	free(refusal->cures);
	free(refusal->devices);
	free(refusal->what);
	free(refusal->brief);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n_refusals; i++)
		refusal_free(&plan->refusals[i]);
	for (size_t i = 0; i < plan->n_warnings; i++)
		free(plan->warnings[i].what);
	for (size_t i = 0; i < plan->n_notes; i++) {
		free(plan->notes[i].what);
		free(plan->notes[i].command);
	}
	free(plan->notes);
	free(plan->refusals);
	free(plan->warnings);
	free(plan->steps);
	free(plan->accepted);
	free(plan->vfs);
	free(plan);
}
