// SPDX-License-Identifier: GPL-2.0-or-later
/* Giving a device back: it is made what its record says, whatever was done to it meanwhile. */
#include "hookscript/task.h"

#include "hookscript/pve.h"
#include "host/driver.h"
#include "host/iommu.h"
#include "host/modules.h"
#include "host/pci.h"
#include "host/vfio.h"

#include <string.h>

/* The last one first: what it needs comes with it. One that does not load is no reason to keep the
 * device. */
static void load_unloaded(const struct task *task, const struct record *record)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	auto_free char *copy = strdup(record->unloaded ? record->unloaded : "");
	char *name;

	while (copy && *copy) {
		name = strrchr(copy, ' ');
		name = name ? name + 1 : copy;
		if (!module_is_loaded(task->root, name) &&
		    (modules || !modules_open(task->root, &modules)) && modules_load(modules, name))
			task_tell(task, JOB_MODULE);
		if (name > copy)
			name[-1] = '\0';
		else
			*copy = '\0';
	}
}

/* A driver that only holds a device for somebody: one that we may take it from again. */
static bool is_placeholder(const struct record *record, const char *driver)
{
	return strstr(driver, "vfio") || !strcmp(driver, "pci-stub") ||
	       task_same_text(driver, record->bind_to);
}

static int check_identity(const struct task *task, const struct record *record)
{
	struct pci_identity now;
	int err = pci_identify(task->root, task->bdf, &now);

	if (!err && !pci_identity_equal(&now, &record->identity))
		err = -ESTALE;
	return task_fail(task, JOB_IDENTITY, err);
}

/* vfio-pci is never unbound under an open group: the kernel would wait for its holder for ever. */
static int wait_for_group(const struct task *task)
{
	const struct fs_root *root = task->root;
	int group = iommu_group_of(root, task->bdf);

	if (group == -ENOENT)
		return 0;
	if (group >= 0 && vfio_group_wait_closed(root, group, 0, NULL) != -ETIMEDOUT)
		return 0;
	task_call(task, JOB_WAIT);
	return task_fail(
		task, JOB_WAIT,
		group < 0 ? group : vfio_group_wait_closed(root, group, task->job->deadline, NULL));
}

/* While the device is still on vfio-pci: without its module it is better there than on nothing. */
static int load_module(const struct task *task, const struct record *record)
{
	const char *target = record_target(record);
	/* Of a driver that the settings name, no module is recorded: most have the same name. */
	const char *module = task_same_text(target, record->driver) ? record->module : target;

	if (!target || !module)
		return 0;
	task_tell(task, JOB_MODULE);
	return task_fail(task, JOB_MODULE, driver_load(task->root, target, module));
}

static int return_to_driver(const struct task *task, const struct record *record,
			    const char *driver)
{
	const char *target = record_target(record);
	int err = load_module(task, record);

	if (!err && driver)
		err = task_unbind(task);
	if (!err && target) {
		err = task_set_override(task, target);
		if (!err)
			err = task_probe(task, target);
	}
	return err;
}

/* ---- ids that Proxmox VE put into new_id ---- */

static bool may_forget_id(const struct task *task, const struct record *record)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;

	return !pve_start_is_under_way(task->root, task->job->vmid) &&
	       !modules_open(task->root, &modules) &&
	       !modules_vfio_ids_match(modules, &record->identity);
}

static int forget_id(const struct task *task, struct record *record)
{
	int err;

	if (!record->new_id || !may_forget_id(task, record))
		return 0;
	task_tell(task, JOB_ID);
	err = driver_forget_id(task->root, DRIVER_VFIO_PCI, &record->identity);
	if (!err) {
		record->new_id = false;
		err = record_write(task->root, record);
	}
	return task_fail(task, JOB_ID, err);
}

/* The recorded one; but a device that is to stay away from the host keeps one that no driver has,
 * or the next module to be loaded would take it. */
static const char *last_override(const struct record *record)
{
	return task_same_text(record->return_to, RECORD_RETURN_NONE) ? RECORD_RETURN_NONE
								     : record->override;
}

/* Makes the device what the record says, and then forgets the record. */
static int converge(const struct task *task, struct record *record)
{
	const struct fs_root *root = task->root;
	const char *target = record_target(record);
	auto_free char *driver = NULL;
	bool foreign;
	int err;

	err = task_fail(task, JOB_RECORD, pci_driver(root, task->bdf, &driver));
	if (err)
		return err;
	/* Before the device is loose: by its id vfio-pci would have it again. */
	err = forget_id(task, record);
	if (err)
		return err;
	foreign = driver && !task_same_text(driver, target) && !is_placeholder(record, driver);
	if (!task_same_text(driver, target) && !foreign)
		err = return_to_driver(task, record, driver);
	if (!err)
		err = task_set_attributes(task, record, true);
	if (!err)
		err = task_set_override(task, last_override(record));
	if (!err)
		load_unloaded(task, record);
	if (!err)
		err = task_fail(task, JOB_RECORD, record_remove(root, task->bdf));
	if (!err)
		task_tell(task, foreign ? JOB_FOREIGN : JOB_BACK);
	return err;
}

static int forget(const struct task *task, enum job_step end)
{
	int err = task_fail(task, JOB_RECORD, record_remove(task->root, task->bdf));

	if (!err)
		task_tell(task, end);
	return err;
}

int task_give_back(const struct task *task)
{
	cleanup_with(record_freep) struct record *record = NULL;
	int err;

	err = task_read_record(task, &record);
	if (err)
		return err;
	/* Another start has claimed it since the caller decided: it is that one's now. */
	if (!record || (task->job->claims && record->claim != task->job->claims[task->index])) {
		task_tell(task, JOB_NOT_RECORDED);
		return 0;
	}
	if (record->stage == RECORD_CLAIMED)
		return forget(task, JOB_UNTOUCHED);
	if (!pci_exists(task->root, task->bdf))
		return forget(task, JOB_GONE);
	err = check_identity(task, record);
	if (!err)
		err = wait_for_group(task);
	return err ? err : converge(task, record);
}

int task_forget_id(const struct task *task)
{
	cleanup_with(record_freep) struct record *record = NULL;
	int err = task_read_record(task, &record);

	if (!err && record)
		err = forget_id(task, record);
	if (!err)
		task_tell(task, record ? JOB_ID_GONE : JOB_NOT_RECORDED);
	return err;
}
