// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/selection.h"

#include "hookscript/pve.h"
#include "host/iommu.h"
#include "host/pci.h"
#include "vmcfg/args.h"

#include <stdio.h>
#include <string.h>

/* What reading needs. */
struct selector {
	const struct fs_root *root;
	unsigned int vmid;
	const struct vmcfg *vm;
	char *node; /* with the first mapping */
	/* Devices that the entries so far stand for: Proxmox VE gives none to two of them. */
	struct bdf *used;
	size_t n_used, n_before; /* those of entries before the one that is looked at */
	struct selection *selection;
};

bool hostpci_keeps_driver(const struct hostpci *entry)
{
	return entry && entry->driver && !strcmp(entry->driver, "keep");
}

bool hostpci_needs_binding(const struct hostpci *entry)
{
	return entry && !entry->mdev && (!hostpci_keeps_driver(entry) || entry->variant);
}

size_t hostpci_address_devices(const struct fs_root *root, const struct hostpci_address *address,
			       struct bdf ret[SLOT_FUNCTIONS])
{
	/* A slot is asked for its functions rather than the whole bus for its devices. */
	unsigned int functions = address->all_functions ? SLOT_FUNCTIONS : 1;
	struct bdf bdf = address->bdf;
	size_t n = 0;

	if (address->impossible)
		return 0;
	for (unsigned int f = 0; f < functions; f++, bdf.func++)
		if (pci_exists(root, &bdf))
			ret[n++] = bdf;
	return n;
}

/* What stands behind "args:", if anything does. */
static const struct vmcfg_value *args_of(const struct vmcfg *vm)
{
	return &vm->values[VMCFG_ARGS];
}

bool selection_is_needed(const struct vmcfg *vm)
{
	const struct vmcfg_value *value = args_of(vm);
	cleanup_with(args_freep) struct args *args = NULL;

	if (vmcfg_is_template(vm))
		return false;
	/* In doubt it is, and reading the selection tells why not. */
	if (value->text && (args_parse(value->text, value->len, &args) || args->n_devices))
		return true;
	return selection_has_entries(vm);
}

bool selection_has_entries(const struct vmcfg *vm)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (hostpci_needs_binding(vm->hostpci[e]))
			return true;
	return false;
}

bool selection_has_legacy_igd(const struct vmcfg *vm)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (hostpci_needs_binding(vm->hostpci[e]) && vm->hostpci[e]->legacy_igd == 1)
			return true;
	return false;
}

/* Takes both texts over; a NULL one means that memory is out. */
static int add_trouble(struct selector *s, int entry, char *what, char *cure)
{
	struct selection *selection = s->selection;

	if (!what || !cure || !array_grow(selection->troubles, selection->n_troubles)) {
		free(what);
		free(cure);
		return -ENOMEM;
	}
	selection->troubles[selection->n_troubles++] = (struct selection_trouble){(int)entry, what,
										  cure};
	return 0;
}

static int add_item(struct selector *s, const struct selected *item)
{
	struct selection *selection = s->selection;

	if (!array_grow(selection->items, selection->n))
		return -ENOMEM;
	selection->items[selection->n++] = *item;
	return 0;
}

/* ---- devices that are used up ---- */

/* Calls LOOK for every device that the addresses name; the first that is not 0 ends it. */
static int each_device(struct selector *s, const struct hostpci_address *addresses, size_t n,
		       int (*look)(struct selector *s, const struct bdf *bdf))
{
	for (size_t i = 0; i < n; i++) {
		struct bdf there[SLOT_FUNCTIONS];
		size_t n_there = hostpci_address_devices(s->root, &addresses[i], there);

		for (size_t d = 0; d < n_there; d++) {
			int err = look(s, &there[d]);

			if (err)
				return err;
		}
	}
	return 0;
}

static int is_among(const struct selector *s, size_t n, const struct bdf *bdf)
{
	for (size_t i = 0; i < n; i++)
		if (!bdf_compare(&s->used[i], bdf))
			return 1;
	return 0;
}

static int is_used_or_reserved(struct selector *s, const struct bdf *bdf)
{
	return is_among(s, s->n_used, bdf) || pve_reserved_for_other(s->root, s->vmid, bdf);
}

static int use(struct selector *s, const struct bdf *bdf)
{
	if (!array_grow(s->used, s->n_used))
		return -ENOMEM;
	s->used[s->n_used++] = *bdf;
	return 0;
}

static int use_if_free(struct selector *s, const struct bdf *bdf)
{
	return is_among(s, s->n_before, bdf) ? 1 : use(s, bdf);
}

/* What an entry without a choice stands for; to Proxmox VE a device that another has is an error.
 */
static int use_all(struct selector *s, size_t e, const struct hostpci_address *addresses, size_t n)
{
	int twice;

	s->n_before = s->n_used;
	twice = each_device(s, addresses, n, use_if_free);
	if (twice <= 0)
		return twice;
	s->n_used = s->n_before;
	return add_trouble(s, (int)e,
			   fs_path(_("hostpci%zu: a device of it is that of another entry, too; "
				     "Proxmox VE would abort the start"),
				   e),
			   fs_path("qm set %u --delete hostpci%zu", s->vmid, e));
}

/* ---- mappings ---- */

/* What sysfs says of the device at a path of a mapping. */
static int look_at_path(const struct selector *s, const struct hostpci_address *path,
			struct mapping_device *ret)
{
	const struct bdf *bdf = &path->bdf;
	struct pci_identity id;
	int err;

	*ret = (struct mapping_device){.iommugroup = -1};
	if (path->impossible || !pci_exists(s->root, bdf))
		return 0;
	err = pci_identify(s->root, bdf, &id);
	if (err)
		return err == -ENODEV ? 0 : err;
	ret->exists = true;
	ret->vendor = id.vendor;
	ret->device = id.device;
	ret->has_subsystem = pci_has(s->root, bdf, "subsystem_vendor");
	ret->sub_vendor = id.subvendor;
	ret->sub_device = id.subdevice;
	ret->iommugroup = iommu_group_of(s->root, bdf);
	ret->mdev = pci_has(s->root, bdf, "mdev_supported_types") ||
		    pci_has(s->root, bdf, "nvidia");
	return 0;
}

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

static int add_wrong(struct selector *s, size_t e, const struct mapping *mapping,
		     const struct mapping_entry *entry, const struct mapping_verdict *verdict)
{
	char buf[BDF_TEXT_SIZE];
	const char *path = hostpci_address_format(&entry->paths[verdict->path], buf);
	const char *name = name_of_wrong(verdict->wrong);
	char *what;

	if (verdict->wrong == MAPPING_NO_DEVICE)
		what = fs_path(
			_("hostpci%zu: mapping %s: there is no device at %s on this node (%s); "
			  "hardware was probably changed; Proxmox VE would abort the start"),
			e, mapping->id, path, s->node);
	else
		what = fs_path(
			_("hostpci%zu: mapping %s: the device at %s on this node (%s) has %s %s, "
			  "but the mapping says %s; hardware was probably changed, or the "
			  "firmware setup; Proxmox VE would abort the start"),
			e, mapping->id, path, s->node, name,
			*verdict->seen ? verdict->seen : _("none"),
			verdict->expected ? verdict->expected : _("nothing of it"));
	return add_trouble(
		s, (int)e, what,
		fs_path(_("correct the mapping: Datacenter, Resource Mappings, %s; or its line "
			  "%u in /%s"),
			mapping->id, entry->line, MAPPINGS_PATH));
}

/* Whether the alternative is what the mapping says; adds a trouble, and *RET_TROUBLES, when not. */
static int check_alternative(struct selector *s, size_t e, const struct mapping *mapping,
			     const struct mapping_entry *entry, size_t *ret_troubles)
{
	auto_free struct mapping_device *devices = calloc(entry->n_paths, sizeof(*devices));
	struct mapping_verdict verdict;

	if (!devices)
		return -ENOMEM;
	for (size_t i = 0; i < entry->n_paths; i++) {
		int err = look_at_path(s, &entry->paths[i], &devices[i]);

		if (err)
			return err;
	}
	if (mapping_check(mapping, entry, devices, &verdict))
		return 0;
	++*ret_troubles;
	return add_wrong(s, e, mapping, entry, &verdict);
}

/* All alternatives on this node; *RET_N of them. Proxmox VE wants every one to be right. */
static int check_alternatives(struct selector *s, size_t e, const struct mapping *mapping,
			      size_t *ret_n, size_t *ret_troubles)
{
	const struct mapping_entry *entry = NULL;

	*ret_n = *ret_troubles = 0;
	while ((entry = mapping_next(mapping, s->node, entry))) {
		int err = check_alternative(s, e, mapping, entry, ret_troubles);

		if (err)
			return err;
		++*ret_n;
	}
	return 0;
}

/* The first that is free is the one; the others are kept in view. */
static int choose(struct selector *s, size_t e, const struct mapping *mapping, size_t n)
{
	const struct mapping_entry *entry = NULL;
	bool chosen = false;
	size_t i = 0;

	while ((entry = mapping_next(mapping, s->node, entry))) {
		int taken = each_device(s, entry->paths, entry->n_paths, is_used_or_reserved);
		bool choice = !chosen && !taken;
		int err;

		if (taken < 0)
			return taken;
		err = add_item(s, &(struct selected){(int)e, entry->paths, entry->n_paths,
						     mapping->id, ++i, n, !choice});
		if (!err && choice)
			err = each_device(s, entry->paths, entry->n_paths, use);
		if (err)
			return err;
		chosen |= choice;
	}
	if (chosen)
		return 0;
	return add_trouble(
		s, (int)e,
		fs_path(_("hostpci%zu: mapping %s: all of its %zu devices on this node (%s) are "
			  "in use, or reserved for other VMs"),
			e, mapping->id, n, s->node),
		strdup(_("stop one of those VMs: qm list; who has what: "
			 "cat /run/qemu-server/pci-id-reservations")));
}

int selection_read_mappings(const struct fs_root *root, struct mappings **ret, char **ret_node)
{
	auto_free char *text = NULL, *node = NULL;
	size_t len = 0;
	int err = fs_read(root, MAPPINGS_PATH, MAPPING_TEXT_MAX, &text, &len);

	if (err && err != -ENOENT)
		return err;
	err = pve_node_name(root, &node);
	if (!err)
		err = mappings_parse(text ? text : "", len, ret);
	if (!err)
		*ret_node = TAKE_PTR(node);
	return err;
}

/* With the first entry that has a mapping. */
static int read_mappings(struct selector *s)
{
	if (s->selection->mappings)
		return 0;
	return selection_read_mappings(s->root, &s->selection->mappings, &s->node);
}

static int add_mapping(struct selector *s, size_t e)
{
	const char *id = s->vm->hostpci[e]->mapping;
	const struct mapping *mapping;
	size_t n = 0, troubles = 0;
	int err = read_mappings(s);

	if (err)
		return err;
	mapping = mappings_find(s->selection->mappings, id);
	if (mapping)
		err = check_alternatives(s, e, mapping, &n, &troubles);
	if (err || troubles)
		return err;
	if (!n)
		return add_trouble(
			s, (int)e,
			fs_path(_("hostpci%zu: mapping=%s: /%s has no device of that name for "
				  "this node (%s); Proxmox VE would abort the start"),
				e, id, MAPPINGS_PATH, s->node),
			fs_path(_("add one: Datacenter, Resource Mappings; what there is: "
				  "pvesh get /cluster/mapping/pci --check-node %s"),
				s->node));
	if (n > 1)
		return choose(s, e, mapping, n);
	{
		const struct mapping_entry *only = mapping_next(mapping, s->node, NULL);

		err = use_all(s, e, only->paths, only->n_paths);
		return err ? err
			   : add_item(s, &(struct selected){(int)e, only->paths, only->n_paths,
							    mapping->id, 1, 1, false});
	}
}

static int add_entry(struct selector *s, size_t e)
{
	const struct hostpci *entry = s->vm->hostpci[e];
	int err;

	if (!hostpci_needs_binding(entry))
		return 0;
	if (entry->mapping && !entry->n_hosts)
		return add_mapping(s, e);
	if (entry->mapping || !entry->n_hosts)
		return add_trouble(
			s, (int)e,
			fs_path(_("hostpci%zu: '%s' has %s; Proxmox VE would abort the start"), e,
				entry->value,
				entry->mapping ? _("both host= and mapping=")
					       : _("neither host= nor mapping=")),
			fs_path(_("qm set %u --hostpci%zu 0000:BB:DD.F,pcie=1, or qm set %u "
				  "--delete hostpci%zu"),
				s->vmid, e, s->vmid, e));
	err = use_all(s, e, entry->hosts, entry->n_hosts);
	return err ? err
		   : add_item(s, &(struct selected){(int)e, entry->hosts, entry->n_hosts, NULL, 1,
						    1, false});
}

/* ---- args ---- */

static int add_arg(struct selector *s, const struct args_device *device)
{
	struct selection *selection = s->selection;
	struct hostpci_address *address = &selection->args[selection->n_args];

	if (device->why)
		return add_trouble(s, SELECTED_ARGS,
				   fs_path(_("args: -device %s: %s; QEMU would not start"),
					   device->text, device->why),
				   fs_path(_("correct it: qm config %u; qm set %u --args …"),
					   s->vmid, s->vmid));
	address->bdf = device->bdf;
	selection->n_args++;
	return add_item(s, &(struct selected){SELECTED_ARGS, address, 1, NULL, 1, 1, false});
}

static int add_args(struct selector *s)
{
	const struct vmcfg_value *value = args_of(s->vm);
	cleanup_with(args_freep) struct args *args = NULL;
	int err = value->text ? args_parse(value->text, value->len, &args) : 0;

	if (err || !args)
		return err;
	s->selection->args = calloc(args->n_devices + 1, sizeof(*s->selection->args));
	if (!s->selection->args)
		return -ENOMEM;
	for (size_t i = 0; !err && i < args->n_devices; i++)
		err = add_arg(s, &args->devices[i]);
	return err;
}

int selection_read(const struct fs_root *root, unsigned int vmid, const struct vmcfg *vm,
		   struct selection **ret)
{
	cleanup_with(selection_freep) struct selection *selection = calloc(1, sizeof(*selection));
	struct selector s = {.root = root, .vmid = vmid, .vm = vm, .selection = selection};
	int err = 0;

	if (!selection)
		return -ENOMEM;
	for (size_t e = 0; !err && e < HOSTPCI_MAX; e++)
		err = add_entry(&s, e);
	if (!err)
		err = add_args(&s);
	free(s.node);
	free(s.used);
	if (!err)
		*ret = TAKE_PTR(selection);
	return err;
}

const struct selected *selection_of(const struct selection *selection, const struct bdf *bdf)
{
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *item = &selection->items[i];

		for (size_t k = 0; !item->spare && k < item->n_addresses; k++)
			if (hostpci_address_names(&item->addresses[k], bdf))
				return item;
	}
	return NULL;
}

char *selected_name(const struct selected *item)
{
	if (item->entry == SELECTED_ARGS)
		return strdup("args");
	if (!item->mapping)
		return fs_path("hostpci%d", item->entry);
	return fs_path(_("hostpci%d (mapping %s)"), item->entry, item->mapping);
}

void selection_free(struct selection *selection)
{
	if (!selection)
		return;
	for (size_t i = 0; i < selection->n_troubles; i++) {
		free(selection->troubles[i].what);
		free(selection->troubles[i].cure);
	}
	mappings_free(selection->mappings);
	free(selection->troubles);
	free(selection->items);
	free(selection->args);
	free(selection);
}
