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
		err = record_write(root, record);
	return tell_error(task, JOB_RECORD, err);
}

/* Override, unbind, probe; whatever of that an earlier attempt has done is not done again. */
static int bind_to_vfio(const struct task *task, const char *driver)
{
	int err = set_override(task, DRIVER_VFIO_PCI);

	if (err || same_text(driver, DRIVER_VFIO_PCI))
		return err;
	err = driver ? unbind(task) : 0;
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
		tell_step(task, JOB_ALREADY);
		return 0;
	}
	err = bind_to_vfio(task, driver);
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
	int err;

	if (!record->driver || !record->module ||
	    driver_is_registered(task->job->root, record->driver))
		return 0;
	tell_step(task, JOB_MODULE);
	err = modules_open(task->job->root, &modules);
	if (!err)
		err = modules_load(modules, record->module);
	return tell_error(task, JOB_MODULE, err);
}

static int return_to_driver(const struct task *task, const struct record *record,
			    const char *driver)
{
	int err = load_module(task, record);

	if (!err && driver)
		err = unbind(task);
	if (!err && record->driver) {
		err = set_override(task, record->driver);
		if (!err)
			err = probe(task, record->driver);
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

/* Makes the device what the record says, and then forgets the record. */
static int converge(const struct task *task, struct record *record)
{
	const struct fs_root *root = task->job->root;
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
	foreign = driver && !same_text(driver, record->driver) && !is_placeholder(driver);
	if (!same_text(driver, record->driver) && !foreign)
		err = return_to_driver(task, record, driver);
	if (!err)
		err = set_override(task, record->override);
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
