// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/bind.h"

#include "hookscript/bind/bind_give_back.h"
#include "hookscript/bind/bind_report.h"
#include "hookscript/bind/bind_take.h"
#include "hookscript/bind/users.h"
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

/* What is done with some devices. */
struct bind {
	const struct fs_root *root;
	unsigned int vmid;
	const struct bdf *devices;
	struct bind_result *results; /* one for each device */
	size_t n;
	struct bind_claim *claims; /* giving back: one for each device */
	struct bind_slot *slots;   /* one worker each */
	struct worker *workers;
	size_t n_slots;
};

static void free_bind(struct bind *bind)
{
	free(bind->results);
	free(bind->claims);
	free(bind->slots);
	free(bind->workers);
}

static int init(struct bind *bind, const struct bdf *devices, size_t n)
{
	bind->results = calloc(n + 1, sizeof(*bind->results));
	bind->slots = calloc(n + 1, sizeof(*bind->slots));
	bind->workers = calloc(n + 1, sizeof(*bind->workers));
	if (!bind->results || !bind->slots || !bind->workers)
		return -ENOMEM;
	bind->devices = devices;
	bind->n = n;
	for (size_t i = 0; i < n; i++)
		bind->results[i].bdf = devices[i];
	return 0;
}

/* ---- workers ---- */

static struct bind_result *result_of(const struct bind *bind, size_t slot, size_t device)
{
	return &bind->results[&bind->slots[slot].devices[device] - bind->devices];
}

static void read_progress(const struct bind *bind, size_t slot)
{
	for (size_t i = 0; i < bind->slots[slot].n_devices; i++) {
		struct bind_result *result = result_of(bind, slot, i);
		uint32_t step;
		int error;

		if (!worker_progress(&bind->workers[slot], i, &step, &error))
			continue;
		result->step = (enum bind_step)step;
		result->error = error;
	}
}

/* A worker waits for a group to be closed. It notifies once for each device, and is done with the
 * devices before that one. */
static void report_waiting(size_t slot, void *arg)
{
	const struct bind *bind = arg;

	read_progress(bind, slot);
	for (size_t i = 0; i < bind->slots[slot].n_devices; i++) {
		const struct bind_result *result = result_of(bind, slot, i);

		if (result->step == BIND_GROUP && !result->error)
			report_open_group(bind->root, result);
	}
}

/* One slot for each run of neighbours in DEVICES. */
static void divide_into_slots(struct bind *bind, const struct bind_slot *model)
{
	for (size_t i = 0; i < bind->n; i++) {
		struct bind_slot *slot = &bind->slots[bind->n_slots];

		if (i && bdf_same_slot(&bind->devices[i - 1], &bind->devices[i])) {
			slot[-1].n_devices++;
			continue;
		}
		*slot = *model;
		slot->devices = &bind->devices[i];
		slot->n_devices = 1;
		slot->claims = bind->claims ? &bind->claims[i] : NULL;
		bind->n_slots++;
	}
}

/* Sets the error of what a worker did not end: it hangs, could not be started or was killed. */
static void set_error(const struct bind *bind, size_t slot, int error)
{
	for (size_t i = 0; i < bind->slots[slot].n_devices; i++) {
		struct bind_result *result = result_of(bind, slot, i);

		if (bind_is_done(result) || result->error)
			continue;
		result->error = error;
		result->worker = bind->workers[slot].pid;
	}
}

static void finish(const struct bind *bind, size_t slot)
{
	struct worker *worker = &bind->workers[slot];

	read_progress(bind, slot);
	if (worker->channel >= 0)
		set_error(bind, slot, -ETIMEDOUT);
	else if (!worker->finished)
		set_error(bind, slot, worker->result ? worker->result : -ECANCELED);
	worker_release(worker);
}

/* Does WORK with each device, until all is done or the deadline; the results tell what happened. */
static void run_workers(struct bind *bind, int (*work)(struct bind_device *device), bool goes_on,
			int64_t deadline)
{
	const struct bind_slot model = {
		.root = bind->root,
		.vmid = bind->vmid,
		.work = work,
		.goes_on = goes_on,
		.deadline = deadline - WORKER_MARGIN_MS,
		.deadline_s = clock_left_ms(deadline) / 1000 + 1,
		.caller = getpid(),
	};

	divide_into_slots(bind, &model);
	for (size_t i = 0; i < bind->n_slots; i++) {
		struct bind_slot *slot = &bind->slots[i];

		/* finish() finds a failure in the worker's result. */
		worker_start(&bind->workers[i], bind_work, slot, slot->n_devices, &bind->root->fd,
			     1);
	}
	supervise_allow(clock_left_ms(deadline));
	worker_wait_all(bind->workers, bind->n_slots, deadline, report_waiting, bind);
	for (size_t i = 0; i < bind->n_slots; i++)
		finish(bind, i);
}

/* ---- taking ---- */

/* One line for each device. Returns as bind_take(). */
static int report_all_taken(const struct bind *bind, const struct plan *plan)
{
	int err = 0;

	for (size_t i = 0; i < bind->n; i++) {
		const struct bind_result *result = &bind->results[i];

		if (!report_taken(bind->vmid, result, &plan->steps[i], plan))
			continue;
		if (result->error == -ETIMEDOUT)
			err = -ETIMEDOUT;
		else if (!err)
			err = -EIO;
	}
	return err;
}

int bind_take(const struct fs_root *root, unsigned int vmid, int64_t deadline,
	      const struct plan *plan)
{
	cleanup_with(free_bind) struct bind bind = {.root = root, .vmid = vmid};
	auto_free struct bdf *devices = calloc(plan->n_steps + 1, sizeof(*devices));
	int err = -ENOMEM;

	for (size_t i = 0; devices && i < plan->n_steps; i++)
		devices[i] = plan->steps[i].device->bdf;
	if (devices)
		err = init(&bind, devices, plan->n_steps);
	if (err) {
		log_error(_("VM %u: its devices cannot be taken: %s"), vmid, strerror(-err));
		return err;
	}
	for (size_t i = 0; i < plan->n_steps; i++) {
		bind.results[i].driver = plan->steps[i].returns_to;
		bind.results[i].taken_driver = plan_step_driver(&plan->steps[i]);
	}
	run_workers(&bind, bind_take_device, false, deadline);
	return report_all_taken(&bind, plan);
}

/* ---- giving back ---- */

/*
 * What is decided before the first write: whose claims are given back, the recorded drivers, for
 * messages, and the longest of the recorded deadlines, in seconds.
 */
static int read_records(struct bind *bind, struct record **records)
{
	int deadline = 0;

	for (size_t i = 0; i < bind->n; i++) {
		struct bind_result *result = &bind->results[i];
		auto_free char *why = NULL;

		bind->claims[i].claim = BIND_NO_CLAIM;
		result->taken_driver = DRIVER_VFIO_PCI;
		bind->claims[i].error = record_read(bind->root, &result->bdf, &records[i], &why);
		if (bind->claims[i].error || !records[i])
			continue;
		bind->claims[i].claim = records[i]->claim;
		if (records[i]->stage == RECORD_TAKEN)
			result->driver = record_target(records[i]);
		result->taken_driver = record_taken_driver(records[i]);
		result->network = records[i]->network;
		if (records[i]->deadline > deadline)
			deadline = records[i]->deadline;
	}
	return deadline ? deadline : settings_default.deadline;
}

/* Once for all interfaces that had something, if the settings of their start want it. */
static void reload_network(const struct bind *bind, struct record **records)
{
	static const char *const args[] = {"ifreload", "-a", NULL};
	const struct program program = {.args = args, .limit_ms = IFRELOAD_MS, .goes_on = true};
	auto_program_end struct program_end end = {0};
	auto_free char *why = NULL;
	bool wanted = false;
	int err;

	for (size_t i = 0; i < bind->n; i++)
		wanted |= bind->results[i].step == BIND_BACK && records[i] && records[i]->network &&
			  records[i]->ifreload;
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

static size_t give_back(struct bind *bind, struct record **records, const struct bind_how *how)
{
	int limit_ms = read_records(bind, records) * 1000;
	size_t n_failed = 0;

	if (how->limit_ms)
		limit_ms = how->limit_ms;
	if (how->lock) {
		closep(how->lock);
		*how->lock = -1;
	}
	run_workers(bind, bind_give_back_device, true, clock_now_ms() + limit_ms);
	for (size_t i = 0; i < bind->n; i++) {
		bind->results[i].brief = how->limit_ms;
		n_failed += report_given_back(bind->vmid, &bind->results[i]);
	}
	reload_network(bind, records);
	users_return(bind->root, bind->vmid);
	return n_failed;
}

static void free_records(struct record **records, size_t n)
{
	for (size_t i = 0; records && i < n; i++)
		record_free(records[i]);
	free(records);
}

size_t bind_give_back(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		      size_t n_devices, const struct bind_how *how)
{
	cleanup_with(free_bind) struct bind bind = {.root = root, .vmid = vmid};
	struct record **records = calloc(n_devices + 1, sizeof(*records));
	size_t n_failed = n_devices;

	bind.claims = calloc(n_devices + 1, sizeof(*bind.claims));
	if (!records || !bind.claims || init(&bind, devices, n_devices))
		log_error(_("VM %u: its devices cannot be given back: %s"), vmid, strerror(ENOMEM));
	else
		n_failed = give_back(&bind, records, how);
	free_records(records, n_devices);
	return n_failed;
}

/* ---- what changes no driver ---- */

static int run_and_report(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
			  size_t n_devices, int seconds, int (*work)(struct bind_device *device))
{
	cleanup_with(free_bind) struct bind bind = {.root = root, .vmid = vmid};
	int err = init(&bind, devices, n_devices);

	if (err)
		return err;
	run_workers(&bind, work, true, clock_now_ms() + (int64_t)seconds * 1000);
	for (size_t i = 0; i < n_devices; i++)
		if (report_failure(vmid, &bind.results[i]) && !err)
			err = bind.results[i].error ?: -EIO;
	return err;
}

int bind_write_spares(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		      size_t n_devices, int seconds)
{
	return run_and_report(root, vmid, devices, n_devices, seconds, bind_write_spare);
}

int bind_forget_ids(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		    size_t n_devices)
{
	return run_and_report(root, vmid, devices, n_devices, settings_default.deadline,
			      bind_forget_id);
}
