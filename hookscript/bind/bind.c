// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/bind.h"

#include "hookscript/bind/bind_slot.h"
#include "hookscript/bind/bind_report.h"
#include "hookscript/bind/fdb_guests.h"
#include "hookscript/bind/mail.h"
#include "hookscript/bind/users.h"
#include "hookscript/records/returns.h"
#include "host/base/clock.h"
#include "host/pci/driver.h"
#include "host/process/program.h"
#include "host/base/log.h"
#include "host/process/supervise.h"

#include <string.h>

/* The waits within a worker end this much before its caller's deadline, so that it can report that
 * itself. */
#define WORKER_MARGIN_MS 500

/* How long a stop waits for the network to be brought up; ifreload goes on after that. */
#define IFRELOAD_MS 20000

static void free_bind(struct bind *bind)
{
	free(bind->devices);
	free(bind->workers);
}

#define auto_bind cleanup_with(free_bind)

/* N devices, to which add_device() gives their addresses. */
static int init(struct bind *bind, size_t n)
{
	bind->devices = calloc(n + 1, sizeof(*bind->devices));
	return bind->devices ? 0 : -ENOMEM;
}

static struct bind_device *add_device(struct bind *bind, const struct bdf *bdf)
{
	struct bind_device *device = &bind->devices[bind->n];

	device->bind = bind;
	device->bdf = *bdf;
	bdf_format(bdf, device->address);
	device->taken_driver = DRIVER_VFIO_PCI;
	if (bind->n++ && bdf_same_slot(bdf, &device[-1].bdf)) {
		device->slot = device[-1].slot;
		device->index = device[-1].index + 1;
	} else if (bind->n > 1) {
		device->slot = device[-1].slot + 1;
	}
	return device;
}

/* ---- workers ---- */

static void read_progress(struct bind_device *device, const struct worker *worker)
{
	uint32_t step;
	int error;

	if (!worker_progress(worker, device->index, &step, &error))
		return;
	device->step = (enum bind_step)step;
	device->error = error;
}

/* A worker waits for a group to be closed. It notifies once for each device, and is done with the
 * devices before that one. */
static void report_waiting(size_t slot, void *arg)
{
	const struct bind *bind = arg;

	for (size_t i = 0; i < bind->n; i++) {
		struct bind_device *device = &bind->devices[i];

		if (device->slot != slot)
			continue;
		read_progress(device, &bind->workers[slot]);
		if (device->step == BIND_GROUP && !device->error)
			report_open_group(device);
	}
}

/* Reads the worker's last report, and sets the error of what it did not end: it hangs, could not be
 * started or was killed. */
static void finish(struct bind_device *device, const struct worker *worker)
{
	read_progress(device, worker);
	if (bind_is_done(device) || device->error || worker->finished)
		return;
	device->process = worker->pid;
	device->error = worker_result(worker);
}

/* Works on the devices until all is done or the deadline; the devices tell what happened. Returns 0
 * or -ENOMEM. */
static int run_workers(struct bind *bind, int64_t deadline)
{
	size_t n = bind->n ? bind->devices[bind->n - 1].slot + 1 : 0;
	struct worker *workers = calloc(n + 1, sizeof(*workers));

	if (!workers)
		return -ENOMEM;
	bind->workers = workers;
	bind->deadline = deadline - WORKER_MARGIN_MS;
	bind->deadline_s = clock_left_ms(deadline) / 1000 + 1;
	bind->caller = getpid();
	for (size_t i = 0; i < bind->n; i++) {
		struct bind_device *device = &bind->devices[i];

		/* finish() finds a failure in the worker's result. */
		if (!device->index)
			worker_start(&workers[device->slot], bind_work, device,
				     bind_slot_size(device), &bind->root->fd, 1);
	}
	supervise_allow(clock_left_ms(deadline));
	worker_wait_all(workers, n, deadline, report_waiting, bind);
	for (size_t i = 0; i < bind->n; i++)
		finish(&bind->devices[i], &workers[bind->devices[i].slot]);
	for (size_t i = 0; i < n; i++)
		worker_release(&workers[i]);
	return 0;
}

/* ---- taking ---- */

/* Whether a worker has found a driver that was not planned, and none has failed otherwise: what
 * such a failure has kept back is no failure of its own. */
static bool is_overtaken(const struct bind *bind)
{
	bool overtaken = false;

	for (size_t i = 0; i < bind->n; i++) {
		bool changed = bind->devices[i].step == BIND_IMAGE &&
			       bind->devices[i].error == -EAGAIN;

		if (bind->devices[i].error && !changed)
			return false;
		overtaken |= changed;
	}
	return overtaken;
}

/* One line for each device. Returns as bind_take(). */
static int report_all_taken(const struct bind *bind, const struct plan *plan)
{
	int err = 0;

	if (is_overtaken(bind))
		return -EAGAIN;
	for (size_t i = 0; i < bind->n; i++) {
		const struct bind_device *device = &bind->devices[i];

		if (!report_taken(device, &plan->steps[i], plan))
			continue;
		if (device->error == -ETIMEDOUT)
			err = -ETIMEDOUT;
		else if (!err)
			err = -EIO;
	}
	return err;
}

int bind_take(const struct fs_root *root, unsigned int vmid, int64_t deadline,
	      const struct plan *plan)
{
	auto_bind struct bind bind = {.root = root, .vmid = vmid, .work = bind_take_device};
	int err = init(&bind, plan->n_steps);

	for (size_t i = 0; !err && i < plan->n_steps; i++) {
		const struct plan_step *step = &plan->steps[i];
		struct bind_device *device = add_device(&bind, &step->device->bdf);

		device->driver = step->returns_to;
		device->taken_driver = plan_step_driver(step);
		device->planned = step->device->driver;
	}
	if (!err)
		err = run_workers(&bind, deadline);
	if (!err)
		return report_all_taken(&bind, plan);
	log_error(_("%s: its devices cannot be taken: %s"), record_owner(vmid), strerror(-err));
	return err;
}

/* ---- giving back ---- */

/* Once for all interfaces that had something, if the settings of their start want it. */
static void reload_network(const struct bind *bind)
{
	static const char *const args[] = {"ifreload", "-a", NULL};
	const struct program program = {.args = args, .limit_ms = IFRELOAD_MS, .goes_on = true};
	auto_program_end struct program_end end = {0};
	auto_free char *why = NULL;
	bool wanted = false;
	int err;

	for (size_t i = 0; i < bind->n; i++)
		wanted |= (bind->devices[i].step == BIND_BACK ||
			   bind->devices[i].step == BIND_INEXACT) &&
			  bind->devices[i].record->network && bind->devices[i].record->ifreload;
	if (!wanted || !fs_root_is_running_system(bind->root))
		return;
	supervise_allow(IFRELOAD_MS);
	err = program_act(bind->root, &program, &end);
	if (err)
		why = program_explain(bind->root, &program, err, &end);
	if (err)
		log_warning(_("ifreload -a: %s; run it by hand"), why ? why : strerror(-err));
	else
		log_info(_("ifreload -a: done"));
}

/* The longest of the recorded deadlines. */
static int deadline_ms(const struct recorded *recorded)
{
	int seconds = 0;

	for (size_t i = 0; i < recorded->n; i++)
		if (recorded->items[i]->deadline > seconds)
			seconds = recorded->items[i]->deadline;
	return (seconds ? seconds : settings_default.deadline) * 1000;
}

static int add_recorded(struct bind *bind, const struct recorded *recorded)
{
	int err = init(bind, recorded->n);

	for (size_t i = 0; !err && i < recorded->n; i++) {
		const struct record *record = recorded->items[i];
		struct bind_device *device = add_device(bind, &record->bdf);

		device->record = record;
		device->taken_driver = record_taken_driver(record);
		if (record->stage == RECORD_TAKEN)
			device->driver = record_target(record);
	}
	return err;
}

/* Counts that the device came back, or did not for a reason of its own or of its driver's; but not
 * one that was to stay on vfio-pci, which proves nothing, nor one of a test, which is reported by
 * itself. */
static void count_return(const struct bind_device *device, bool ran)
{
	const struct record *record = device->record;
	bool back = device->step == BIND_BACK || device->step == BIND_INEXACT;
	bool failed = device->error && (device->step == BIND_UNBIND || device->step == BIND_PROBE ||
					(device->step == BIND_ANSWER && device->error == -ENODATA));
	int err = 0;

	if (record->stage == RECORD_TAKEN && record->vmid != RECORD_TEST && (back || failed) &&
	    !same_text(device->driver, device->taken_driver))
		err = returns_count(device->bind->root, record, back, ran);
	if (err)
		log_device(LOG_LEVEL_WARNING, &device->bdf, device->driver,
			   _("%s: that it came back, or not, cannot be counted in /%s: %s"),
			   device->address, RETURNS_DIR, log_strerror(err));
}

size_t bind_give_back(const struct fs_root *root, unsigned int vmid,
		      const struct recorded *recorded, int limit_ms, bool ran)
{
	auto_bind struct bind bind = {
		.root = root,
		.vmid = vmid,
		.work = bind_give_back_device,
		.goes_on = true,
		.brief = limit_ms,
	};
	int64_t deadline = clock_now_ms() + (limit_ms ? limit_ms : deadline_ms(recorded));
	auto_strbuf struct strbuf told = {0};
	int err = add_recorded(&bind, recorded);
	size_t n_failed = 0;

	if (!err)
		err = run_workers(&bind, deadline);
	if (err) {
		log_error(_("%s: its devices cannot be given back: %s"), record_owner(vmid),
			  strerror(-err));
		return recorded->n;
	}
	log_copy_to(&told);
	for (size_t i = 0; i < bind.n; i++)
		n_failed += report_given_back(&bind.devices[i]);
	log_copy_to(NULL);
	for (size_t i = 0; i < bind.n; i++)
		count_return(&bind.devices[i], ran);
	reload_network(&bind);
	if (fdb_is_wanted(recorded))
		fdb_update(root, true);
	users_return(root, vmid);
	if (!limit_ms)
		mail_failures(&bind, told.text ? told.text : "");
	return n_failed;
}

/* ---- what changes no driver ---- */

static int run_and_report(struct bind *bind, int seconds)
{
	int err = run_workers(bind, clock_now_ms() + (int64_t)seconds * 1000);

	if (err)
		return err;
	for (size_t i = 0; i < bind->n; i++)
		if (report_failure(&bind->devices[i]) && !err)
			err = bind->devices[i].error ?: -EIO;
	return err;
}

/* DEVICES, in order of address. */
static int add_vfs(struct bind *bind, const struct bind_vf *devices, size_t n)
{
	int err = init(bind, n);

	for (size_t i = 0; !err && i < n; i++) {
		struct bind_device *device = add_device(bind, &devices[i].bdf);

		device->vf_wanted = devices[i].wanted;
		device->vf_of = devices[i].vf_of;
	}
	return err;
}

int bind_write_spares(const struct fs_root *root, unsigned int vmid, const struct bind_vf *devices,
		      size_t n_devices, int seconds)
{
	auto_bind struct bind bind = {
		.root = root, .vmid = vmid, .work = bind_write_spare, .goes_on = true};
	int err = add_vfs(&bind, devices, n_devices);

	return err ? err : run_and_report(&bind, seconds);
}

static int compare_vfs(const void *a, const void *b)
{
	return bdf_compare(&((const struct bind_vf *)a)->bdf, &((const struct bind_vf *)b)->bdf);
}

int bind_follow_vfs(const struct fs_root *root, unsigned int vmid, struct bind_vf *vfs, size_t n,
		    int seconds, bool failures)
{
	auto_bind struct bind bind = {
		.root = root, .vmid = vmid, .work = bind_follow_vf, .goes_on = true};
	int err;

	qsort(vfs, n, sizeof(*vfs), compare_vfs);
	for (size_t i = 0; i < n; i++)
		if (vfs[i].vf_of)
			vfs[i].vf_of = &vfs[i].pf;
	err = add_vfs(&bind, vfs, n);
	if (!err)
		err = run_workers(&bind, clock_now_ms() + (int64_t)seconds * 1000);
	for (size_t i = 0; i < n; i++) {
		vfs[i].err = err;
		if (!err && !bind_is_done(&bind.devices[i]))
			vfs[i].err = bind.devices[i].error ?: -ECANCELED;
		if (!err && failures == !!vfs[i].err)
			report_followed(&bind.devices[i]);
	}
	for (size_t i = 0; !err && i < n; i++)
		err = vfs[i].err;
	return err;
}

void bind_disable_vf(const struct fs_root *root, unsigned int vmid, struct bind_vf *vf, int seconds)
{
	auto_bind struct bind bind = {.root = root, .vmid = vmid, .work = bind_disable_link};
	int err = add_vfs(&bind, vf, 1);

	if (!err)
		err = run_workers(&bind, clock_now_ms() + (int64_t)seconds * 1000);
	if (!err)
		report_disabled(&bind.devices[0]);
	else
		log_error(_("%s: the link of its VF %s cannot be disabled: %s"), record_owner(vmid),
			  bdf_text(&vf->bdf), strerror(-err));
}

int bind_forget_ids(const struct fs_root *root, unsigned int vmid, const struct recorded *recorded)
{
	auto_bind struct bind bind = {
		.root = root, .vmid = vmid, .work = bind_forget_id, .goes_on = true};
	int err = init(&bind, recorded->n);

	for (size_t i = 0; !err && i < recorded->n; i++)
		if (recorded->items[i]->new_id)
			add_device(&bind, &recorded->items[i]->bdf);
	return err ? err : run_and_report(&bind, settings_default.deadline);
}
