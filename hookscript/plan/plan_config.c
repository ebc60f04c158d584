// SPDX-License-Identifier: GPL-2.0-or-later
/* What is decided by the VM's config: the machine, the entries and what they name. */
#include "hookscript/plan/plan_check.h"

#include "host/text/argv.h"
#include "vmcfg/machine.h"

#include <string.h>

/* Refuses, warns or says nothing, as the settings want. Returns whether it refuses. */
static bool refuse_by_policy(struct plan_check *c, enum policy policy, enum refusal_reason reason,
			     char *brief, char *what)
{
	if (policy == POLICY_REFUSE) {
		plan_add_refusal(c, reason, NULL, brief, what);
		return true;
	}
	free(brief);
	if (policy == POLICY_WARN)
		plan_add_warning(c, NULL, what);
	else
		free(what);
	return false;
}

static void cure_by_setting(struct plan_check *c, const char *key)
{
	cure_words(c,
		   _("to run this VM as it is instead, put this line into /%s: "
		     "vm%u = { %s = \"warn\"; };"),
		   SETTINGS_PATH, c->facts->vmid, key);
}

/* The first entry with pcie=1, or HOSTPCI_MAX: with it Proxmox VE starts no other machine than
 * q35, bound or not. (qemu-server, PVE/QemuServer/PCI.pm, parse_hostpci_devices) */
static size_t first_with_pcie(const struct vmcfg *vm)
{
	size_t e = 0;

	while (e < HOSTPCI_MAX && !(vm->hostpci[e] && vm->hostpci[e]->pcie == 1))
		e++;
	return e;
}

/* The entry without the option LEFT; not for --fix, which makes the machine q35. */
static void cure_without(struct plan_check *c, const char *words, size_t e, const char *left)
{
	auto_free char *value = hostpci_value_without(c->facts->vm->hostpci[e], left);
	auto_free char *vmid = fs_path("%u", c->facts->vmid);
	auto_free char *option = fs_path("--hostpci%zu", e);
	auto_argv char **command = value && vmid && option
					   ? argv_new("qm", "set", vmid, option, value)
					   : NULL;

	cure_add(c, words, command ? argv_text(command) : NULL, NULL);
}

/* The setting alone, or with what else the start would fail by. */
static void cure_by_machine_setting(struct plan_check *c)
{
	size_t e = first_with_pcie(c->facts->vm);

	if (e == HOSTPCI_MAX) {
		cure_by_setting(c, "machine");
		return;
	}
	cure_words(
		c,
		_("to keep this machine, put this line into /%s: vm%u = { machine = \"warn\"; }; "
		  "that alone is not enough: with pcie=1 (hostpci%zu) Proxmox VE starts q35 only"),
		SETTINGS_PATH, c->facts->vmid, e);
	for (; e < HOSTPCI_MAX; e++)
		if (c->facts->vm->hostpci[e] && c->facts->vm->hostpci[e]->pcie == 1)
			cure_without(c, _("so remove pcie=1, too"), e, "pcie");
}

static void cure_machine(struct plan_check *c)
{
	const struct vmcfg *vm = c->facts->vm;
	const struct vmcfg_value *machine = &vm->values[VMCFG_MACHINE];
	auto_free char *value = NULL;

	if (plan_args_place_igd(vm)) {
		cure_words(c, _("q35 is no cure here: args put the device at 02.0, the place of "
				"integrated graphics on i440fx (as legacy-igd=1 does)"));
		cure_by_machine_setting(c);
		return;
	}

	if (facts_vm_is_aarch64(c->facts)) {
		cure_command(c, _("the machine of aarch64, virt, is Proxmox VE's default"),
			     "qm set %u --delete machine", c->facts->vmid);
		return;
	}
	value = machine_value_as_q35(machine->text ? machine->text : "",
				     machine->text ? machine->len : 0);
	cure_qm_set(c, NULL, "--machine", value);
	cure_words(c,
		   vmcfg_is_windows(vm)
			   ? _("what that does to a guest that is already installed: its network "
			       "interfaces get other names, and Windows forgets a static address")
			   : _("what that does to a guest that is already installed: its network "
			       "interfaces get other names"));
	cure_by_machine_setting(c);
}

/* The first PCIe device that an entry names, or NULL. */
static const struct device *first_express(const struct facts *facts, size_t e)
{
	for (size_t d = 0; d < facts->n_devices; d++) {
		const struct device *device = &facts->devices[d];
		const struct candidate *candidate = facts_chosen(facts, &device->bdf);

		if (candidate && candidate->entry == (int)e && device->express && !device->bridge)
			return device;
	}
	return NULL;
}

/* Whether the entries name devices, and none of PCI Express. */
static bool is_conventional(const struct facts *facts)
{
	bool any = false;

	for (size_t d = 0; d < facts->n_devices; d++) {
		const struct device *device = &facts->devices[d];
		const struct candidate *candidate = facts_chosen(facts, &device->bdf);

		if (!candidate || candidate->entry == ENTRY_ARGS || device->bridge)
			continue;
		if (device->express)
			return false;
		any = true;
	}
	return any && !facts->n_absent_vfs;
}

/* Returns whether it refuses. */
static bool check_machine(struct plan_check *c)
{
	const struct facts *facts = c->facts;

	if (vmcfg_is_q35(facts->vm) || facts_have_legacy_igd(facts) || facts_machine_is_virt(facts))
		return false;
	/* A VM that gives devices to QEMU by args only is left to its administrator. */
	if (!facts_bind_entries(facts) && facts_have_devices(facts))
		return false;
	if (!refuse_by_policy(
		    c, facts->settings->machine, REFUSAL_NOT_Q35, strdup("q35"),
		    fs_path(is_conventional(facts)
				    ? _("machine: %s; this is not q35, which is asked of "
					"each VM with hostpci devices, although those of "
					"this VM are conventional PCI or integrated, which "
					"a guest sees on this machine, too")
				    : _("machine: %s; this is not q35, the only machine "
					"type whose guests see PCI Express devices"),
			    vmcfg_machine_text(facts->vm))))
		return false;
	cure_machine(c);
	return true;
}

/* ---- pcie=1 ---- */

static void refuse_without_pcie(struct plan_check *c, size_t e, const struct device *device)
{
	auto_free char *value = hostpci_value_with_pcie(c->facts->vm->hostpci[e]);
	auto_free char *option = fs_path("--hostpci%zu", e);

	if (!refuse_by_policy(
		    c, c->facts->settings->pcie, REFUSAL_NO_PCIE, fs_path("pcie=1 (hostpci%zu)", e),
		    fs_path(_("hostpci%zu: %s is a PCI Express device, but the entry does not say "
			      "pcie=1; the guest would see it as conventional PCI, which many "
			      "drivers do not accept"),
			    e, bdf_text(&device->bdf))))
		return;
	cure_qm_set(c, NULL, option, value);
	cure_by_setting(c, "pcie");
}

static void check_legacy_igd(struct plan_check *c, size_t e)
{
	if (vmcfg_is_q35(c->facts->vm)) {
		plan_refuse(c, REFUSAL_IGD_WITH_Q35, NULL,
			    fs_path(_("i440fx (hostpci%zu: legacy-igd=1)"), e),
			    _("hostpci%zu: legacy-igd=1 works on i440fx only, and this VM is "
			      "q35; Proxmox VE would abort the start"),
			    e);
		cure_qm_set(c, NULL, "--machine", "pc");
	} else {
		plan_warn(c, NULL,
			  _("hostpci%zu: legacy-igd=1 works on i440fx only, so neither q35 "
			    "nor pcie=1 is asked of this VM"),
			  e);
	}
}

static void cure_pcie_without_q35(struct plan_check *c, size_t e)
{
	auto_free char *option = fs_path("--hostpci%zu", e);
	auto_free char *value = NULL;

	if (!facts_machine_is_virt(c->facts)) {
		cure_qm_set(c, NULL, "--machine", "q35");
		cure_without(c, _("to keep this machine"), e, "pcie");
		return;
	}
	value = hostpci_value_without(c->facts->vm->hostpci[e], "pcie");
	cure_qm_set(c, NULL, option, value);
}

static void refuse_pcie_without_q35(struct plan_check *c, size_t e)
{
	plan_refuse(c, REFUSAL_PCIE_WITHOUT_Q35, NULL, fs_path(_("q35 (hostpci%zu: pcie=1)"), e),
		    _("hostpci%zu: pcie=1 on a machine that is not q35; Proxmox VE would abort the "
		      "start, whatever our settings say"),
		    e);
	cure_pcie_without_q35(c, e);
}

/* Those that are left to Proxmox VE. */
static void check_left_pcie(struct plan_check *c)
{
	const struct facts *facts = c->facts;

	for (size_t e = plan_first_left_pcie(facts); e < HOSTPCI_MAX; e++)
		if (!facts->binds[e] && facts->vm->hostpci[e] && facts->vm->hostpci[e]->pcie == 1)
			refuse_pcie_without_q35(c, e);
}

static void check_pcie(struct plan_check *c, size_t e)
{
	const struct facts *facts = c->facts;
	const struct hostpci *entry = facts->vm->hostpci[e];
	const struct device *express = first_express(facts, e);
	bool q35 = vmcfg_is_q35(facts->vm), virt = facts_machine_is_virt(facts);

	if (entry->legacy_igd == 1) {
		check_legacy_igd(c, e);
	} else if (!q35 && (facts_have_legacy_igd(facts) ||
			    (plan_args_place_igd(facts->vm) && entry->pcie != 1) ||
			    (facts_vm_is_aarch64(facts) && entry->pcie != 1))) {
		return;
	} else if (virt || (!q35 && facts->settings->machine != POLICY_REFUSE)) {
		/* The administrator chose this machine, or aarch64 has no other. */
		if (entry->pcie == 1)
			refuse_pcie_without_q35(c, e);
	} else if (entry->pcie != 1 && express) {
		refuse_without_pcie(c, e, express);
	}
}

/* ---- entries that Proxmox VE would not start ---- */

static const char *name_of_wrong(enum mapping_wrong wrong)
{
	switch (wrong) {
	case MAPPING_NO_DEVICE: break;
	case MAPPING_ID: return "id";
	case MAPPING_IOMMUGROUP: return "iommugroup";
	case MAPPING_MDEV: return "mdev";
	case MAPPING_SUBSYSTEM_ID: return "subsystem-id";
	}
	return "path";
}

static char *describe_wrong(const struct facts *facts, const struct candidate *candidate)
{
	const struct mapping_verdict *verdict = &candidate->verdict;
	const char *path = hostpci_address_text(&candidate->addresses[verdict->path]);

	if (verdict->wrong == MAPPING_NO_DEVICE)
		return fs_path(
			_("hostpci%d: mapping %s: there is no device at %s on this node (%s); "
			  "hardware was probably changed; Proxmox VE would abort the start"),
			candidate->entry, candidate->mapping->id, path, facts->node);
	return fs_path(_("hostpci%d: mapping %s: the device at %s on this node (%s) has %s %s, "
			 "but the mapping says %s; hardware was probably changed, or the "
			 "firmware setup; Proxmox VE would abort the start"),
		       candidate->entry, candidate->mapping->id, path, facts->node,
		       name_of_wrong(verdict->wrong), *verdict->seen ? verdict->seen : _("none"),
		       verdict->expected ? verdict->expected : _("nothing of it"));
}

static void cure_mapping(struct plan_check *c, const struct candidate *candidate)
{
	cure_words(c,
		   _("or correct the mapping: Datacenter, Resource Mappings, %s; or its line %u in "
		     "/%s"),
		   candidate->mapping->id, candidate->alternative->line, MAPPINGS_PATH);
}

static void refuse_wrong(struct plan_check *c, const struct candidate *candidate)
{
	const struct mapping_verdict *verdict = &candidate->verdict;

	/* The mapping is right: plan_check_addresses() says what is missing. */
	if (verdict->wrong == MAPPING_NO_DEVICE &&
	    facts_absent_vf(c->facts, candidate, &candidate->addresses[verdict->path]))
		return;
	plan_add_refusal(c, REFUSAL_ENTRY, NULL, plan_name_of_valid(candidate->entry),
			 describe_wrong(c->facts, candidate));
	cure_command(c, _("set it right by what is there now"), "pve-passthrough mapping %s",
		     candidate->mapping->id);
	cure_mapping(c, candidate);
}

/* The entry with each device once. */
static void cure_entry_once(struct plan_check *c, size_t e)
{
	auto_free char *value = hostpci_value_once(c->facts->vm->hostpci[e]);
	auto_free char *option = fs_path("--hostpci%zu", e);

	cure_qm_set(c, _("name it once"), option, value);
}

static void refuse_twice(struct plan_check *c, const struct candidate *candidate)
{
	size_t e = (size_t)candidate->entry;
	const char *address = bdf_text(&candidate->repeated);

	if (!candidate_names_twice(candidate, &candidate->repeated)) {
		refuse_entry(
			c, e,
			_("hostpci%zu: %s is named more than once in this VM; Proxmox VE would "
			  "abort the start"),
			e, address);
		cure_delete(c, NULL, e);
		return;
	}
	refuse_entry(c, e,
		     _("hostpci%zu: %s is named more than once in this entry; Proxmox VE would "
		       "abort the start"),
		     e, address);
	if (candidate->mapping)
		cure_mapping(c, candidate);
	else
		cure_entry_once(c, e);
}

/* One of several alternatives, which names a device twice: it is as good as not there. */
static void warn_of_alternative(struct plan_check *c, const struct candidate *candidate)
{
	plan_warn(c, NULL,
		  _("hostpci%d: mapping %s, line %u in /%s, names %s more than once; Proxmox VE "
		    "cannot use that line"),
		  candidate->entry, candidate->mapping->id, candidate->alternative->line,
		  MAPPINGS_PATH, bdf_text(&candidate->repeated));
}

/* An entry with an address and a mapping, or with neither. */
static void refuse_shape(struct plan_check *c, size_t e)
{
	const struct hostpci *entry = c->facts->vm->hostpci[e];

	refuse_entry(c, e, _("hostpci%zu: '%s' has %s; Proxmox VE would abort the start"), e,
		     entry->value,
		     entry->mapping ? _("both host= and mapping=")
				    : _("neither host= nor mapping="));
	cure_words(c, _("give it an address: qm set %u --hostpci%zu 0000:BB:DD.F,pcie=1"),
		   c->facts->vmid, e);
	cure_delete(c, _("or take it out"), e);
}

static void check_entry(struct plan_check *c, size_t e)
{
	const struct hostpci *entry = c->facts->vm->hostpci[e];
	size_t n = 0, n_invalid = 0, n_chosen = 0;

	if (!entry->mapping == !entry->n_hosts) {
		refuse_shape(c, e);
		return;
	}
	for (size_t i = 0; i < c->facts->n_candidates; i++) {
		const struct candidate *candidate = &c->facts->candidates[i];

		if (candidate->entry != (int)e)
			continue;
		n++;
		n_chosen += candidate->state == CANDIDATE_CHOSEN;
		n_invalid += candidate->state == CANDIDATE_INVALID;
		if (candidate->state == CANDIDATE_INVALID)
			refuse_wrong(c, candidate);
		else if (candidate->twice && candidate->state == CANDIDATE_CHOSEN)
			refuse_twice(c, candidate);
		else if (candidate->twice)
			warn_of_alternative(c, candidate);
	}
	if (!n_chosen && !n_invalid)
		plan_refuse_no_alternative(c, e, n);
}

/* With rombar=0, QEMU starts without it. (QEMU, hw/pci/pci.c, pci_add_option_rom) */
static void check_romfile(struct plan_check *c, size_t e)
{
	const struct hostpci *entry = c->facts->vm->hostpci[e];

	if (!c->facts->no_romfile[e])
		return;
	refuse_entry(c, e,
		     _("hostpci%zu: romfile=%s: there is no /%s/%s on this node; QEMU would not "
		       "start"),
		     e, entry->romfile, ROMFILES_PATH, entry->romfile);
	cure_words(c, _("copy it there; each node needs its own copy"));
	cure_without(c, _("or, if the card needs none"), e, "romfile");
}

static void check_args(struct plan_check *c)
{
	const struct args *args = c->facts->args;

	for (size_t i = 0; args && i < args->n_devices; i++) {
		if (!args->devices[i].why)
			continue;
		plan_refuse(c, REFUSAL_ENTRY, NULL, strdup(_("valid args")),
			    _("args: -device %s: %s; QEMU would not start"), args->devices[i].text,
			    args->devices[i].why);
		cure_command(c, _("look at the line"), "qm config %u", c->facts->vmid);
		cure_words(c, _("correct it: qm set %u --args …"), c->facts->vmid);
	}
}

static void check_entries(struct plan_check *c, void (*check)(struct plan_check *c, size_t e))
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (c->facts->binds[e])
			check(c, e);
}

/* ---- warnings ---- */

static void warn_of_dropped(struct plan_check *c)
{
	for (size_t i = 0; i < plan_count_dropped(c->facts); i++)
		plan_add_warning(c, NULL, plan_dropped_text(c->facts, i));
}

/* A driver that the settings name for a device whose entry does not say driver=keep: Proxmox VE
 * takes the device for vfio-pci then. */
static void warn_of_variant(struct plan_check *c, const struct device *device)
{
	const struct facts *facts = c->facts;
	const struct device_setting *setting = facts_setting(facts, device);
	const struct candidate *candidate = facts_chosen(facts, &device->bdf);

	if (!setting || !setting->driver || !candidate || candidate->entry == ENTRY_ARGS ||
	    hostpci_keeps_driver(facts->vm->hostpci[candidate->entry]))
		return;
	plan_warn(c, &device->bdf,
		  _("%s is bound to vfio-pci, although /%s, line %u, says driver = \"%s\": "
		    "Proxmox VE takes another driver from it unless hostpci%d says driver=keep "
		    "(Proxmox VE 9)"),
		  bdf_text(&device->bdf), setting->from[DEVICE_DRIVER].path,
		  setting->from[DEVICE_DRIVER].line, setting->driver, candidate->entry);
}

void plan_note_mdevs(struct plan_check *c)
{
	const struct args *args = c->facts->args;

	for (size_t i = 0; args && !vmcfg_is_template(c->facts->vm) && i < args->n_mdevs; i++)
		plan_add_note(c,
			      fs_path(_("args: -device %s: a mediated device, which is left to "
					"QEMU: this hook neither binds nor checks it"),
				      args->mdevs[i]),
			      NULL);
}

void plan_check_config(struct plan_check *c)
{
	bool not_q35;

	warn_of_dropped(c);
	for (size_t i = 0; i < c->facts->n_devices; i++)
		warn_of_variant(c, &c->facts->devices[i]);
	not_q35 = check_machine(c);
	check_entries(c, check_entry);
	check_entries(c, check_romfile);
	check_args(c);
	check_entries(c, check_pcie);
	/* The cure of the machine is that of these, and legacy-igd refuses them by itself. */
	if (!not_q35 && !facts_have_legacy_igd(c->facts))
		check_left_pcie(c);
	plan_check_igd(c);
}
