// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/mapping_find.h"

#include "hookscript/plan/facts/facts.h"
#include "vmcfg/text/text.h"

#include <stdio.h>
#include <string.h>

/* The addresses of one line. */
struct addresses {
	struct hostpci_address *items;
	size_t n;
};

static void free_addresses(struct addresses *list)
{
	hostpci_addresses_free(list->items, list->n);
}

#define auto_addresses cleanup_with(free_addresses)

/* Sets *RET_WHY to TEXT; returns ERR, or -ENOMEM. */
static int fail(char **ret_why, char *text)
{
	*ret_why = text;
	return text ? -EINVAL : -ENOMEM;
}

#define refuse(ret_why, ...) fail((ret_why), fs_path(__VA_ARGS__))

static int parse(const char *text, struct addresses *ret, char **ret_why)
{
	struct text rest = text_of(text), part;

	while (text_next(&rest, ';', &part)) {
		struct hostpci_address address = {0};
		int err = hostpci_address_parse(part, &address);

		if (!err)
			err = hostpci_address_add(&ret->items, &ret->n, &address);
		if (err == -ENOMEM)
			return err;
		if (err || ret->items[ret->n - 1].impossible)
			return refuse(ret_why,
				      _("'%s' is not a PCI address; they look like 0000:01:00.0, "
					"or 0000:01:00 for all functions of a card"),
				      text);
	}
	return 0;
}

/* ---- this node ---- */

static bool is_of(const struct device_summary *device, const struct addresses *addresses)
{
	return hostpci_addresses_name(addresses->items, addresses->n, &device->bdf);
}

/* What a start would say of it, and who has it; of VMs that name it by a mapping not. */
static void note_device(struct mapping_finder *f, const struct device_summary *device)
{
	const char *address = bdf_text(&device->bdf);

	if (device->used)
		mapping_note(f, _("%s: %s; until that ends a start with it will be refused"),
			     address, device->used);
	if (device->group < 0)
		mapping_note(f,
			     _("%s: it is in no IOMMU group, so a start will be refused; see: "
			       "host-setup check"),
			     address);
}

/* With its host driver: on vfio-pci it has them no more, which is what Proxmox VE will look at. */
static int note_mdev(struct mapping_finder *f, const struct bdf *bdf)
{
	int found = pci_probe_file(f->root, bdf, "mdev_supported_types");

	if (!found)
		found = pci_probe_file(f->root, bdf, "nvidia");
	if (found > 0) {
		f->mdev = true;
		mapping_note(
			f,
			_("%s provides mediated devices now; the mapping is for the whole device, "
			  "and right once a start has bound it to vfio-pci"),
			bdf_text(bdf));
	}
	return found < 0 ? found : 0;
}

static int check_here(const struct mapping_finder *f, const struct hostpci_address *address,
		      char **ret_why)
{
	const struct device_summary *device = device_summaries_find(f->devices, &address->bdf);
	const char *text = hostpci_address_text(address);

	if (!device)
		return refuse(ret_why,
			      _("%s: there is no such device on this node (%s); those that there "
				"are: host-setup groups"),
			      text, f->here);
	if (device->bridge)
		return refuse(ret_why, _("%s: %s: a bridge stays with the host"), text,
			      device->name);
	return 0;
}

/* Proxmox VE compares each path of a line with its ids. */
static int check_alike(const struct mapping_finder *f, const struct addresses *addresses,
		       char **ret_why)
{
	const struct device_summary *first = device_summaries_find(f->devices,
								   &addresses->items[0].bdf);

	for (size_t i = 1; first && i < addresses->n; i++) {
		const struct device_summary *device = device_summaries_find(
			f->devices, &addresses->items[i].bdf);

		if (device && (device->identity.vendor != first->identity.vendor ||
			       device->identity.device != first->identity.device ||
			       device->identity.subvendor != first->identity.subvendor ||
			       device->identity.subdevice != first->identity.subdevice))
			return refuse(ret_why,
				      _("%s and %s are different devices: one line of a mapping "
					"can only name devices with the same ids; make a mapping "
					"for each, or name the whole card"),
				      bdf_text(&first->bdf), bdf_text(&device->bdf));
	}
	return 0;
}

int mapping_add_here(struct mapping_finder *f, const struct hostpci_address *addresses, size_t n)
{
	const struct device_summary *first = device_summaries_find(f->devices, &addresses[0].bdf);
	auto_free char *path = mapping_path(addresses, n);
	int err = 0, found = pci_probe_file(f->root, &first->bdf, "subsystem_vendor");
	struct mapping_target target = {.node = (char *)(uintptr_t)f->here,
					.path = path,
					.identity = first->identity,
					.has_subsystem = found > 0,
					.group = first->group};

	if (!path)
		return -ENOMEM;
	for (size_t i = 0; !err && i < n; i++)
		err = note_mdev(f, &addresses[i].bdf);
	if (err || found < 0)
		return err ? err : found;
	return mapping_targets_add(f->targets, &target);
}

int mapping_find_here(struct mapping_finder *f, const char *text, char **ret_why)
{
	auto_addresses struct addresses addresses = {0};
	int err = parse(text, &addresses, ret_why);

	for (size_t i = 0; !err && i < addresses.n; i++)
		err = check_here(f, &addresses.items[i], ret_why);
	if (!err)
		err = check_alike(f, &addresses, ret_why);
	for (size_t i = 0; !err && i < f->devices->n; i++)
		if (!f->devices->items[i].bridge && is_of(&f->devices->items[i], &addresses))
			note_device(f, &f->devices->items[i]);
	return err ? err : mapping_add_here(f, addresses.items, addresses.n);
}

/* ---- --vfs-of ---- */

/* The VFs of a device in order of number: its links virtfnN (Linux: drivers/pci/iov.c,
 * pci_iov_sysfs_link()). */
static int add_vfs(struct mapping_finder *f, const struct bdf *pf, const struct fs_names *names,
		   size_t *ret_n)
{
	int err = 0;

	for (unsigned int n = 0; !err; n++) {
		auto_free char *link = fs_path("virtfn%u", n), *path = NULL, *vf = NULL;
		auto_free char *why = NULL;

		if (!link)
			return -ENOMEM;
		if (!fs_names_has(names, link))
			break;
		path = pci_path(pf, link);
		err = fs_link_name(f->root, path, &vf);
		if (!err)
			err = mapping_find_here(f, vf, &why);
		*ret_n += !err;
	}
	return err;
}

int mapping_find_vfs(struct mapping_finder *f, const char *text, char **ret_why)
{
	auto_addresses struct addresses pf = {0};
	auto_names struct fs_names names = {0};
	auto_free char *dir = NULL;
	size_t n = 0;
	int err = parse(text, &pf, ret_why);

	if (err)
		return err;
	if (pf.n != 1 || pf.items[0].all_functions)
		return refuse(ret_why, _("--vfs-of takes one address with its function, like "
					 "0000:01:00.0"));
	err = check_here(f, &pf.items[0], ret_why);
	if (err)
		return err;
	dir = pci_dir(&pf.items[0].bdf);
	err = dir ? fs_list(f->root, dir, &names) : -ENOMEM;
	if (!err)
		err = add_vfs(f, &pf.items[0].bdf, &names, &n);
	if (!err && !n)
		return refuse(ret_why,
			      _("%s has no virtual functions now; to make N of them at every "
				"boot: host-setup sriov %s N"),
			      bdf_text(&pf.items[0].bdf), bdf_text(&pf.items[0].bdf));
	return err;
}

/* ---- --all-twins ---- */

static bool same_device(const struct pci_identity *a, const struct pci_identity *b)
{
	return a->vendor == b->vendor && a->device == b->device && a->subvendor == b->subvendor &&
	       a->subdevice == b->subdevice;
}

/* Notes why a start could not take a function of the address, if it could not: with its group. */
static bool is_refused(struct mapping_finder *f, const struct hostpci_address *address)
{
	const struct device_summaries *list = f->devices;
	const char *text = hostpci_address_text(address);

	for (size_t i = 0; i < list->n; i++) {
		const struct device_summary *device = &list->items[i];

		if (!hostpci_address_names(address, &device->bdf) || device->bridge)
			continue;
		if (device->group < 0) {
			mapping_note(f, _("%s is left out: it is in no IOMMU group"), text);
			return true;
		}
		for (size_t k = 0; k < list->n; k++) {
			const struct device_summary *other = &list->items[k];

			if (other->group != device->group || other->bridge || !other->used)
				continue;
			mapping_note(f, _("%s is left out: %s: %s"), text, bdf_text(&other->bdf),
				     other->used);
			return true;
		}
	}
	return false;
}

static int add_twin(struct mapping_finder *f, const struct hostpci_address *address)
{
	return is_refused(f, address) ? 0 : mapping_add_here(f, address, 1);
}

int mapping_find_twins(struct mapping_finder *f, const char *text, char **ret_why)
{
	auto_addresses struct addresses of = {0};
	const struct device_summary *model;
	size_t before = f->targets->n;
	int err = parse(text, &of, ret_why);

	if (!err && of.n != 1)
		return refuse(ret_why, _("--all-twins takes one address"));
	if (!err)
		err = check_here(f, &of.items[0], ret_why);
	if (err)
		return err;
	model = device_summaries_find(f->devices, &of.items[0].bdf);
	for (size_t i = 0; !err && i < f->devices->n; i++) {
		const struct device_summary *device = &f->devices->items[i];
		const struct hostpci_address address = {.bdf = device->bdf,
							.all_functions = of.items[0].all_functions};

		if (!device->bridge && same_device(&device->identity, &model->identity) &&
		    (!address.all_functions || !device->bdf.func))
			err = add_twin(f, &address);
	}
	if (!err && f->targets->n == before)
		return refuse(ret_why, _("a start could take none of the devices like %s"), text);
	return err;
}

/* ---- another node ---- */

int mapping_find_owner(const struct mapping_finder *f, const char *node, const struct bdf *bdf,
		       char **ret)
{
	cleanup_with(mappings_freep) struct mappings *mappings = NULL;
	auto_free char *here = NULL;
	int err = facts_read_mappings(f->root, &mappings, &here);

	for (size_t i = 0; !err && !*ret && i < mappings->n; i++) {
		const struct mapping *mapping = &mappings->items[i];
		const struct mapping_entry *entry = NULL;

		if (!strcmp(mapping->id, f->name) ||
		    mappings_find(mappings, mapping->id) != mapping)
			continue;
		while (!*ret && !err && (entry = mapping_next(mapping, node, entry))) {
			if (!hostpci_addresses_name(entry->paths, entry->n_paths, bdf))
				continue;
			*ret = fs_path(_("mapping %s"), mapping->id);
			err = *ret ? 0 : -ENOMEM;
		}
	}
	return err;
}

static const struct pvesh_device *find_there(const struct pvesh_devices *list,
					     const struct bdf *bdf)
{
	for (size_t i = 0; i < list->n; i++)
		if (!bdf_compare(&list->items[i].bdf, bdf))
			return &list->items[i];
	return NULL;
}

static int add_there(struct mapping_finder *f, const char *node, const struct pvesh_device *device,
		     const struct addresses *addresses)
{
	auto_free char *path = mapping_path(addresses->items, addresses->n);
	struct mapping_target target = {.node = (char *)(uintptr_t)node,
					.path = path,
					.identity = device->identity,
					.has_subsystem = device->has_subsystem,
					.group = device->group};

	f->mdev |= device->mdev;
	if (path && device->group < 0)
		mapping_note(
			f, _("node %s: %s is in no IOMMU group, so a start will be refused there"),
			node, path);
	return path ? mapping_targets_add(f->targets, &target) : -ENOMEM;
}

/* The one device like that on the node, where it is not at the address that was given. */
static int add_like(struct mapping_finder *f, const char *node, const struct pvesh_devices *list,
		    struct addresses *addresses, const struct pci_identity *like, char **ret_why)
{
	const struct pvesh_device *found = NULL;
	auto_strbuf struct strbuf where = {0};
	auto_free char *owner = NULL;
	size_t n = 0;
	int err;

	for (size_t i = 0; list->items && i < list->n; i++) {
		const struct bdf *bdf = &list->items[i].bdf;

		if (!same_device(&list->items[i].identity, like) ||
		    (addresses->items[0].all_functions && bdf->func))
			continue;
		found = &list->items[i];
		strbuf_add_item(&where, "%s", bdf_text(bdf));
		n++;
	}
	if (where.failed)
		return -ENOMEM;
	if (n != 1 || addresses->n != 1)
		return refuse(ret_why,
			      n ? _("node %s has several such devices (%s); name one: "
				    "pve-passthrough mapping %s ADDRESS --node %s")
				: _("node %s has no such device%s; to name another one: "
				    "pve-passthrough mapping %s ADDRESS --node %s"),
			      node, n ? where.text : "", f->name, node);
	err = mapping_find_owner(f, node, &found->bdf, &owner);
	if (err)
		return err;
	if (owner)
		return refuse(
			ret_why,
			_("node %s: the only such device, %s, is not taken: %s names it; name "
			  "one: pve-passthrough mapping %s ADDRESS --node %s"),
			node, bdf_text(&found->bdf), owner, f->name, node);
	addresses->items[0].bdf = found->bdf;
	return add_there(f, node, found, addresses);
}

/* What is wrong with one of the addresses, after the first. */
static int refuse_there(const char *node, const struct pvesh_device *device,
			const struct hostpci_address *address, char **ret_why)
{
	const char *text = hostpci_address_text(address);

	if (device)
		return refuse(ret_why,
			      _("%s: on node %s it is another device than the first of that line: "
				"one line of a mapping can only name devices with the same ids"),
			      text, node);
	return refuse(ret_why,
		      _("%s: there is no such device on node %s; those that there are: pvesh get "
			"/nodes/%s/hardware/pci"),
		      text, node, node);
}

int mapping_find_there(struct mapping_finder *f, const char *node,
		       const struct pvesh_devices *devices, const char *text,
		       const struct pci_identity *like, char **ret_why)
{
	auto_addresses struct addresses addresses = {0};
	const struct pvesh_device *first = NULL;
	int err = parse(text, &addresses, ret_why);

	for (size_t i = 0; !err && i < addresses.n; i++) {
		const struct pvesh_device *device = find_there(devices, &addresses.items[i].bdf);

		if (!first)
			first = device;
		if (device && same_device(&device->identity, like ? like : &first->identity))
			continue;
		if (like)
			return add_like(f, node, devices, &addresses, like, ret_why);
		return refuse_there(node, device, &addresses.items[i], ret_why);
	}
	if (err)
		return err;
	/* A text has one address at least. */
	return first ? add_there(f, node, first, &addresses) : -ENODEV;
}
