// SPDX-License-Identifier: GPL-2.0-or-later
/* Taking a device: what it is is written down, and then it is bound to vfio-pci, or to its
 * variant driver. */
#include "hookscript/task.h"

#include "host/driver.h"
#include "host/modules.h"
#include "host/pci.h"
#include "host/vfio.h"

#include <string.h>

/* The before-image of a device that nobody has written to. */
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

/* What its attributes are that are to be changed; one that is not there has no before-image, and
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
	char *rest = copy, *name;

	if (!copy)
		return -ENOMEM;
	while ((name = strsep(&rest, " "))) {
		char *longer;

		if (!*name || !module_is_loaded(root, name))
			continue;
		longer = record->unloaded ? fs_path("%s %s", record->unloaded, name) : strdup(name);
		if (!longer)
			return -ENOMEM;
		free(record->unloaded);
		record->unloaded = longer;
	}
	return 0;
}

/* What the device is now, written down before anything is written to it. */
static int complete_record(const struct task *task, struct record *record)
{
	const struct fs_root *root = task->root;
	int err;

	if (record->stage == RECORD_TAKEN)
		return 0; /* an earlier start's: that image is from before the first write */
	task_tell(task, JOB_RECORD);
	err = read_image(root, record);
	if (!err)
		err = read_attributes(root, record);
	if (!err)
		err = read_unloaded(root, record);
	if (!err)
		err = record_write(root, record);
	return task_fail(task, JOB_RECORD, err);
}

/* In the order of the settings, and only as far as no other device loses its driver by that. */
static int unload_modules(const struct task *task, const struct record *record)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	auto_free char *copy = strdup(record->unloaded ? record->unloaded : "");
	char *rest = copy, *name;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (name = strsep(&rest, " "))) {
		if (!*name || !module_is_loaded(task->root, name) ||
		    module_serves_others(task->root, name, task->bdf))
			continue;
		task_tell(task, JOB_UNLOAD);
		if (!modules)
			err = modules_open(task->root, &modules);
		if (!err)
			err = modules_unload(modules, name);
	}
	return task_fail(task, JOB_UNLOAD, err);
}

/* A driver that the settings name may be any; QEMU needs one that makes a VFIO device of it. */
static int check_variant(const struct task *task, const struct record *record)
{
	if (!record->bind_to || vfio_has_device(task->root, task->bdf))
		return 0;
	return task_fail(task, JOB_VARIANT, -ENODEV);
}

/* Override, unbind, probe; whatever of that an earlier attempt has done is not done again. */
static int bind_to_vfio(const struct task *task, const struct record *record, const char *driver)
{
	const char *wanted = record_taken_driver(record);
	int err = task_set_override(task, wanted);

	if (err || task_same_text(driver, wanted))
		return err;
	err = unload_modules(task, record);
	/* Unloading may have unbound it; that is seen then. */
	if (!err && driver)
		err = task_unbind(task);
	if (!err)
		err = task_probe(task, wanted);
	return err ? err : check_variant(task, record);
}

/* The claimed record. Nothing that has changed it since is overlooked; but it is read anew only
 * then. */
static int read_claim(const struct task *task, struct record **ret)
{
	struct record_copy *known = task->job->known ? &task->job->known[task->index] : NULL;

	if (!known || !record_copy_holds(task->root, known))
		return task_read_record(task, ret);
	*ret = TAKE_PTR(known->record);
	return 0;
}

int task_take(const struct task *task)
{
	cleanup_with(record_freep) struct record *record = NULL;
	auto_free char *driver = NULL;
	int err;

	err = read_claim(task, &record);
	if (err)
		return err;
	if (!record)
		return task_fail(task, JOB_RECORD, -ESTALE);
	err = complete_record(task, record);
	if (!err)
		err = task_fail(task, JOB_RECORD, pci_driver(task->root, task->bdf, &driver));
	if (err)
		return err;
	if (task_same_text(driver, record_taken_driver(record)) &&
	    task_same_text(driver, record->driver)) {
		err = task_set_attributes(task, record, false);
		if (!err)
			task_tell(task, JOB_ALREADY);
		return err;
	}
	err = task_set_attributes(task, record, false);
	if (!err)
		err = bind_to_vfio(task, record, driver);
	if (!err)
		task_tell(task, JOB_TAKEN);
	return err;
}

int task_see(const struct task *task)
{
	cleanup_with(record_freep) struct record *spare = calloc(1, sizeof(*spare));
	const struct fs_root *root = task->root;
	int err;

	if (!spare)
		return task_fail(task, JOB_RECORD, -ENOMEM);
	spare->bdf = *task->bdf;
	spare->vmid = task->job->vmid;
	spare->deadline = task->job->deadline_s;
	err = pci_identify(root, task->bdf, &spare->identity);
	if (!err)
		err = read_image(root, spare);
	if (!err)
		err = record_write_spare(root, spare);
	if (!err)
		task_tell(task, JOB_SEEN);
	return task_fail(task, JOB_RECORD, err);
}
