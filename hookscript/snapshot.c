// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/snapshot.h"

#include "hookscript/identity.h"
#include "hookscript/pve.h"
#include "host/iommu.h"
#include "host/modules.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* A device whose group has not been asked for; no group and no -errno. */
#define GROUP_UNREAD INT_MIN

/* What reading needs. */
struct reader {
	const struct fs_root *root;
	struct modules *modules; /* NULL until the first look-up */
	enum snapshot_detail detail;
	unsigned int vmid;
};

static int read_modules(struct reader *reader, struct device *device)
{
	auto_free char *modalias = NULL;
	int err;

	if (!reader->modules) {
		err = modules_open(reader->root, &reader->modules);
		if (err)
			return err;
	}
	if (reader->detail == SNAPSHOT_DETAIL)
		device->vfio_ids = modules_vfio_ids_match(reader->modules, &device->identity);
	/* A tree without modules.alias, or a device that has just gone: nothing matches. */
	if (pci_modalias(reader->root, &device->bdf, &modalias) ||
	    modules_for_alias(reader->modules, modalias, &device->module.name,
			      &device->module.blacklisted))
		device->module = (struct device_module){0};
	return 0;
}

static int read_record(const struct reader *reader, struct device *device)
{
	int err = record_read(reader->root, &device->bdf, &device->record, &device->record_error);

	if (err == -ENOMEM)
		return err;
	if (err && !device->record_error)
		return -ENOMEM;
	if (!err && !device->record && record_is_set_aside(reader->root, &device->bdf)) {
		char address[BDF_TEXT_SIZE];

		device->record_error = fs_path(
			_("/%s/%s.broken: set aside, because it could not be "
			  "understood"),
			RECORD_FOLDER, bdf_format(&device->bdf, address));
		return device->record_error ? 0 : -ENOMEM;
	}
	if (!device->record)
		return 0;
	device->record_vm_runs = pve_vm_runs(reader->root, device->record->vmid);
	device->record_vm_locked = pve_vm_is_locked(reader->root, device->record->vmid);
	return 0;
}

static int read_folder(const struct reader *reader, struct device *device)
{
	const struct fs_root *root = reader->root;
	int err;

	if (device->group == GROUP_UNREAD)
		device->group = iommu_group_of(root, &device->bdf);
	device->express = pci_is_express(root, &device->bdf);
	device->bridge = pci_has(root, &device->bdf, "pci_bus");
	err = pci_driver(root, &device->bdf, &device->driver);
	return err ? err : pci_identify(root, &device->bdf, &device->identity);
}

static int read_device(struct reader *reader, struct device *device)
{
	int err = read_folder(reader, device);

	if (!err)
		err = read_record(reader, device);
	if (err || device->bridge)
		return err;
	device->reserved_for = pve_reserved_for_other(reader->root, reader->vmid, &device->bdf);
	if (reader->detail == SNAPSHOT_DETAIL || (!device->driver && !device->record))
		err = read_modules(reader, device);
	return err;
}

/* Whatever is added is read at once. */
static int add_device(struct reader *reader, struct snapshot *snapshot, const struct bdf *bdf,
		      int group, bool named)
{
	const struct device *known = snapshot_device(snapshot, bdf);
	struct device *device;

	if (known) {
		snapshot->devices[known - snapshot->devices].named |= named;
		return 0;
	}
	if (!array_grow(snapshot->devices, snapshot->n_devices))
		return -ENOMEM;
	device = &snapshot->devices[snapshot->n_devices++];
	*device = (struct device){.bdf = *bdf, .group = group, .named = named};
	return read_device(reader, device);
}

static int add_address(struct reader *reader, struct snapshot *snapshot,
		       const struct hostpci_address *address)
{
	struct bdf there[SLOT_FUNCTIONS];
	size_t n = hostpci_address_devices(reader->root, address, there);
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = add_device(reader, snapshot, &there[i], GROUP_UNREAD, true);
	return err;
}

static int add_named(struct reader *reader, struct snapshot *snapshot,
		     const struct selection *selection)
{
	for (size_t i = 0; i < selection->n; i++) {
		const struct selected *item = &selection->items[i];

		for (size_t k = 0; !item->spare && k < item->n_addresses; k++) {
			int err = add_address(reader, snapshot, &item->addresses[k]);

			if (err)
				return err;
		}
	}
	return 0;
}

static struct snapshot_group *find_group(const struct snapshot *snapshot, int group)
{
	for (size_t i = 0; i < snapshot->n_groups; i++)
		if (snapshot->groups[i].group == group)
			return &snapshot->groups[i];
	return NULL;
}

static int add_group(struct reader *reader, struct snapshot *snapshot, int group)
{
	auto_free struct bdf *members = NULL;
	struct snapshot_group *added;
	size_t n;
	int err;

	if (find_group(snapshot, group))
		return 0;
	if (!array_grow(snapshot->groups, snapshot->n_groups))
		return -ENOMEM;
	added = &snapshot->groups[snapshot->n_groups++];
	*added = (struct snapshot_group){
		.group = group,
		.reserved = iommu_group_is_reserved(reader->root, group),
	};
	err = iommu_group_members(reader->root, group, &members, &n);
	if (!err)
		err = vfio_members_holders(reader->root, group, members, n, &added->holders);
	for (size_t i = 0; !err && i < n; i++)
		err = add_device(reader, snapshot, &members[i], group, false);
	return err;
}

static int add_groups(struct reader *reader, struct snapshot *snapshot)
{
	size_t n_named = snapshot->n_devices;

	for (size_t i = 0; i < n_named; i++) {
		int group = snapshot->devices[i].group;
		int err;

		if (group == -ENOENT)
			continue;
		err = group < 0 ? group : add_group(reader, snapshot, group);
		if (err)
			return err;
	}
	return 0;
}

static int read_usage(const struct reader *reader, struct snapshot *snapshot)
{
	auto_free struct usage_device *devices = calloc(snapshot->n_devices + 1, sizeof(*devices));
	size_t n = 0;

	if (!devices)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->n_devices; i++) {
		const struct device *device = &snapshot->devices[i];

		if (!device->bridge)
			devices[n++] = (struct usage_device){device->bdf, device->identity.class,
							     device->driver};
	}
	return usage_read(reader->root, devices, n, &snapshot->usage);
}

static int add_moved(const struct reader *reader, struct snapshot *snapshot,
		     const struct known_device *known, const struct known_device *there)
{
	struct moved_device *moved;

	if (!array_grow(snapshot->moved, snapshot->n_moved))
		return -ENOMEM;
	moved = &snapshot->moved[snapshot->n_moved++];
	*moved = (struct moved_device){.bdf = known->bdf, .was = known->identity, .absent = !there};
	if (there)
		moved->is = there->identity;
	return identity_find(reader->root, &known->identity, &moved->now, &moved->n_now);
}

/* What is where, as it was read: more than the VM's addresses name, which does no harm. */
static struct known_device *list_there(const struct snapshot *snapshot)
{
	struct known_device *list = calloc(snapshot->n_devices + 1, sizeof(*list));

	for (size_t i = 0; list && i < snapshot->n_devices; i++)
		list[i] = (struct known_device){snapshot->devices[i].bdf,
						snapshot->devices[i].identity};
	return list;
}

/* Which devices are not where they were at the VM's last start. The whole bus is looked at only for
 * one that has moved. */
static int read_moved(const struct reader *reader, struct snapshot *snapshot,
		      const struct selection *selection)
{
	auto_free struct known_device *known = NULL, *now = NULL;
	size_t n_known;
	int err = identity_read(reader->root, reader->vmid, &known, &n_known,
				&snapshot->identity_error);

	if (err)
		return snapshot->identity_error ? 0 : err;
	if (!n_known)
		return 0;
	now = list_there(snapshot);
	if (!now)
		return -ENOMEM;
	for (size_t i = 0; !err && i < n_known; i++) {
		const struct known_device *there = NULL;

		if (!identity_is_wanted(selection, &known[i].bdf) ||
		    identity_compare(&known[i], now, snapshot->n_devices, &there) == IDENTITY_SAME)
			continue;
		err = add_moved(reader, snapshot, &known[i], there);
	}
	return err;
}

static int compare_devices(const void *a, const void *b)
{
	return bdf_compare(&((const struct device *)a)->bdf, &((const struct device *)b)->bdf);
}

static int read_all(struct reader *reader, const struct selection *selection,
		    struct snapshot *snapshot)
{
	int err = check_essentials(reader->root, NULL, &snapshot->host);

	snapshot->iommu_active = !err && !checklist_misses(&snapshot->host, "iommu-active");
	if (!err)
		err = add_named(reader, snapshot, selection);
	if (!err)
		err = add_groups(reader, snapshot);
	if (err)
		return err;
	if (snapshot->n_devices)
		qsort(snapshot->devices, snapshot->n_devices, sizeof(*snapshot->devices),
		      compare_devices);
	err = read_moved(reader, snapshot, selection);
	return err ? err : read_usage(reader, snapshot);
}

int snapshot_take(const struct fs_root *root, unsigned int vmid, const struct selection *selection,
		  enum snapshot_detail detail, struct snapshot **ret)
{
	cleanup_with(snapshot_freep) struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct reader reader = {.root = root, .detail = detail, .vmid = vmid};
	int err;

	if (!snapshot)
		return -ENOMEM;
	err = read_all(&reader, selection, snapshot);
	modules_close(reader.modules);
	if (!err)
		*ret = TAKE_PTR(snapshot);
	return err;
}

const struct device *snapshot_device(const struct snapshot *snapshot, const struct bdf *bdf)
{
	for (size_t i = 0; i < snapshot->n_devices; i++)
		if (!bdf_compare(&snapshot->devices[i].bdf, bdf))
			return &snapshot->devices[i];
	return NULL;
}

bool snapshot_awaits_driver(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_devices; i++) {
		const struct device *device = &snapshot->devices[i];

		if (!device->bridge && !device->driver && !device->record &&
		    !device->record_error && device->module.name && !device->module.blacklisted)
			return true;
	}
	return false;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (size_t i = 0; i < snapshot->n_devices; i++) {
		struct device *device = &snapshot->devices[i];

		free(device->driver);
		record_free(device->record);
		free(device->record_error);
		free(device->module.name);
	}
	for (size_t i = 0; i < snapshot->n_groups; i++)
		vfio_holders_free(&snapshot->groups[i].holders);
	for (size_t i = 0; i < snapshot->n_moved; i++)
		free(snapshot->moved[i].now);
	free(snapshot->moved);
	free(snapshot->identity_error);
	checklist_free(&snapshot->host);
	usage_free(&snapshot->usage);
	free(snapshot->devices);
	free(snapshot->groups);
	free(snapshot);
}
