// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/bind_slot.h"

#include "hookscript/pve/pve.h"
#include "host/pci/answer.h"
#include "host/pci/driver.h"
#include "host/pci/iommu.h"
#include "host/pci/modules.h"
#include "host/pci/pci.h"
#include "host/pci/vfio.h"

#include <string.h>

/* The last one first: what it needs comes with it. One that does not load is no reason to keep the
 * device. */
static void load_unloaded(struct bind_device *device, const struct record *record)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	auto_free char *copy = strdup(record->unloaded ? record->unloaded : "");
	char *name;

	while (copy && *copy) {
		name = strrchr(copy, ' ');
		name = name ? name + 1 : copy;
		if (module_is_loaded(device->bind->root, name) <= 0 &&
		    (modules || !modules_open(device->bind->root, &modules))) {
			bind_set_step(device, BIND_MODULE);
			(void)!modules_load(modules, name);
		}
		if (name > copy)
			name[-1] = '\0';
		else
			*copy = '\0';
	}
}

/* A driver that only reserves a device for later use: it may be unbound again. */
static bool is_placeholder(const struct record *record, const char *driver)
{
	return strstr(driver, "vfio") || !strcmp(driver, "pci-stub") ||
	       same_text(driver, record->bind_to);
}

/* vfio-pci is never unbound under an open group: the kernel would wait for its holder for ever. A
 * group counts as open until it is known to be closed. */
static int wait_for_group(struct bind_device *device)
{
	const struct fs_root *root = device->bind->root;
	int group = iommu_group_of(root, &device->bdf);
	int err;

	bind_set_step(device, BIND_GROUP);
	if (group < 0)
		return group == -ENOENT ? 0 : group;
	err = vfio_group_wait_closed(root, group, 0, NULL);
	if (err == -ETIMEDOUT) {
		worker_notify(device->worker);
		err = vfio_group_wait_closed(root, group, device->bind->deadline, NULL);
	}
	return err == -ENOENT ? 0 : err;
}

/* While the device is still on vfio-pci: without its module it is better there than on nothing. */
static int load_module(struct bind_device *device, const struct record *record)
{
	const char *target = record_target(record);
	/* Of a driver that the settings name, no module is recorded: most have the same name. */
	const char *module = same_text(target, record->driver) ? record->module : target;

	if (!target || !module)
		return 0;
	bind_set_step(device, BIND_MODULE);
	return driver_load(device->bind->root, target, module);
}

static int return_to_driver(struct bind_device *device, const struct record *record,
			    const char *driver)
{
	const char *target = record_target(record);
	int err = load_module(device, record);

	if (!err && driver) {
		bind_set_step(device, BIND_UNBIND);
		err = driver_unbind(device->bind->root, &device->bdf);
	}
	if (err || !target)
		return err;
	bind_set_step(device, BIND_OVERRIDE);
	err = driver_set_override(device->bind->root, &device->bdf, target);
	if (err)
		return err;
	bind_set_step(device, BIND_PROBE);
	return driver_probe(device->bind->root, &device->bdf, target);
}

/* ---- ids that Proxmox VE put into new_id ---- */

/* 1, 0, or -errno when that is unknown. */
static int may_forget_id(const struct bind_device *device, const struct record *record)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	int match;

	if (pve_start_is_under_way(device->bind->root, device->bind->vmid))
		return 0;
	match = modules_open(device->bind->root, &modules)
			?: modules_vfio_ids_match(modules, &record->identity);
	return match < 0 ? match : !match;
}

static int forget_id(struct bind_device *device, struct record *record)
{
	int err = record->new_id ? may_forget_id(device, record) : 0;

	if (err <= 0)
		return err;
	bind_set_step(device, BIND_ID);
	err = driver_forget_id(device->bind->root, DRIVER_VFIO_PCI, &record->identity);
	if (err)
		return err;
	record->new_id = false;
	return record_write(device->bind->root, record);
}

int bind_forget_id(struct bind_device *device)
{
	cleanup_with(record_freep) struct record *record = NULL;
	int err = bind_read_record(device, &record);

	if (!err && record)
		err = forget_id(device, record);
	if (!err)
		bind_set_step(device, BIND_DONE);
	return err;
}

/* ---- the device ---- */

/* The recorded one; but a device that is to stay away from the host keeps one that no driver has,
 * or the next module to be loaded would take it. */
static const char *last_override(const struct record *record)
{
	return same_text(record->return_to, RECORD_RETURN_NONE) ? RECORD_RETURN_NONE
								: record->override;
}

static int remove_record(struct bind_device *device, enum bind_step end)
{
	int err;

	bind_set_step(device, BIND_RECORD);
	err = record_remove(device->bind->root, &device->bdf);
	if (!err)
		bind_set_step(device, end);
	return err;
}

/* Makes the device what the record says, and removes the record last. */
static int converge(struct bind_device *device, struct record *record)
{
	const char *target = record_target(record);
	auto_free char *driver = NULL;
	bool foreign, refused = false;
	int err;

	bind_set_step(device, BIND_RECORD);
	err = pci_driver(device->bind->root, &device->bdf, &driver);
	/* Before unbinding, or vfio-pci would match the device again by its id. */
	if (!err)
		err = forget_id(device, record);
	/* So that its own driver finds it as it was. */
	if (!err)
		err = bind_return_vf(device, record, &refused);
	if (err)
		return err;
	foreign = driver && !same_text(driver, target) && !is_placeholder(record, driver);
	if (!same_text(driver, target) && !foreign)
		err = return_to_driver(device, record, driver);
	if (!err)
		err = bind_set_attributes(device, record, true);
	if (err)
		return err;
	bind_set_step(device, BIND_OVERRIDE);
	err = driver_set_override(device->bind->root, &device->bdf, last_override(record));
	if (err)
		return err;
	load_unloaded(device, record);
	return remove_record(device, foreign ? BIND_FOREIGN : refused ? BIND_INEXACT : BIND_BACK);
}

int bind_give_back_device(struct bind_device *device)
{
	cleanup_with(record_freep) struct record *record = NULL;
	struct pci_identity now;
	int err = bind_read_record(device, &record);

	if (err)
		return err;
	/* What a newer start has claimed is that start's. */
	if (!record || record->claim != device->record->claim) {
		bind_set_step(device, BIND_DONE);
		return 0;
	}
	if (record->stage == RECORD_CLAIMED)
		return remove_record(device, BIND_DONE);
	bind_set_step(device, BIND_IDENTITY);
	err = pci_identify(device->bind->root, &device->bdf, &now);
	if (err == -ENODEV)
		return remove_record(device, BIND_GONE);
	if (err)
		return err;
	if (!pci_identity_equal(&now, &record->identity))
		return -ESTALE;
	err = wait_for_group(device);
	if (err)
		return err;
	/* A native driver hangs on a device that is dead, or takes the kernel with it. */
	bind_set_step(device, BIND_ANSWER);
	err = pci_answers(device->bind->root, &device->bdf);
	return err ? err : converge(device, record);
}
