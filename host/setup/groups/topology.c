// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/groups/topology.h"

#include <string.h>

/* What Linux wants of a device that isolates: source validation, redirection of requests and
 * completions, upstream forwarding (drivers/iommu/iommu.c, REQ_ACS_FLAGS). */
#define ACS_WANTED (1 << 0 | 1 << 2 | 1 << 3 | 1 << 4)

/* ---- reading ---- */

static ssize_t find(const struct topology *topology, const struct bdf *bdf)
{
	for (size_t i = 0; i < topology->n; i++)
		if (!bdf_compare(&topology->items[i].bdf, bdf))
			return (ssize_t)i;
	return -1;
}

/* The bridge above is the directory that the device's own is in. */
static int read_above(const struct fs_root *root, struct topology *topology, size_t i)
{
	struct topology_device *device = &topology->items[i];
	auto_free char *path = pci_dir(&device->bdf), *target = NULL;
	int err = path ? fs_link_target(root, path, &target) : -ENOMEM;
	char *rest = target, *name;
	struct bdf bdf;

	device->above = -1;
	if (err)
		return err == -ENOENT || err == -EINVAL ? 0 : err;
	while ((name = strsep(&rest, "/")))
		if (!bdf_parse(name, &bdf) && bdf_compare(&bdf, &device->bdf))
			device->above = find(topology, &bdf);
	return 0;
}

int topology_read(const struct fs_root *root, struct pci *pci,
		  const struct device_summaries *devices, struct topology *ret)
{
	auto_topology struct topology topology = {
		.items = calloc(devices->n + 1, sizeof(*topology.items)), .n = devices->n};
	int err = topology.items ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < devices->n; i++) {
		const struct device_summary *from = &devices->items[i];
		struct topology_device *device = &topology.items[i];

		device->bdf = from->bdf;
		device->class = from->identity.class >> 8;
		device->group = from->group;
		device->bridge = from->bridge;
		/* A part of the configuration space says less than the kernel, which saw it. */
		device->read = !from->dead && pci_read_link(pci, &from->bdf, &device->link) &&
			       (device->link.type != PCI_LINK_NONE || !from->express);
	}
	for (size_t i = 0; !err && i < topology.n; i++)
		err = read_above(root, &topology, i);
	if (err)
		return err;
	*ret = topology;
	topology = (struct topology){0};
	return 0;
}

void topology_free(struct topology *topology)
{
	free(topology->items);
	*topology = (struct topology){0};
}

/* ---- what isolates ---- */

bool topology_is_port(const struct topology_device *device)
{
	return device->link.type == PCI_LINK_ROOT_PORT || device->link.type == PCI_LINK_DOWNSTREAM;
}

bool topology_is_shared_bus(const struct topology_device *device)
{
	return device->bridge &&
	       (device->link.type == PCI_LINK_NONE || device->link.type == PCI_LINK_TO_PCI ||
		device->link.type == PCI_LINK_FROM_PCI);
}

/* What cannot be controlled of these counts as done. */
static bool has_acs(const struct pci_link *link, unsigned int assume)
{
	unsigned int wanted = ACS_WANTED & link->acs_able;

	return link->acs && (assume & ASSUME_ON || (link->acs_control & wanted) == wanted);
}

bool topology_isolates(const struct topology *topology, size_t i, unsigned int assume)
{
	const struct pci_link *link = &topology->items[i].link;

	switch (link->type) {
	case PCI_LINK_NONE:
	case PCI_LINK_TO_PCI:
	case PCI_LINK_FROM_PCI:
	case PCI_LINK_ROOT_EVENT: return false;
	case PCI_LINK_ROOT_PORT:
	case PCI_LINK_DOWNSTREAM:
		return link->acs ? has_acs(link, assume) : assume & ASSUME_DOWNSTREAM;
	case PCI_LINK_ENDPOINT:
	case PCI_LINK_UPSTREAM: break;
	}
	if (!link->multifunction)
		return true;
	return link->acs ? has_acs(link, assume) : assume & ASSUME_MULTIFUNCTION;
}

bool topology_path_isolates(const struct topology *topology, size_t i, unsigned int assume)
{
	for (ssize_t at = (ssize_t)i; at >= 0; at = topology->items[at].above)
		if (!topology_isolates(topology, (size_t)at, assume))
			return false;
	return true;
}

/* ---- groups ---- */

static void join(const struct topology *topology, size_t *numbers, size_t a, size_t b)
{
	size_t from = numbers[a], to = numbers[b];

	for (size_t i = 0; i < topology->n; i++)
		if (numbers[i] == from)
			numbers[i] = to;
}

/* With the bridges whose address it has on the bus. Returns the topmost of these, or I. */
static size_t join_aliases(const struct topology *topology, size_t *numbers, size_t i)
{
	size_t last = i;

	for (ssize_t at = topology->items[i].above; at >= 0; at = topology->items[at].above) {
		if (!topology_is_shared_bus(&topology->items[at]))
			continue;
		last = (size_t)at;
		join(topology, numbers, i, last);
	}
	return last;
}

static void join_functions(const struct topology *topology, size_t *numbers, size_t i,
			   unsigned int assume)
{
	if (!topology->items[i].link.multifunction || topology_isolates(topology, i, assume))
		return;
	for (size_t k = 0; k < topology->n; k++)
		if (k != i && bdf_same_slot(&topology->items[k].bdf, &topology->items[i].bdf) &&
		    !topology_isolates(topology, k, assume))
			join(topology, numbers, k, i);
}

void topology_groups(const struct topology *topology, unsigned int assume, size_t *ret)
{
	for (size_t i = 0; i < topology->n; i++)
		ret[i] = i;
	for (size_t i = 0; i < topology->n; i++) {
		size_t at = join_aliases(topology, ret, i);
		ssize_t above;

		while ((above = topology->items[at].above) >= 0 &&
		       !topology_path_isolates(topology, (size_t)above, assume)) {
			join(topology, ret, at, (size_t)above);
			at = (size_t)above;
		}
		join_functions(topology, ret, at, assume);
	}
}
