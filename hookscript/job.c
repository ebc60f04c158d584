// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/job.h"

#include "hookscript/pve.h"
#include "hookscript/record.h"
#include "host/driver.h"
#include "host/iommu.h"
#include "host/modules.h"
#include "host/pci.h"
#include "host/vfio.h"
#include "host/worker.h"

#include <string.h>

/* One device under work. */
struct task {
	const struct job *job;
	const struct bdf *bdf;
	int tell;
	uint32_t item;
	size_t index; /* among the job's devices */
};

static void tell_step(const struct task *task, enum job_step step)
{
	worker_tell(task->tell, &(struct worker_message){.item = task->item, .kind = step});
}

/* Tells a failure, if ERR is one, and passes it on. */
static int tell_error(const struct task *task, enum job_step step, int err)
{
	if (err)
		worker_tell(task->tell, &(struct worker_message){task->item, step, err});
	return err;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* The device's record when it is this VM's, else NULL. */
static int read_own_record(const struct task *task, struct record **ret)
{
	cleanup_with(record_freep) struct record *record = NULL;
	auto_free char *why = NULL;
	int err = record_read(task->job->root, task->bdf, &record, &why);

	if (err)
		return tell_error(task, JOB_RECORD, err);
	*ret = record && record->vmid == task->job->vmid ? TAKE_PTR(record) : NULL;
	return 0;
}

static int set_override(const struct task *task, const char *driver)
{
	tell_step(task, JOB_OVERRIDE);
	return tell_error(task, JOB_OVERRIDE,
			  driver_set_override(task->job->root, task->bdf, driver));
}

static int unbind(const struct task *task)
{
	tell_step(task, JOB_UNBIND);
	return tell_error(task, JOB_UNBIND, driver_unbind(task->job->root, task->bdf));
}

static int probe(const struct task *task, const char *driver)
{
	tell_step(task, JOB_PROBE);
	return tell_error(task, JOB_PROBE, driver_probe(task->job->root, task->bdf, driver));
}

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
	const struct fs_root *root = task->job->root;
	int err;

	if (record->stage == RECORD_TAKEN)
		return 0; /* an earlier start's: that image is from before the first write */
	tell_step(task, JOB_RECORD);
	err = read_image(root, record);
	if (!err)
		err = read_attributes(root, record);
	if (!err)
		err = read_unloaded(root, record);
	if (!err)
		err = record_write(root, record);
	return tell_error(task, JOB_RECORD, err);
}

static int set_attributes(const struct task *task, const struct record *record, bool back)
{
	for (unsigned int i = 0; i < RECORD_ATTRIBUTES; i++) {
		const struct record_attribute *attribute = &record->attributes[i];
		const char *value = back ? attribute->before : attribute->set;
		int err;

		if (!attribute->set || !value)
			continue;
		tell_step(task, JOB_ATTRIBUTE);
		err = driver_set_attribute(task->job->root, task->bdf, record_attribute_name(i),
					   value);
		/* The way back does not end at one that went away with its driver. */
		if (err && !(back && err == -ENOENT))
			return tell_error(task, JOB_ATTRIBUTE, err);
	}
	return 0;
}

/* In the order of the settings, and only as far as no other device loses its driver by that. */
static int unload_modules(const struct task *task, const struct record *record)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	auto_free char *copy = strdup(record->unloaded ? record->unloaded : "");
	char *rest = copy, *name;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (name = strsep(&rest, " "))) {
		if (!*name || !module_is_loaded(task->job->root, name) ||
		    module_serves_others(task->job->root, name, task->bdf))
			continue;
		tell_step(task, JOB_UNLOAD);
		if (!modules)
			err = modules_open(task->job->root, &modules);
		if (!err)
			err = modules_unload(modules, name);
	}
	return tell_error(task, JOB_UNLOAD, err);
}

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
		if (!module_is_loaded(task->job->root, name) &&
		    (modules || !modules_open(task->job->root, &modules)) &&
		    modules_load(modules, name))
			tell_step(task, JOB_MODULE);
		if (name > copy)
			name[-1] = '\0';
		else
			*copy = '\0';
	}
}

/* Override, unbind, probe; whatever of that an earlier attempt has done is not done again. */
static int bind_to_vfio(const struct task *task, const struct record *record, const char *driver)
{
	int err = set_override(task, DRIVER_VFIO_PCI);

	if (err || same_text(driver, DRIVER_VFIO_PCI))
		return err;
	err = unload_modules(task, record);
	/* Unloading may have unbound it; that is seen then. */
	if (!err && driver)
		err = unbind(task);
	return err ? err : probe(task, DRIVER_VFIO_PCI);
}

static int take_device(const struct task *task)
{
	cleanup_with(record_freep) struct record *record = NULL;
	auto_free char *driver = NULL;
	int err;

	err = read_own_record(task, &record);
	if (!err && !record)
		err = tell_error(task, JOB_RECORD, -ESTALE);
	if (!err)
		err = complete_record(task, record);
	if (!err)
		err = tell_error(task, JOB_RECORD, pci_driver(task->job->root, task->bdf, &driver));
	if (err)
		return err;
	if (same_text(driver, DRIVER_VFIO_PCI) && same_text(record->driver, DRIVER_VFIO_PCI)) {
		err = set_attributes(task, record, false);
		if (!err)
			tell_step(task, JOB_ALREADY);
		return err;
	}
	err = set_attributes(task, record, false);
	if (!err)
		err = bind_to_vfio(task, record, driver);
	if (!err)
		tell_step(task, JOB_TAKEN);
	return err;
}

/* A driver that only holds a device for somebody: one that we may take it from again. */
static bool is_placeholder(const char *driver)
{
	return strstr(driver, "vfio") || !strcmp(driver, "pci-stub");
}

static int check_identity(const struct task *task, const struct record *record)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	struct pci_identity now;
	int err;

	err = pci_open(task->job->root, &pci);
	if (!err)
		err = pci_identify(pci, task->bdf, &now);
	if (!err && !pci_identity_equal(&now, &record->identity))
		err = -ESTALE;
	return tell_error(task, JOB_IDENTITY, err);
}

/* vfio-pci is never unbound under an open group: the kernel would wait for its holder for ever. */
static int wait_for_group(const struct task *task)
{
	const struct fs_root *root = task->job->root;
	int group = iommu_group_of(root, task->bdf);

	if (group == -ENOENT)
		return 0;
	if (group >= 0 && vfio_group_wait_closed(root, group, 0, NULL) != -ETIMEDOUT)
		return 0;
	tell_step(task, JOB_WAIT);
	return tell_error(
		task, JOB_WAIT,
		group < 0 ? group : vfio_group_wait_closed(root, group, task->job->deadline, NULL));
}

/* While the device is still on vfio-pci: without its module it is better there than on nothing. */
static int load_module(const struct task *task, const struct record *record)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	const char *target = record_target(record);
	/* Of a driver that the settings name, no module is recorded: most have the same name. */
	const char *module = same_text(target, record->driver) ? record->module : target;
	int err;

	if (!target || !module || driver_is_registered(task->job->root, target))
		return 0;
	tell_step(task, JOB_MODULE);
	err = modules_open(task->job->root, &modules);
	if (!err)
		err = modules_load(modules, module);
	return tell_error(task, JOB_MODULE, err);
}

static int return_to_driver(const struct task *task, const struct record *record,
			    const char *driver)
{
	const char *target = record_target(record);
	int err = load_module(task, record);

	if (!err && driver)
		err = unbind(task);
	if (!err && target) {
		err = set_override(task, target);
		if (!err)
			err = probe(task, target);
	}
	return err;
}

/* ---- ids that Proxmox VE put into new_id ---- */

static bool may_forget_id(const struct task *task, const struct record *record)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;

	return !pve_start_is_under_way(task->job->root, task->job->vmid) &&
	       !modules_open(task->job->root, &modules) &&
	       !modules_vfio_ids_match(modules, &record->identity);
}

static int forget_id(const struct task *task, struct record *record)
{
	int err;

	if (!record->new_id || !may_forget_id(task, record))
		return 0;
	tell_step(task, JOB_ID);
	err = driver_forget_id(task->job->root, DRIVER_VFIO_PCI, &record->identity);
	if (!err) {
		record->new_id = false;
		err = record_write(task->job->root, record);
	}
	return tell_error(task, JOB_ID, err);
}

/* The recorded one; but a device that is to stay away from the host keeps one that no driver has,
 * or the next module to be loaded would take it. */
static const char *last_override(const struct record *record)
{
	return same_text(record->return_to, RECORD_RETURN_NONE) ? RECORD_RETURN_NONE
								: record->override;
}

/* Makes the device what the record says, and then forgets the record. */
static int converge(const struct task *task, struct record *record)
{
	const struct fs_root *root = task->job->root;
	const char *target = record_target(record);
	auto_free char *driver = NULL;
	bool foreign;
	int err;

	err = tell_error(task, JOB_RECORD, pci_driver(root, task->bdf, &driver));
	if (err)
		return err;
	/* Before the device is loose: by its id vfio-pci would have it again. */
	err = forget_id(task, record);
	if (err)
		return err;
	foreign = driver && !same_text(driver, target) && !is_placeholder(driver);
	if (!same_text(driver, target) && !foreign)
		err = return_to_driver(task, record, driver);
	if (!err)
		err = set_attributes(task, record, true);
	if (!err)
		err = set_override(task, last_override(record));
	if (!err)
		load_unloaded(task, record);
	if (!err)
		err = tell_error(task, JOB_RECORD, record_remove(root, task->bdf));
	if (!err)
		tell_step(task, foreign ? JOB_FOREIGN : JOB_BACK);
	return err;
}

static int forget(const struct task *task, enum job_step end)
{
	int err = tell_error(task, JOB_RECORD, record_remove(task->job->root, task->bdf));

	if (!err)
		tell_step(task, end);
	return err;
}

static int give_back_device(const struct task *task)
{
	cleanup_with(record_freep) struct record *record = NULL;
	int err;

	err = read_own_record(task, &record);
	if (err)
		return err;
	/* Another start has claimed it since the caller decided: it is that one's now. */
	if (!record || (task->job->claims && record->claim != task->job->claims[task->index])) {
		tell_step(task, JOB_NOT_RECORDED);
		return 0;
	}
	if (record->stage == RECORD_CLAIMED)
		return forget(task, JOB_UNTOUCHED);
	if (!pci_exists(task->job->root, task->bdf))
		return forget(task, JOB_GONE);
	err = check_identity(task, record);
	if (!err)
		err = wait_for_group(task);
	return err ? err : converge(task, record);
}

/* Locks every device of the slot, for as long as this process lives: nothing here closes them. */
static int lock_devices(const struct job *job, int tell)
{
	for (size_t i = 0; i < job->n_devices; i++) {
		struct task task = {job, &job->devices[i], tell, (uint32_t)(job->first_item + i),
				    i};
		int fd;

		tell_step(&task, JOB_LOCK);
		fd = record_lock_device(job->root, task.bdf, job->deadline);
		if (fd < 0)
			return tell_error(&task, JOB_LOCK, fd);
	}
	/* A caller that has died does not know what to do any more: another start may have claimed
	 * the devices before these locks were had, and would lose them to a worker of the past. */
	return getppid() == job->caller ? 0 : -ECANCELED;
}

/* One job's devices, in order. Stops at the first failure, or goes on and returns it in the end. */
static int each_device(const struct job *job, int tell, int (*work)(const struct task *task),
		       bool goes_on)
{
	int first = lock_devices(job, tell);

	if (first)
		return first;
	for (size_t i = 0; i < job->n_devices && (goes_on || !first); i++) {
		struct task task = {job, &job->devices[i], tell, (uint32_t)(job->first_item + i),
				    i};
		int err = work(&task);

		if (!first)
			first = err;
	}
	return first;
}

static int see_device(const struct task *task)
{
	cleanup_with(record_freep) struct record *spare = calloc(1, sizeof(*spare));
	cleanup_with(pci_closep) struct pci *pci = NULL;
	const struct fs_root *root = task->job->root;
	int err = spare ? pci_open(root, &pci) : -ENOMEM;

	if (err)
		return tell_error(task, JOB_RECORD, err);
	spare->bdf = *task->bdf;
	spare->vmid = task->job->vmid;
	spare->deadline = task->job->deadline_s;
	err = pci_identify(pci, task->bdf, &spare->identity);
	if (!err)
		err = read_image(root, spare);
	if (!err)
		err = record_write_spare(root, spare);
	if (!err)
		tell_step(task, JOB_SEEN);
	return tell_error(task, JOB_RECORD, err);
}

static int forget_id_of_device(const struct task *task)
{
	cleanup_with(record_freep) struct record *record = NULL;
	int err = read_own_record(task, &record);

	if (!err && record)
		err = forget_id(task, record);
	if (!err)
		tell_step(task, record ? JOB_ID_GONE : JOB_NOT_RECORDED);
	return err;
}

int job_take(int tell, void *arg)
{
	return each_device(arg, tell, take_device, false);
}

int job_give_back(int tell, void *arg)
{
	return each_device(arg, tell, give_back_device, true);
}

int job_see(int tell, void *arg)
{
	return each_device(arg, tell, see_device, true);
}

int job_forget_ids(int tell, void *arg)
{
	return each_device(arg, tell, forget_id_of_device, true);
}
