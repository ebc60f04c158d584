// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/facts/facts.h"

#include "hookscript/plan/facts/facts_state.h"
#include "hookscript/pve/pve.h"
#include "hookscript/pve/vm.h"
#include "host/base/facts.h"
#include "host/base/log.h"
#include "host/pci/arch.h"
#include "host/pci/driver.h"
#include "host/pci/iommu.h"
#include "host/pci/modules.h"
#include "host/setup/check/cures.h"

#include <limits.h>
#include <string.h>

/* As many functions as a slot can have. */
#define SLOT_FUNCTIONS 8

/* What reading needs. */
struct reader {
	const struct fs_root *root;
	unsigned int scope;
	struct pve_reservations reservations;
	struct modules *modules; /* NULL until the first look-up */
	struct facts *facts;
};

static void free_reader(struct reader *r)
{
	pve_reservations_free(&r->reservations);
	modules_close(r->modules);
	facts_free(r->facts);
}

/* ---- devices ---- */

/* Which other VM Proxmox VE has the device reserved for. */
static unsigned int reserved_for(const struct reader *r, const struct bdf *bdf)
{
	for (size_t i = 0; i < r->reservations.n; i++) {
		const struct pve_reservation *item = &r->reservations.items[i];

		if (item->vmid != r->facts->vmid && item->has_bdf &&
		    !bdf_compare(&item->bdf, bdf) && pve_reservation_holds(r->root, item))
			return item->vmid;
	}
	return 0;
}

/* Whether the device has the file NAME goes to *RET. Returns 0 or -errno. */
static int probe(const struct reader *r, const struct bdf *bdf, const char *name, bool *ret)
{
	int found = pci_probe_file(r->root, bdf, name);

	*ret = found > 0;
	return found < 0 ? found : 0;
}

/* Its driver, and whether that is one of VFIO's own. */
static int read_driver(const struct reader *r, struct device *device)
{
	int err = pci_driver(r->root, &device->bdf, &device->driver);

	if (err || !device->driver || !strcmp(device->driver, DRIVER_VFIO_PCI))
		return err;
	return probe(r, &device->bdf, "vfio-dev", &device->own_vfio);
}

/* An integrated device has no link that a driver could miss on conventional PCI. */
static int read_express(const struct reader *r, struct device *device)
{
	int express = pci_is_express(r->root, &device->bdf);
	int integrated = express > 0 ? pci_is_integrated(r->root, &device->bdf) : 0;

	device->express = express > 0 && !integrated;
	return express < 0 ? express : integrated < 0 ? integrated : 0;
}

static int read_device(const struct reader *r, struct device *device)
{
	const struct fs_root *root = r->root;
	int err = pci_identify(root, &device->bdf, &device->identity);

	if (!err)
		err = read_driver(r, device);
	if (err)
		return err;
	err = pci_parent_endpoint(root, &device->bdf, &device->parent);
	if (err < 0)
		return err;
	device->child = err;
	device->group = iommu_group_of(root, &device->bdf);
	err = read_express(r, device);
	if (!err)
		err = probe(r, &device->bdf, "pci_bus", &device->bridge);
	if (err)
		return err;
	if (!device->bridge)
		device->reserved_for = reserved_for(r, &device->bdf);
	if (!r->facts->mappings)
		return 0;
	err = probe(r, &device->bdf, "subsystem_vendor", &device->has_subsystem);
	if (!err)
		err = probe(r, &device->bdf, "mdev_supported_types", &device->mdev);
	if (!err && !device->mdev)
		err = probe(r, &device->bdf, "nvidia", &device->mdev);
	return err;
}

/* Adds the device, unless it is there; one that has gone meanwhile is none. */
static int add_device(struct reader *r, const struct bdf *bdf)
{
	struct facts *facts = r->facts;
	struct device *device;
	int err;

	if (facts_device(facts, bdf))
		return 0;
	if (!array_grow(facts->devices, facts->n_devices))
		return -ENOMEM;
	device = &facts->devices[facts->n_devices];
	*device = (struct device){.bdf = *bdf};
	err = read_device(r, device);
	if (!err)
		facts->n_devices++;
	else
		free(device->driver);
	return err == -ENODEV ? 0 : err;
}

/* The same, of one that may be absent. */
static int add_present(struct reader *r, const struct bdf *bdf)
{
	int there = pci_probe(r->root, bdf);

	return there > 0 ? add_device(r, bdf) : there;
}

/* A slot is asked for its functions rather than the whole bus for its devices. Proxmox VE's grammar
 * allows addresses that no hardware can have: nothing is there. */
static int add_address(struct reader *r, const struct hostpci_address *address)
{
	unsigned int functions = address->all_functions ? SLOT_FUNCTIONS : 1;
	struct bdf bdf = address->bdf;
	int err = 0;

	if (address->impossible)
		return 0;
	for (unsigned int f = 0; !err && f < functions; f++, bdf.func++)
		err = add_present(r, &bdf);
	return err;
}

static int add_candidates(struct reader *r)
{
	int err = 0;

	for (size_t i = 0; i < r->facts->n_candidates; i++) {
		const struct candidate *candidate = &r->facts->candidates[i];

		for (size_t k = 0; !err && k < candidate->n_addresses; k++)
			err = add_address(r, &candidate->addresses[k]);
	}
	return err;
}

/* The devices for which the settings name a variant driver, where an entry says driver=keep: what
 * they are decides whether that entry is bound. */
static int add_variants(struct reader *r)
{
	const struct settings *settings = r->facts->settings;
	bool keeps = false;
	int err = 0;

	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		keeps |= hostpci_keeps_driver(r->facts->vm->hostpci[e]);
	for (size_t i = 0; keeps && !err && i < settings->n_devices; i++)
		if (settings->devices[i].driver)
			err = add_present(r, &settings->devices[i].bdf);
	return err;
}

static int compare_devices(const void *a, const void *b)
{
	return bdf_compare(&((const struct device *)a)->bdf, &((const struct device *)b)->bdf);
}

static void sort_devices(struct facts *facts)
{
	if (facts->n_devices)
		qsort(facts->devices, facts->n_devices, sizeof(*facts->devices), compare_devices);
}

/* ---- groups ---- */

static int add_group(struct reader *r, int number)
{
	auto_free struct bdf *members = NULL;
	struct facts *facts = r->facts;
	struct device_group *group;
	size_t n;
	int err, reserved;

	if (facts_group(facts, number))
		return 0;
	err = iommu_group_members(r->root, number, &members, &n);
	if (err)
		return err;
	if (!array_grow(facts->groups, facts->n_groups))
		return -ENOMEM;
	group = &facts->groups[facts->n_groups++];
	reserved = iommu_group_is_reserved(r->root, number);
	*group = (struct device_group){
		.number = number,
		.reserved = reserved > 0,
		.reserved_err = reserved < 0 ? reserved : 0,
	};
	/* A plan that is made for somebody to read must not make the VM's start fail, should that
	 * be under way. */
	group->holders_err = vfio_members_holders(r->root, number, members, n,
						  !(r->scope & FACTS_NEXT_START), &group->holders);
	err = facts_read_holder_cures(r->root, group);
	for (size_t i = 0; !err && i < n; i++)
		err = add_device(r, &members[i]);
	return err;
}

static int add_groups(struct reader *r)
{
	size_t n = r->facts->n_devices;

	for (size_t i = 0; i < n; i++) {
		int group = r->facts->devices[i].group;
		int err;

		if (!r->facts->devices[i].named || group == -ENOENT)
			continue;
		err = group < 0 ? group : add_group(r, group);
		if (err)
			return err;
	}
	return 0;
}

/* ---- what is known of each device ---- */

static int read_modules(struct reader *r, struct device *device)
{
	auto_free char *modalias = NULL;
	int err = r->modules ? 0 : modules_open(r->root, &r->modules);

	if (err)
		return err;
	if (r->scope & FACTS_MODULES)
		err = modules_vfio_ids_match(r->modules, &device->identity);
	if (err < 0)
		return err;
	device->vfio_ids = err;
	err = pci_modalias(r->root, &device->bdf, &modalias);
	if (err) /* a device that has just gone: nothing matches */
		return fs_is_absent(err) || err == -ENODEV ? 0 : err;
	err = modules_for_alias(r->modules, modalias, &device->module.name,
				&device->module.blacklisted);
	/* In a tree without modules.alias nothing matches. */
	return err == -ENOSYS || fs_is_absent(err) ? 0 : err;
}

/* Whether the device is a VF for which the kernel looks for no driver (Linux:
 * drivers/pci/pci-driver.c, pci_device_can_probe()). */
static int read_no_probe(const struct reader *r, struct device *device)
{
	auto_free char *path = pci_path(&device->bdf, "physfn/sriov_drivers_autoprobe");
	auto_free char *text = NULL;
	int err;

	if (device->driver || device->record)
		return 0;
	err = path ? fs_read_attr(r->root, path, &text) : -ENOMEM;
	device->no_probe = !err && !strcmp(text, "0");
	return fs_is_absent(err) || err == -ENODEV ? 0 : err;
}

static int read_record(const struct reader *r, struct device *device)
{
	int err = record_read(r->root, &device->bdf, &device->record, &device->record_error);

	if (!err && !device->record && record_has_broken(r->root, &device->bdf)) {
		err = -EINVAL;
		device->record_error = fs_path(_("/%s/%s.broken: renamed, because it could not be "
						 "understood"),
					       RECORD_DIR, bdf_text(&device->bdf));
	}
	device->record_err = err;
	if (err)
		return device->record_error ? 0 : -ENOMEM;
	if (!device->record)
		return 0;
	device->record_vm_runs = pve_vm_runs(r->root, device->record->vmid);
	device->record_vm_locked = pve_vm_is_locked(r->root, device->record->vmid);
	return 0;
}

static int read_details(struct reader *r)
{
	for (size_t i = 0; i < r->facts->n_devices; i++) {
		struct device *device = &r->facts->devices[i];
		int err;

		if (!device->named && !facts_group(r->facts, device->group))
			continue;
		err = read_record(r, device);
		if (!err)
			err = read_no_probe(r, device) ?: facts_read_pf(r->root, device);
		if (!err && !device->bridge && !device->no_probe &&
		    (r->scope & FACTS_MODULES || (!device->driver && !device->record)))
			err = read_modules(r, device);
		if (err)
			return err;
	}
	return 0;
}

/* ---- all of it ---- */

static bool has_mapping(const struct vmcfg *vm)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (vm->hostpci[e] && vm->hostpci[e]->mapping)
			return true;
	return false;
}

/* Which devices the VM's entries name, and which alternatives they get. */
static int read_named(struct reader *r)
{
	struct facts *facts = r->facts;
	int err = 0;

	if (has_mapping(facts->vm))
		err = facts_read_mappings(r->root, &facts->mappings, &facts->node);
	err = err ?: add_variants(r);
	err = err ?: facts_list_candidates(facts);
	if (err || !facts_need_binding(facts))
		return err;
	facts->reservations_err = pve_reservations_read(r->root, &r->reservations);
	err = add_candidates(r);
	sort_devices(facts);
	return err ? err : facts_choose(facts);
}

/* What a start is decided by, beside the devices that are named. */
static int read_rest(struct reader *r)
{
	struct facts *facts = r->facts;
	int err = cures_check_essentials(r->root, &facts->host);

	facts->iommu_active = !err && !checklist_misses(&facts->host, "iommu-active");
	if (!err)
		err = add_groups(r);
	/* A member of which that is unknown would be left out of the plan. */
	for (size_t i = 0; !err && i < facts->n_devices; i++)
		if (facts->devices[i].group < 0 && facts->devices[i].group != -ENOENT)
			err = facts->devices[i].group;
	sort_devices(facts);
	facts_read_machine(r->root, facts);
	err = err ?: facts_read_igpu_cure(r->root, facts);
	err = err ?: read_details(r);
	err = err ?: facts_read_answers(r->root, facts);
	err = err ?: facts_read_moved(r->root, facts);
	err = err ?: facts_read_absent(r->root, facts);
	err = err ?: facts_read_romfiles(r->root, facts);
	err = err ?: facts_read_ha(r->root, facts);
	err = err ?: facts_read_vfs(r->root, facts);
	err = err ?: facts_read_memory(r->root, r->scope, facts);
	return err ?: facts_read_usage(r->root, facts);
}

int facts_read(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
	       unsigned int scope, struct facts **ret, char **ret_why)
{
	cleanup_with(free_reader) struct reader r = {.root = root, .scope = scope};
	int err;

	r.facts = calloc(1, sizeof(*r.facts));
	if (!r.facts)
		return -ENOMEM;
	r.facts->vmid = vmid;
	r.facts->settings = settings;
	err = scope & FACTS_NEXT_START
		      ? vm_read_next(root, vmid, &r.facts->vm, &r.facts->pending, ret_why)
		      : vm_read(root, vmid, &r.facts->vm, ret_why);
	if (err)
		return err;
	r.facts->vm_runs = pve_vm_runs(root, vmid);
	r.facts->other_host = !arch_is_x86(root);
	err = read_named(&r);
	if (!err)
		err = facts_read_vm_identity(root, r.facts);
	if (!err && facts_need_binding(r.facts) && !(scope & FACTS_ADDRESSES))
		err = read_rest(&r);
	if (err)
		*ret_why = fs_path(_("VM %u: the devices cannot be read from /sys: %s"), vmid,
				   log_strerror(err));
	else
		*ret = TAKE_PTR(r.facts);
	return err;
}

static int add_all_devices(struct reader *r)
{
	auto_names struct fs_names names = {0};
	struct bdf bdf;
	int err = fs_list(r->root, "sys/bus/pci/devices", &names);

	for (size_t i = 0; !err && i < names.n; i++)
		err = bdf_parse(names.items[i], &bdf) ? 0 : add_device(r, &bdf);
	for (size_t i = 0; i < r->facts->n_devices; i++)
		r->facts->devices[i].named = !r->facts->devices[i].bridge;
	return err;
}

/* A bridge is named only when it is the device itself, to be refused. */
static int add_tested(struct reader *r)
{
	const struct bdf *tested = &r->facts->tested;
	int group = iommu_group_of(r->root, tested);
	auto_free struct bdf *members = NULL;
	size_t n = 0;
	int err = add_device(r, tested);

	if (!err && group >= 0)
		err = iommu_group_members(r->root, group, &members, &n);
	for (size_t i = 0; !err && i < n; i++)
		err = add_device(r, &members[i]);
	for (size_t i = 0; i < r->facts->n_devices; i++) {
		struct device *device = &r->facts->devices[i];

		device->has_entry = !bdf_compare(&device->bdf, tested);
		device->named = !device->bridge || device->has_entry;
	}
	return err;
}

/* Of no VM: what ADD adds. */
static int read_without_vm(struct reader *r, int (*add)(struct reader *r), struct facts **ret)
{
	int err = vmcfg_parse("", 0, &r->facts->vm);

	if (!err) {
		r->facts->reservations_err = pve_reservations_read(r->root, &r->reservations);
		err = add(r);
	}
	if (!err)
		err = read_rest(r);
	if (!err)
		*ret = TAKE_PTR(r->facts);
	return err;
}

int facts_read_host(const struct fs_root *root, const struct settings *settings, struct facts **ret)
{
	cleanup_with(free_reader) struct reader r = {.root = root};

	/* What the plans of VMs will ask of a capture is noted when the host is read. */
	r.scope = facts_are_noted() ? FACTS_MODULES : FACTS_START;
	r.facts = calloc(1, sizeof(*r.facts));
	if (!r.facts)
		return -ENOMEM;
	r.facts->settings = settings;
	return read_without_vm(&r, add_all_devices, ret);
}

int facts_read_tested(const struct fs_root *root, const struct settings *settings,
		      const struct bdf *bdf, struct facts **ret, char **ret_why)
{
	cleanup_with(free_reader) struct reader r = {.root = root};
	int err;

	r.facts = calloc(1, sizeof(*r.facts));
	if (!r.facts)
		return -ENOMEM;
	r.facts->settings = settings;
	r.facts->vmid = RECORD_TEST;
	r.facts->tested = *bdf;
	err = read_without_vm(&r, add_tested, ret);
	if (err)
		*ret_why = fs_path(_("%s: the devices cannot be read from /sys: %s"), bdf_text(bdf),
				   log_strerror(err));
	return err;
}
