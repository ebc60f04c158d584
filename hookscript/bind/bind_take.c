// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/bind_slot.h"

#include "host/pci/driver.h"
#include "host/pci/modules.h"
#include "host/pci/pci.h"
#include "host/text/strbuf.h"
#include "host/pci/vfio.h"

#include <string.h>

/* The before-image of a device that was not written to yet. */
static int read_image(const struct fs_root *root, struct record *record)
{
	int err = pci_driver(root, &record->bdf, &record->driver);

	if (!err && record->driver)
		err = driver_module(root, record->driver, &record->module);
	if (!err)
		err = driver_override(root, &record->bdf, &record->override);
	record->stage = RECORD_TAKEN;
	return err;
}

/* The values of the attributes that are to be changed. A missing one has no before-image, and
 * cannot be set either. */
static int read_attributes(const struct fs_root *root, struct record *record)
{
	for (unsigned int i = 0; i < RECORD_ATTRIBUTES; i++) {
		struct record_attribute *attribute = &record->attributes[i];
		auto_free char *path = pci_path(&record->bdf, record_attribute_name(i));
		int err;

		if (!attribute->set || attribute->before)
			continue;
		err = fs_read_attr(root, path, &attribute->before);
		if (err && err != -ENOENT)
			return err;
	}
	return 0;
}

/* Which of the modules to be unloaded are loaded now. */
static int read_unloaded(const struct fs_root *root, struct record *record)
{
	auto_free char *copy = strdup(record->unload ? record->unload : "");
	auto_strbuf struct strbuf loaded = {0};
	char *rest = copy, *name;

	if (!copy)
		return -ENOMEM;
	while ((name = strsep(&rest, " "))) {
		int there = *name ? module_is_loaded(root, name) : 0;

		if (there < 0)
			return there;
		if (there)
			strbuf_add(&loaded, "%s%s", loaded.len ? " " : "", name);
	}
	if (!loaded.len && !loaded.failed)
		return 0;
	free(record->unloaded);
	record->unloaded = strbuf_take(&loaded);
	return record->unloaded ? 0 : -ENOMEM;
}

/* Saves what the device is now, before anything is written to it. */
static int complete_record(struct bind_device *device, struct record *record)
{
	const struct fs_root *root = device->bind->root;
	bool changed = true;
	int err;

	if (record->stage == RECORD_TAKEN) {
		/* An earlier start's: that image is from before the first write. But that start may
		 * have wanted other fields of a VF. */
		err = bind_read_vf(device, record, &changed);
		return err || !changed ? err : record_write(root, record);
	}
	err = read_image(root, record);
	if (!err && !same_text(record->driver, device->planned)) {
		/* Something else binds it at this moment: that image would be wrong for ever. */
		bind_set_step(device, BIND_IMAGE);
		return -EAGAIN;
	}
	err = err ?: read_attributes(root, record);
	err = err ?: read_unloaded(root, record);
	err = err ?: bind_read_vf(device, record, &changed);
	return err ? err : record_write(root, record);
}

/* In the order of the settings, and only modules that no other device needs. */
static int unload_modules(struct bind_device *device, const struct record *record)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	auto_free char *copy = strdup(record->unloaded ? record->unloaded : "");
	char *rest = copy, *name;
	int err = 0;

	bind_set_step(device, BIND_UNLOAD);
	if (!copy)
		return -ENOMEM;
	while (!err && (name = strsep(&rest, " "))) {
		/* Whether it is loaded modules_unload() knows, too. */
		if (!*name || !module_is_loaded(device->bind->root, name) ||
		    module_serves_others(device->bind->root, name, &device->bdf))
			continue;
		if (!modules)
			err = modules_open(device->bind->root, &modules);
		if (!err)
			err = modules_unload(modules, name);
	}
	return err;
}

/* The settings may name any driver; QEMU needs one that makes a VFIO device of it. */
static int check_variant(struct bind_device *device, const struct record *record)
{
	int there;

	if (!record->bind_to)
		return 0;
	bind_set_step(device, BIND_VARIANT);
	there = vfio_has_device(device->bind->root, &device->bdf);
	return there ? (there < 0 ? there : 0) : -ENODEV;
}

/* Override, unbind, probe; what an earlier attempt has done of that is not done again. */
static int bind_to_vfio(struct bind_device *device, const struct record *record, const char *driver)
{
	const char *wanted = record_taken_driver(record);
	int err;

	bind_set_step(device, BIND_OVERRIDE);
	err = driver_set_override(device->bind->root, &device->bdf, wanted);
	if (err || same_text(driver, wanted))
		return err;
	if (record->unloaded)
		err = unload_modules(device, record);
	/* Unloading may have unbound it, which driver_unbind() sees. */
	if (!err && driver) {
		bind_set_step(device, BIND_UNBIND);
		err = driver_unbind(device->bind->root, &device->bdf);
	}
	if (err)
		return err;
	bind_set_step(device, BIND_PROBE);
	err = driver_probe(device->bind->root, &device->bdf, wanted);
	return err ? err : check_variant(device, record);
}

int bind_take_device(struct bind_device *device)
{
	cleanup_with(record_freep) struct record *record = NULL;
	auto_free char *driver = NULL;
	bool stays;
	int err;

	err = bind_read_record(device, &record);
	if (err)
		return err;
	if (!record)
		return -ESTALE;
	err = complete_record(device, record);
	err = err ?: pci_driver(device->bind->root, &device->bdf, &driver);
	err = err ?: bind_set_attributes(device, record, false);
	if (err)
		return err;
	stays = same_text(driver, record_taken_driver(record)) && same_text(driver, record->driver);
	if (!stays)
		err = bind_to_vfio(device, record, driver);
	/* Its own driver would be told of a change, and what it has set itself is gone with it. */
	if (!err)
		err = bind_set_vf(device, record);
	if (!err)
		bind_set_step(device, stays ? BIND_ALREADY : BIND_TAKEN);
	return err;
}

/* What the entries that may get it would change of a VF. */
static int read_spare_vf(struct bind_device *device, struct record *spare)
{
	static const struct vf_net nothing;
	bool unused;
	int err = record_want_vf(spare, &device->vf_wanted, NULL);

	if (!err)
		err = bind_read_vf(device, spare, &unused);
	/* It is no VF of a network card, or its driver does not know that. */
	if (err == -ERANGE || err == -ENXIO || err == -EOPNOTSUPP)
		err = 0;
	return err ? err : record_want_vf(spare, &nothing, NULL);
}

int bind_write_spare(struct bind_device *device)
{
	cleanup_with(record_freep) struct record *spare = calloc(1, sizeof(*spare));
	const struct fs_root *root = device->bind->root;
	int err;

	bind_set_step(device, BIND_RECORD);
	if (!spare)
		return -ENOMEM;
	spare->bdf = device->bdf;
	spare->vmid = device->bind->vmid;
	spare->deadline = device->bind->deadline_s;
	err = pci_identify(root, &device->bdf, &spare->identity);
	err = err ?: read_image(root, spare);
	err = err ?: read_spare_vf(device, spare);
	err = err ?: record_write_spare(root, spare);
	if (!err)
		bind_set_step(device, BIND_DONE);
	return err;
}
