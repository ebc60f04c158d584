// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/groups.h"

#include "host/iommu.h"
#include "host/usage/usage.h"

#include <stdio.h>
#include <string.h>

static int read_device(const struct fs_root *root, struct pci *pci, const struct bdf *bdf,
		       struct group_device *ret)
{
	auto_free char *resets_path = pci_path(bdf, "reset_method");
	int err;

	ret->bdf = *bdf;
	err = pci_identify(root, bdf, &ret->identity);
	if (!err)
		err = pci_driver(root, bdf, &ret->driver);
	if (err)
		return err;
	ret->bridge = pci_has(root, bdf, "pci_bus");
	ret->name = pci_name(pci, &ret->identity);
	ret->class_name = pci_class_name(pci, &ret->identity);
	/* No such file: a kernel before 5.15, or a device that cannot be reset. */
	if (fs_read_attr(root, resets_path, &ret->resets) || !*ret->resets)
		free(TAKE_PTR(ret->resets));
	return ret->name && ret->class_name ? 0 : -ENOMEM;
}

static int compare_devices(const void *a, const void *b)
{
	return bdf_compare(&((const struct group_device *)a)->bdf,
			   &((const struct group_device *)b)->bdf);
}

/* What can go to a VM: bridges stay. */
static size_t count_endpoints(const struct group *group)
{
	size_t n = 0;

	for (size_t i = 0; i < group->n_devices; i++)
		n += !group->devices[i].bridge;
	return n;
}

/* The host bridge and the ISA bridge have no bus folder and are no endpoints: nobody can do without
 * them. */
static const struct group_device *find_platform_bridge(const struct group *group)
{
	for (size_t i = 0; i < group->n_devices; i++) {
		uint32_t class = group->devices[i].identity.class >> 8;

		if (!group->devices[i].bridge && (class == 0x0600 || class == 0x0601))
			return &group->devices[i];
	}
	return NULL;
}

static int explain_why_not(const struct fs_root *root, struct group *group)
{
	const struct group_device *platform = find_platform_bridge(group);
	char address[BDF_TEXT_SIZE];

	if (platform)
		group->why_not = fs_path(
			_("%s is the platform's own bridge, which the host cannot do without"),
			bdf_format(&platform->bdf, address));
	else if (!group->n_devices)
		group->why_not = strdup(_("no PCI device is in it"));
	else if (!count_endpoints(group))
		group->why_not = strdup(_("only bridges, which stay with the host"));
	else if (iommu_group_is_reserved(root, group->number))
		group->why_not = strdup(
			_("the firmware reserves memory for it (RMRR), so the kernel lets no "
			  "guest have it"));
	else
		return 0;
	return group->why_not ? 0 : -ENOMEM;
}

/* Which bridge in the group does not keep apart what is below it, or the functions of a slot. */
static int explain_together(const struct fs_root *root, struct pci *pci, struct group *group)
{
	char address[BDF_TEXT_SIZE];

	if (group->n_devices < 2)
		return 0;
	if (fs_root_is_running_system(root) && geteuid()) {
		group->why_together = strdup(
			_("only root can see which port does not isolate them"));
		return group->why_together ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < group->n_devices && !group->why_together; i++)
		if (group->devices[i].bridge && !pci_has_acs(pci, &group->devices[i].bdf))
			group->why_together = fs_path(
				_("bridge %s does not isolate what is below it (no ACS)"),
				bdf_format(&group->devices[i].bdf, address));
	if (!group->why_together)
		group->why_together = strdup(
			bdf_same_slot(&group->devices[0].bdf,
				      &group->devices[group->n_devices - 1].bdf)
				? _("functions of one card, which can reach each other")
				: _("the ports above them do not isolate them (no ACS)"));
	return group->why_together ? 0 : -ENOMEM;
}

static int read_group(const struct fs_root *root, struct pci *pci, int number, struct group *group)
{
	auto_free struct bdf *members = NULL;
	size_t n;
	int err;

	group->number = number;
	err = iommu_group_members(root, number, &members, &n);
	if (err)
		return err;
	group->devices = calloc(n + 1, sizeof(*group->devices));
	if (!group->devices)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		err = read_device(root, pci, &members[i], &group->devices[group->n_devices++]);
		if (err)
			return err;
	}
	qsort(group->devices, group->n_devices, sizeof(*group->devices), compare_devices);
	err = explain_why_not(root, group);
	return err ? err : explain_together(root, pci, group);
}

static struct group_device *find_device(struct groups *groups, const struct bdf *bdf,
					struct group **ret_group)
{
	for (size_t g = 0; g < groups->n; g++)
		for (size_t i = 0; i < groups->items[g].n_devices; i++) {
			if (bdf_compare(&groups->items[g].devices[i].bdf, bdf))
				continue;
			*ret_group = &groups->items[g];
			return &groups->items[g].devices[i];
		}
	return NULL;
}

/* What a start would be refused for. That a device is the chipset's is said of its group. */
static int add_use(struct groups *groups, const struct usage_finding *finding)
{
	struct group *group = NULL;
	struct group_device *device = find_device(groups, &finding->bdf, &group);
	char address[BDF_TEXT_SIZE];
	char *used;

	if (!device || finding->harmless || finding->kind == USAGE_CHIPSET)
		return 0;
	used = device->used ? fs_path("%s; %s", device->used, finding->what)
			    : strdup(finding->what);
	if (!used)
		return -ENOMEM;
	free(device->used);
	device->used = used;
	if (!group->why_not)
		group->why_not = fs_path(_("it uses %s, see below"),
					 bdf_format(&device->bdf, address));
	return group->why_not ? 0 : -ENOMEM;
}

static int read_uses(const struct fs_root *root, struct groups *groups)
{
	auto_usage struct usage usage = {0};
	auto_free struct usage_device *devices = NULL;
	size_t n = 0;
	int err;

	for (size_t g = 0; g < groups->n; g++)
		n += groups->items[g].n_devices;
	devices = calloc(n + 1, sizeof(*devices));
	if (!devices)
		return -ENOMEM;
	n = 0;
	for (size_t g = 0; g < groups->n; g++)
		for (size_t i = 0; i < groups->items[g].n_devices; i++) {
			const struct group_device *device = &groups->items[g].devices[i];

			if (!device->bridge)
				devices[n++] = (struct usage_device){
					device->bdf, device->identity.class, device->driver};
		}
	err = usage_read(root, devices, n, &usage);
	for (size_t i = 0; !err && i < usage.n; i++)
		err = add_use(groups, &usage.items[i]);
	return err;
}

static int read_groups(const struct fs_root *root, struct pci *pci, struct groups *groups)
{
	auto_free int *numbers = NULL;
	size_t n;
	int err = iommu_groups(root, &numbers, &n);

	if (err)
		return err;
	groups->items = calloc(n + 1, sizeof(*groups->items));
	if (!groups->items)
		return -ENOMEM;
	for (size_t i = 0; !err && i < n; i++)
		err = read_group(root, pci, numbers[i], &groups->items[groups->n++]);
	return err ? err : read_uses(root, groups);
}

int groups_read(const struct fs_root *root, struct groups *ret)
{
	auto_groups struct groups groups = {0};
	struct pci *pci = NULL;
	int err;

	err = pci_open(root, &pci);
	if (err)
		return err;
	err = read_groups(root, pci, &groups);
	pci_close(pci);
	if (err)
		return err;
	*ret = groups;
	groups = (struct groups){0};
	return 0;
}

static void free_device(struct group_device *device)
{
	free(device->class_name);
	free(device->name);
	free(device->driver);
	free(device->resets);
	free(device->used);
	free(device->vms);
}

void groups_free(struct groups *groups)
{
	for (size_t g = 0; g < groups->n; g++) {
		struct group *group = &groups->items[g];

		for (size_t i = 0; i < group->n_devices; i++)
			free_device(&group->devices[i]);
		free(group->devices);
		free(group->why_not);
		free(group->why_together);
	}
	free(groups->items);
	*groups = (struct groups){0};
}
