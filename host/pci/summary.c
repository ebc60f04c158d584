// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/summary.h"

#include "host/pci/early/early.h"
#include "host/pci/iommu.h"

#include <string.h>

bool device_is_display(const struct device_summary *device)
{
	return device->identity.class >> 16 == PCI_BASE_CLASS_DISPLAY;
}

bool device_is_platform(const struct device_summary *device)
{
	uint32_t class = device->identity.class >> 8;

	return !device->bridge && (class == PCI_CLASS_HOST_BRIDGE || class == PCI_CLASS_ISA_BRIDGE);
}

const char *device_dead_cure(void)
{
	return _("a cold start: shut this host down, disconnect it from power for ten seconds, and "
		 "switch it on");
}

static void free_use(struct device_use *use)
{
	free(use->what);
	free(use->name);
	fs_names_free(&use->mounts);
	free(use->program);
	free(use->unit);
}

static void free_device(struct device_summary *device)
{
	for (size_t i = 0; i < device->n_uses; i++)
		free_use(&device->uses[i]);
	free(device->uses);
	free(device->name);
	free(device->class_name);
	free(device->driver);
	free(device->resets);
	free(device->vms);
	free(device->named_by);
	free(device->used);
	free(device->early);
	free(device->returned);
}

/* The rest of a device whose ids are known. */
static int read_device(const struct fs_root *root, struct pci *pci, struct device_summary *device)
{
	auto_free char *resets_path = pci_path(&device->bdf, "reset_method");
	struct bdf parent;
	int err;

	device->group = iommu_group_of(root, &device->bdf);
	if (device->group < 0 && device->group != -ENOENT)
		return device->group;
	err = pci_is_express(root, &device->bdf);
	if (err < 0)
		return err;
	device->express = err;
	err = pci_probe_file(root, &device->bdf, "pci_bus");
	if (err < 0)
		return err;
	device->bridge = err;
	err = pci_parent_endpoint(root, &device->bdf, &parent);
	if (err < 0)
		return err;
	device->child = err;
	device->name = pci_name(pci, &device->identity);
	device->class_name = pci_class_name(pci, &device->identity);
	if (!device->name || !device->class_name)
		return -ENOMEM;
	err = pci_driver(root, &device->bdf, &device->driver);
	/* No such file: a kernel before 5.15, or a device that cannot be reset. */
	if (!err && (fs_read_attr(root, resets_path, &device->resets) || !*device->resets))
		free(TAKE_PTR(device->resets));
	return err;
}

static int add_device(const struct fs_root *root, struct pci *pci, const char *address,
		      struct device_summaries *list)
{
	struct device_summary device = {0};
	int err;

	if (bdf_parse(address, &device.bdf))
		return 0;
	err = pci_identify(root, &device.bdf, &device.identity);
	if (err)
		return err == -ENODEV ? 0 : err; /* it has just gone */
	err = read_device(root, pci, &device);
	if (!err && !array_grow(list->items, list->n))
		err = -ENOMEM;
	if (err) {
		free_device(&device);
		return err;
	}
	list->items[list->n++] = device;
	return 0;
}

static int compare_devices(const void *a, const void *b)
{
	return bdf_compare(&((const struct device_summary *)a)->bdf,
			   &((const struct device_summary *)b)->bdf);
}

/* An entry whose device is gone is shown at its old address, if anything is there now. */
static int add_early(const struct fs_root *root, struct device_summaries *list)
{
	auto_early struct early early = {0};
	int err = early_read(root, &early);

	for (size_t i = 0; !err && i < early.n; i++) {
		struct device_summary *device = device_summaries_find(list, &early.items[i].bdf);

		if (!device || device->early)
			continue;
		device->early = early_state_text(&early.items[i]);
		err = device->early ? 0 : -ENOMEM;
	}
	return err;
}

int device_summaries_read(const struct fs_root *root, struct device_summaries *ret)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	auto_summaries struct device_summaries list = {0};
	auto_names struct fs_names names = {0};
	int err = pci_open(root, &pci);

	if (!err)
		err = fs_list(root, "sys/bus/pci/devices", &names);
	for (size_t i = 0; !err && i < names.n; i++)
		err = add_device(root, pci, names.items[i], &list);
	if (err)
		return err;
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), compare_devices);
	err = add_early(root, &list);
	if (err)
		return err;
	*ret = list;
	list = (struct device_summaries){0};
	return 0;
}

struct device_summary *device_summaries_find(const struct device_summaries *list,
					     const struct bdf *bdf)
{
	const struct device_summary wanted = {.bdf = *bdf};

	return list->n ? bsearch(&wanted, list->items, list->n, sizeof(*list->items),
				 compare_devices)
		       : NULL;
}

void device_summaries_free(struct device_summaries *list)
{
	for (size_t i = 0; i < list->n; i++)
		free_device(&list->items[i]);
	free(list->items);
	*list = (struct device_summaries){0};
}
