// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/facts/facts.h"

#include "host/pci/driver.h"

#include "vmcfg/machine.h"

#include <string.h>

/* ---- looking up ---- */

const struct device *facts_device(const struct facts *facts, const struct bdf *bdf)
{
	for (size_t i = 0; i < facts->n_devices; i++)
		if (!bdf_compare(&facts->devices[i].bdf, bdf))
			return &facts->devices[i];
	return NULL;
}

bool facts_have_device_at(const struct facts *facts, const struct hostpci_address *address)
{
	for (size_t i = 0; i < facts->n_devices; i++)
		if (hostpci_address_names(address, &facts->devices[i].bdf))
			return true;
	return false;
}

const struct device_group *facts_group(const struct facts *facts, int number)
{
	for (size_t i = 0; i < facts->n_groups; i++)
		if (facts->groups[i].number == number)
			return &facts->groups[i];
	return NULL;
}

const struct device_setting *facts_setting(const struct facts *facts, const struct device *device)
{
	return settings_device(facts->settings, &device->bdf, device->identity.vendor,
			       device->identity.device);
}

bool facts_take(const struct facts *facts, const struct device *device)
{
	return !device->bridge && !device->child && !facts_leave(device) &&
	       facts_group(facts, device->group);
}

bool facts_concern(const struct facts *facts, const struct device *device)
{
	return !device->bridge && (device->named || facts_take(facts, device));
}

bool facts_leave(const struct device *device)
{
	return device->own_vfio && !device->has_entry;
}

const struct absent_vf *facts_absent_vf(const struct facts *facts,
					const struct candidate *candidate,
					const struct hostpci_address *address)
{
	for (size_t i = 0; i < facts->n_absent_vfs; i++)
		if (facts->absent_vfs[i].candidate == candidate &&
		    facts->absent_vfs[i].address == address)
			return &facts->absent_vfs[i];
	return NULL;
}

bool facts_make_vf(const struct absent_vf *vf)
{
	return vf->configured >= vf->wanted && !vf->made && !vf->pf_used && vf->pf_driver &&
	       strcmp(vf->pf_driver, DRIVER_VFIO_PCI) != 0;
}

bool hostpci_keeps_driver(const struct hostpci *entry)
{
	return entry && entry->driver && !strcmp(entry->driver, "keep");
}

static bool candidate_has(const struct candidate *candidate, const struct bdf *bdf)
{
	return hostpci_addresses_name(candidate->addresses, candidate->n_addresses, bdf);
}

const struct candidate *facts_chosen(const struct facts *facts, const struct bdf *bdf)
{
	for (size_t i = 0; i < facts->n_candidates; i++)
		if (facts->candidates[i].state == CANDIDATE_CHOSEN &&
		    candidate_has(&facts->candidates[i], bdf))
			return &facts->candidates[i];
	return NULL;
}

bool facts_name_by_address(const struct facts *facts, const struct bdf *bdf)
{
	for (size_t i = 0; i < facts->n_candidates; i++)
		if (!facts->candidates[i].mapping && candidate_has(&facts->candidates[i], bdf))
			return true;
	return false;
}

bool facts_await_driver(const struct facts *facts)
{
	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];

		if (!device->bridge && !device->driver && !device->record && !device->record_err &&
		    device->module.name && !device->module.blacklisted)
			return true;
	}
	return false;
}

bool facts_bind_entries(const struct facts *facts)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (facts->binds[e])
			return true;
	return false;
}

bool facts_have_entries(const struct facts *facts)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (facts->vm->hostpci[e])
			return true;
	return false;
}

bool facts_have_devices(const struct facts *facts)
{
	return facts_have_entries(facts) ||
	       (facts->args && (facts->args->n_devices || facts->args->n_mdevs));
}

bool facts_have_vf_keys(const struct facts *facts)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (facts->vm->hostpci[e] && vf_setting_first(&facts->settings->vfs[e]) < VF_KEYS)
			return true;
	return false;
}

/* An entry that is not bound, and that the settings have keys for, is refused. */
bool facts_need_binding(const struct facts *facts)
{
	return !vmcfg_is_template(facts->vm) &&
	       (facts_bind_entries(facts) || facts_have_vf_keys(facts) ||
		(facts->args && facts->args->n_devices));
}

bool facts_have_legacy_igd(const struct facts *facts)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (facts->binds[e] && facts->vm->hostpci[e]->legacy_igd == 1)
			return true;
	return false;
}

bool facts_vm_is_aarch64(const struct facts *facts)
{
	const char *arch = facts->vm->values[VMCFG_ARCH].text;

	return arch ? !strcmp(arch, "aarch64") : facts->other_host;
}

bool facts_machine_is_virt(const struct facts *facts)
{
	const struct vmcfg_value *machine = &facts->vm->values[VMCFG_MACHINE];

	return facts_vm_is_aarch64(facts) &&
	       (!machine->text || machine_is_virt(machine->text, machine->len));
}

char *candidate_name(const struct candidate *candidate)
{
	if (candidate->entry == ENTRY_ARGS)
		return strdup("args");
	if (!candidate->mapping)
		return fs_path("hostpci%d", candidate->entry);
	return fs_path(_("hostpci%d (mapping %s)"), candidate->entry, candidate->mapping->id);
}

/* ---- what the entries name ---- */

static bool has_variant(const struct facts *facts, const struct hostpci_address *addresses,
			size_t n)
{
	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];
		const struct device_setting *setting = facts_setting(facts, device);

		if (setting && setting->driver &&
		    hostpci_addresses_name(addresses, n, &device->bdf))
			return true;
	}
	return false;
}

static const struct mapping *mapping_of(const struct facts *facts, const struct hostpci *entry)
{
	return facts->mappings && entry->mapping ? mappings_find(facts->mappings, entry->mapping)
						 : NULL;
}

/* Whether the settings name a vfio variant driver for a device that the entry may get. */
static bool entry_has_variant(const struct facts *facts, const struct hostpci *entry)
{
	const struct mapping *mapping = mapping_of(facts, entry);
	const struct mapping_entry *alternative = NULL;

	if (!entry->mapping)
		return has_variant(facts, entry->hosts, entry->n_hosts);
	while (mapping && (alternative = mapping_next(mapping, facts->node, alternative)))
		if (has_variant(facts, alternative->paths, alternative->n_paths))
			return true;
	return false;
}

static bool is_bound(const struct facts *facts, const struct hostpci *entry)
{
	if (!entry || entry->mdev)
		return false;
	return !hostpci_keeps_driver(entry) || entry_has_variant(facts, entry);
}

static int add_candidate(struct facts *facts, int entry, const struct hostpci_address *addresses,
			 size_t n)
{
	if (!array_grow(facts->candidates, facts->n_candidates))
		return -ENOMEM;
	facts->candidates[facts->n_candidates++] = (struct candidate){
		.entry = entry, .addresses = addresses, .n_addresses = n, .n_alternatives = 1};
	return 0;
}

static int add_alternatives(struct facts *facts, int entry, const struct mapping *mapping)
{
	const struct mapping_entry *alternative = NULL;
	size_t first = facts->n_candidates;

	while ((alternative = mapping_next(mapping, facts->node, alternative))) {
		int err = add_candidate(facts, entry, alternative->paths, alternative->n_paths);

		if (err)
			return err;
		facts->candidates[facts->n_candidates - 1].mapping = mapping;
		facts->candidates[facts->n_candidates - 1].alternative = alternative;
	}
	for (size_t i = first; i < facts->n_candidates; i++)
		facts->candidates[i].n_alternatives = facts->n_candidates - first;
	return 0;
}

/* An entry with both host= and mapping=, or neither, names nothing: plan_make() refuses it. */
static int add_entry(struct facts *facts, size_t e)
{
	const struct hostpci *entry = facts->vm->hostpci[e];
	const struct mapping *mapping;

	facts->binds[e] = is_bound(facts, entry);
	if (!facts->binds[e] || !entry->mapping == !entry->n_hosts)
		return 0;
	if (entry->n_hosts)
		return add_candidate(facts, (int)e, entry->hosts, entry->n_hosts);
	mapping = mapping_of(facts, entry);
	return mapping ? add_alternatives(facts, (int)e, mapping) : 0;
}

/* A device in which no address can be read is refused, too. */
static int add_args(struct facts *facts)
{
	const struct vmcfg_value *value = &facts->vm->values[VMCFG_ARGS];
	int err = value->text ? args_parse(value->text, value->len, &facts->args) : 0;
	size_t n = !err && facts->args ? facts->args->n_devices : 0;

	if (err || !n)
		return err;
	facts->args_addresses = calloc(n, sizeof(*facts->args_addresses));
	if (!facts->args_addresses)
		return -ENOMEM;
	for (size_t i = 0; !err && i < n; i++) {
		if (facts->args->devices[i].why)
			continue;
		facts->args_addresses[i].bdf = facts->args->devices[i].bdf;
		err = add_candidate(facts, ENTRY_ARGS, &facts->args_addresses[i], 1);
	}
	return err;
}

int facts_list_candidates(struct facts *facts)
{
	int err = 0;

	for (size_t e = 0; !err && e < HOSTPCI_MAX; e++)
		err = add_entry(facts, e);
	return err ? err : add_args(facts);
}

/* ---- which alternative ---- */

/* What sysfs says of the device at a path of a mapping. */
static struct mapping_device at_path(const struct facts *facts, const struct hostpci_address *path)
{
	const struct device *device = path->impossible ? NULL : facts_device(facts, &path->bdf);
	struct mapping_device seen;

	if (!device)
		return facts_mapping_device(NULL, -1);
	seen = facts_mapping_device(&device->identity, device->group);
	seen.has_subsystem = device->has_subsystem;
	seen.mdev = device->mdev;
	return seen;
}

static int check_mapping(const struct facts *facts, struct candidate *candidate)
{
	auto_free struct mapping_device *devices = calloc(candidate->n_addresses, sizeof(*devices));

	if (!devices)
		return -ENOMEM;
	for (size_t i = 0; i < candidate->n_addresses; i++)
		devices[i] = at_path(facts, &candidate->addresses[i]);
	/* Proxmox VE looks after pre-start: what is on vfio-pci provides no mediated devices. */
	for (size_t i = 0; candidate->n_alternatives == 1 && i < candidate->n_addresses; i++)
		devices[i].mdev = false;
	if (!mapping_check(candidate->mapping, candidate->alternative, devices,
			   &candidate->verdict))
		candidate->state = CANDIDATE_INVALID;
	return 0;
}

static bool is_free(const struct facts *facts, const struct candidate *candidate)
{
	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];

		if (candidate_has(candidate, &device->bdf) &&
		    (device->reserved_for || device->has_entry))
			return false;
	}
	return true;
}

/* Whether an entry names the device that Proxmox VE gives to its VM, and that is not bound here:
 * one with driver=keep. */
static bool is_kept(const struct facts *facts, const struct device *device)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++) {
		const struct hostpci *entry = facts->vm->hostpci[e];

		if (entry && !facts->binds[e] && !entry->mdev &&
		    hostpci_addresses_name(entry->hosts, entry->n_hosts, &device->bdf))
			return true;
	}
	return false;
}

/*
 * Marks the functions as used, one after the other, as Proxmox VE does: at one that is used already
 * it stops, and those before it stay marked. Returns whether there was none such.
 */
static bool use(struct facts *facts, struct candidate *candidate)
{
	for (size_t k = 0; k < candidate->n_addresses; k++)
		for (size_t i = 0; i < facts->n_devices; i++) {
			struct device *device = &facts->devices[i];

			if (!hostpci_address_names(&candidate->addresses[k], &device->bdf))
				continue;
			candidate->repeated = device->bdf;
			candidate->twice = device->has_entry || is_kept(facts, device);
			if (candidate->twice)
				return false;
			device->has_entry = true;
		}
	return true;
}

/* The entry gets these devices. What args give to QEMU may stay with its own VFIO driver. */
static void choose(struct facts *facts, struct candidate *candidate)
{
	candidate->state = CANDIDATE_CHOSEN;
	for (size_t i = 0; i < facts->n_devices; i++) {
		struct device *device = &facts->devices[i];

		if (candidate_has(candidate, &device->bdf) &&
		    (candidate->entry != ENTRY_ARGS || !facts_leave(device)))
			device->named = true;
	}
}

/* The same of one of several alternatives, if it can be used: none of its functions is used
 * already, reserved for another VM, or named twice. Returns whether it can. */
static bool choose_if_free(struct facts *facts, struct candidate *candidate)
{
	if (!is_free(facts, candidate) || !use(facts, candidate))
		return false;
	choose(facts, candidate);
	return true;
}

/* The N alternatives of one entry, of which Proxmox VE wants every one to be right. */
static int choose_one(struct facts *facts, struct candidate *candidates, size_t n)
{
	bool valid = true;

	for (size_t i = 0; candidates->mapping && i < n; i++) {
		int err = check_mapping(facts, &candidates[i]);

		if (err)
			return err;
		valid &= candidates[i].state != CANDIDATE_INVALID;
	}
	/* Of one without a choice it looks at the reservation later, and so does the plan. */
	if (valid && n == 1) {
		choose(facts, candidates);
		if (candidates->entry != ENTRY_ARGS)
			use(facts, candidates);
		return 0;
	}
	for (size_t i = 0; valid && i < n; i++)
		if (choose_if_free(facts, &candidates[i]))
			break;
	return 0;
}

int facts_choose(struct facts *facts)
{
	int err = 0;

	for (size_t i = 0; !err && i < facts->n_candidates;
	     i += facts->candidates[i].n_alternatives)
		err = choose_one(facts, &facts->candidates[i], facts->candidates[i].n_alternatives);
	return err;
}

/* ---- the end ---- */

static void free_device(struct device *device)
{
	free(device->driver);
	record_free(device->record);
	free(device->record_error);
	free(device->module.name);
	free(device->kernel_log);
}

static void free_group(struct device_group *group)
{
	for (size_t i = 0; group->cures && i < group->holders.n; i++) {
		free(group->cures[i].words);
		free(group->cures[i].command);
	}
	free(group->cures);
	vfio_holders_free(&group->holders);
}

void facts_free(struct facts *facts)
{
	if (!facts)
		return;
	for (size_t i = 0; i < facts->n_devices; i++)
		free_device(&facts->devices[i]);
	for (size_t i = 0; i < facts->n_groups; i++)
		free_group(&facts->groups[i]);
	for (size_t i = 0; i < facts->n_moved; i++) {
		free(facts->moved[i].now);
		free(facts->moved[i].kernel_log);
	}
	for (size_t i = 0; i < facts->n_absent_vfs; i++) {
		free(facts->absent_vfs[i].pf_driver);
		free(facts->absent_vfs[i].pf_used);
	}
	for (size_t i = 0; i < facts->n_own_nodes; i++)
		free(facts->own_nodes[i].name);
	free(facts->own_nodes);
	for (size_t i = 0; i < facts->n_vfs; i++)
		net_port_free(&facts->vfs[i].port);
	free(facts->vfs);
	free(facts->vm_identity);
	free(facts->absent_vfs);
	free(facts->devices);
	free(facts->groups);
	free(facts->moved);
	free(facts->args_addresses);
	free(facts->candidates);
	free(facts->identity_error);
	free(facts->igpu_cure);
	free(facts->node);
	checklist_free(&facts->host);
	host_memory_free(&facts->host_memory);
	usage_free(&facts->usage);
	early_free(&facts->early);
	ha_free(&facts->ha);
	mappings_free(facts->mappings);
	args_free(facts->args);
	vmcfg_free(facts->vm);
	free(facts);
}
