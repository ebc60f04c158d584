// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/apply.h"

#include "hookscript/job.h"
#include "hookscript/report.h"
#include "hookscript/users.h"
#include "host/clock.h"
#include "host/driver.h"
#include "host/exec.h"
#include "host/iommu.h"
#include "host/log.h"
#include "host/worker.h"

#include <stdio.h>
#include <string.h>

/* A job's own waits end this much before its caller loses patience, so that it can say so itself.
 */
#define JOB_MARGIN_MS 500

/* How long bringing the network up may hold a stop up; it goes on after that. */
#define IFRELOAD_MS 20000

/* A run of workers over devices. */
struct run {
	const struct fs_root *root;
	unsigned int vmid;
	struct outcome *outcomes;
	size_t n_outcomes;
	uint64_t *claims;	   /* giving back: one for each outcome */
	struct record_copy *known; /* taking: one for each outcome */
	struct job *jobs;	   /* one for each slot */
	struct worker *workers;
	size_t n_jobs;
};

static bool step_is_end(uint32_t step)
{
	return step >= JOB_TAKEN;
}

static void say_waiting(const struct run *run, const struct outcome *outcome)
{
	auto_holders struct vfio_holders holders = {0};
	auto_free char *who = NULL;
	char text[BDF_TEXT_SIZE];
	int group = iommu_group_of(run->root, &outcome->bdf);

	if (group < 0 || vfio_group_holders(run->root, group, &holders) || !holders.open)
		return;
	who = vfio_holders_describe(&holders);
	log_device(LOG_LEVEL_INFO, &outcome->bdf, outcome->driver,
		   _("%s: waiting for IOMMU group %d to be closed by %s"),
		   bdf_format(&outcome->bdf, text), group, who ? who : _("a process"));
}

/* What the worker has said of its devices so far. */
static void hear(const struct run *run, size_t worker)
{
	const struct job *job = &run->jobs[worker];

	for (size_t i = 0; i < job->n_devices; i++) {
		struct outcome *outcome = &run->outcomes[job->first_item + i];
		struct worker_word word;

		if (!worker_said(&run->workers[worker], i, &word))
			continue;
		outcome->step = (enum job_step)word.kind;
		outcome->error = word.error;
		outcome->ended = step_is_end(word.kind);
	}
}

/* A worker waits for a group to be closed. It calls once a device, and has gone on from the devices
 * before that one. */
static void hear_call(size_t worker, void *arg)
{
	const struct run *run = arg;
	const struct job *job = &run->jobs[worker];

	hear(run, worker);
	for (size_t i = 0; i < job->n_devices; i++) {
		const struct outcome *outcome = &run->outcomes[job->first_item + i];

		if (outcome->step == JOB_WAIT && !outcome->error)
			say_waiting(run, outcome);
	}
}

/* One job for each run of neighbours in one slot. */
static int make_jobs(struct run *run, const struct bdf *devices, int64_t deadline)
{
	run->jobs = calloc(run->n_outcomes + 1, sizeof(*run->jobs));
	run->workers = calloc(run->n_outcomes + 1, sizeof(*run->workers));
	if (!run->jobs || !run->workers)
		return -ENOMEM;
	for (size_t i = 0; i < run->n_outcomes; i++) {
		if (i && bdf_same_slot(&devices[i - 1], &devices[i])) {
			run->jobs[run->n_jobs - 1].n_devices++;
			continue;
		}
		run->jobs[run->n_jobs++] = (struct job){
			.root = run->root,
			.vmid = run->vmid,
			.devices = &devices[i],
			.n_devices = 1,
			.claims = run->claims ? &run->claims[i] : NULL,
			.known = run->known ? &run->known[i] : NULL,
			.first_item = i,
			.deadline = deadline - JOB_MARGIN_MS,
			.deadline_s = clock_left_ms(deadline) / 1000 + 1,
			.caller = getpid(),
		};
	}
	return 0;
}

/* Marks what a worker never came to an end with: it hangs, could not be started or was killed. */
static void mark_silent(struct run *run, size_t at, int error)
{
	const struct job *job = &run->jobs[at];

	for (size_t i = 0; i < job->n_devices; i++) {
		struct outcome *outcome = &run->outcomes[job->first_item + i];

		if (outcome->ended || outcome->error)
			continue;
		outcome->error = error;
		outcome->worker = run->workers[at].pid;
	}
}

/* Runs the jobs to their ends or the deadline; what happened stands in the outcomes then. */
static int run_jobs(struct run *run, int (*job)(const struct worker_voice *voice, void *arg),
		    const struct bdf *devices, int64_t deadline)
{
	auto_free struct worker_order *orders = NULL;
	int err = make_jobs(run, devices, deadline);

	if (err)
		return err;
	orders = calloc(run->n_jobs + 1, sizeof(*orders));
	if (!orders)
		return -ENOMEM;
	for (size_t i = 0; i < run->n_jobs; i++)
		orders[i] = (struct worker_order){&run->jobs[i], run->jobs[i].n_devices};
	worker_start_all(run->workers, run->n_jobs, job, orders, &run->root->fd, 1);
	worker_wait_all(run->workers, run->n_jobs, deadline, hear_call, run);
	for (size_t i = 0; i < run->n_jobs; i++) {
		struct worker *worker = &run->workers[i];

		hear(run, i);
		if (worker->channel >= 0)
			mark_silent(run, i, -ETIMEDOUT);
		else if (!worker->finished)
			mark_silent(run, i, worker->result ? worker->result : -ECANCELED);
		worker_release(worker);
	}
	return 0;
}

static void free_run(struct run *run)
{
	for (size_t i = 0; run->known && i < run->n_outcomes; i++)
		record_copy_free(&run->known[i]);
	free(run->known);
	free(run->outcomes);
	free(run->claims);
	free(run->jobs);
	free(run->workers);
}

/* ---- taking ---- */

/* One line a device. Returns as apply_take(). */
static int report_all_taken(const struct run *run, const struct plan *plan)
{
	int err = 0;

	for (size_t i = 0; i < run->n_outcomes; i++) {
		const struct outcome *outcome = &run->outcomes[i];

		if (!report_taken(run->vmid, outcome, &plan->steps[i], plan))
			continue;
		if (outcome->error == -ETIMEDOUT)
			err = -ETIMEDOUT;
		else if (!err)
			err = -EIO;
	}
	return err;
}

int apply_take(const struct fs_root *root, unsigned int vmid, int64_t deadline,
	       const struct plan *plan, struct claims *claims)
{
	cleanup_with(free_run) struct run run = {.root = root, .vmid = vmid};
	auto_free struct bdf *devices = calloc(plan->n_steps + 1, sizeof(*devices));
	int err;

	run.outcomes = calloc(plan->n_steps + 1, sizeof(*run.outcomes));
	run.known = calloc(plan->n_steps + 1, sizeof(*run.known));
	if (!devices || !run.outcomes || !run.known)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_steps; i++) {
		struct record_copy *claim = claims_find(claims, &plan->steps[i].device->bdf);

		if (claim) {
			run.known[i] = *claim;
			*claim = (struct record_copy){0};
		}
		devices[i] = plan->steps[i].device->bdf;
		run.outcomes[i].bdf = devices[i];
		run.outcomes[i].driver = plan->steps[i].returns_to;
		run.outcomes[i].taken_driver = plan_step_driver(&plan->steps[i]);
	}
	run.n_outcomes = plan->n_steps;
	err = run_jobs(&run, job_take, devices, deadline);
	return err ? err : report_all_taken(&run, plan);
}

/* ---- giving back ---- */

/* A claim that no record has. */
#define CLAIM_NONE UINT64_MAX

/*
 * What is settled before the first write: whose claims are given back, the recorded drivers, for
 * messages, and the longest of the recorded deadlines, in seconds.
 */
static int read_records(struct run *run, struct record **records)
{
	int deadline = 0;

	for (size_t i = 0; i < run->n_outcomes; i++) {
		auto_free char *why = NULL;

		run->claims[i] = CLAIM_NONE;
		run->outcomes[i].taken_driver = DRIVER_VFIO_PCI;
		if (record_read(run->root, &run->outcomes[i].bdf, &records[i], &why) || !records[i])
			continue; /* its worker finds the same, and tells */
		run->claims[i] = records[i]->claim;
		if (records[i]->stage == RECORD_TAKEN)
			run->outcomes[i].driver = record_target(records[i]);
		run->outcomes[i].taken_driver = record_taken_driver(records[i]);
		run->outcomes[i].network = records[i]->network;
		if (records[i]->deadline > deadline)
			deadline = records[i]->deadline;
	}
	return deadline ? deadline : settings_default.deadline;
}

static void free_records(struct record **records, size_t n)
{
	for (size_t i = 0; records && i < n; i++)
		record_free(records[i]);
	free(records);
}

static int run_give_back(struct run *run, struct record **records, const struct bdf *devices,
			 const struct give_back *how)
{
	int limit_ms = read_records(run, records) * 1000;

	if (how->limit_ms)
		limit_ms = how->limit_ms;
	if (how->lock)
		closep(how->lock);
	if (how->lock)
		*how->lock = -1;
	return run_jobs(run, job_give_back, devices, clock_now_ms() + limit_ms);
}

/* Once for all interfaces that had something, if the settings of their start want it. */
static void reload_network(const struct run *run, struct record **records)
{
	static const char *const args[] = {"ifreload", "-a", NULL};
	bool wanted = false;
	int err;

	for (size_t i = 0; i < run->n_outcomes; i++)
		wanted |= run->outcomes[i].step == JOB_BACK && records[i] && records[i]->network &&
			  records[i]->ifreload;
	if (!wanted || !fs_root_is_running_system(run->root))
		return;
	err = exec_run(args, NULL, IFRELOAD_MS);
	if (err)
		log_warning(_("ifreload -a: %s; run it by hand"),
			    err == -EIO ? _("it failed") : strerror(-err));
	else
		log_info(_("ifreload -a: done"));
}

int apply_give_back(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		    size_t n_devices, const struct give_back *how)
{
	cleanup_with(free_run) struct run run = {.root = root, .vmid = vmid};
	struct record **records = calloc(n_devices + 1, sizeof(*records));
	int failed = 0;
	int err = -ENOMEM;

	run.outcomes = calloc(n_devices + 1, sizeof(*run.outcomes));
	run.claims = calloc(n_devices + 1, sizeof(*run.claims));
	if (records && run.outcomes && run.claims) {
		for (size_t i = 0; i < n_devices; i++)
			run.outcomes[i].bdf = devices[i];
		run.n_outcomes = n_devices;
		err = run_give_back(&run, records, devices, how);
	}
	for (size_t i = 0; !err && i < run.n_outcomes; i++) {
		run.outcomes[i].brief = how->limit_ms;
		failed += report_given_back(vmid, &run.outcomes[i]);
	}
	if (!err) {
		reload_network(&run, records);
		users_return(root, vmid);
	}
	free_records(records, n_devices);
	return err ? err : failed;
}

/* ---- what changes no driver ---- */

static int run_aside(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		     size_t n_devices, int seconds,
		     int (*job)(const struct worker_voice *voice, void *arg))
{
	cleanup_with(free_run) struct run run = {.root = root, .vmid = vmid};
	int failed = 0;
	int err;

	run.outcomes = calloc(n_devices + 1, sizeof(*run.outcomes));
	if (!run.outcomes)
		return -ENOMEM;
	for (size_t i = 0; i < n_devices; i++)
		run.outcomes[i].bdf = devices[i];
	run.n_outcomes = n_devices;
	err = run_jobs(&run, job, devices, clock_now_ms() + (int64_t)seconds * 1000);
	for (size_t i = 0; !err && i < n_devices; i++)
		if (report_aside(vmid, &run.outcomes[i]) && !failed)
			failed = run.outcomes[i].error ?: -EIO;
	return err ? err : failed;
}

int apply_see(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
	      size_t n_devices, int seconds)
{
	return run_aside(root, vmid, devices, n_devices, seconds, job_see);
}

int apply_forget_ids(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		     size_t n_devices)
{
	return run_aside(root, vmid, devices, n_devices, settings_default.deadline, job_forget_ids);
}

/* ---- what is recorded ---- */

/* Says what is wrong with a record, and puts one that nobody understands out of the way. One of a
 * newer version stays: that one understands it. */
static void set_aside(const struct fs_root *root, const struct bdf *bdf, int err, const char *why)
{
	char address[BDF_TEXT_SIZE];

	log_device(LOG_LEVEL_WARNING, bdf, NULL, "%s", why ? why : strerror(-err));
	if (err != -EINVAL)
		return;
	err = record_set_aside(root, bdf);
	if (err)
		log_device(LOG_LEVEL_ERROR, bdf, NULL, _("/%s/%s cannot be set aside: %s"),
			   RECORD_FOLDER, bdf_format(bdf, address), strerror(-err));
	else
		log_device(LOG_LEVEL_WARNING, bdf, NULL,
			   _("it is set aside as /%s/%s.broken; which driver the device had is not "
			     "known, so it stays as it is; see: pve-passthrough status"),
			   RECORD_FOLDER, bdf_format(bdf, address));
}

size_t apply_leave_others(const struct fs_root *root, unsigned int vmid, struct bdf *devices,
			  size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		cleanup_with(record_freep) struct record *record = NULL;
		auto_free char *why = NULL;
		int err = record_read(root, &devices[i], &record, &why);

		if (err)
			set_aside(root, &devices[i], err, why);
		else if (record && record->vmid == vmid)
			devices[kept++] = devices[i];
	}
	return kept;
}

int apply_list_recorded(const struct fs_root *root, unsigned int vmid, struct bdf **ret,
			size_t *ret_n)
{
	auto_free struct bdf *list = NULL;
	size_t n;
	int err = record_list(root, &list, &n);

	if (err)
		return err;
	*ret_n = apply_leave_others(root, vmid, list, n);
	*ret = TAKE_PTR(list);
	return 0;
}

size_t apply_leave_busy(const struct fs_root *root, struct bdf *devices, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!record_device_is_busy(root, &devices[i]))
			devices[kept++] = devices[i];
	return kept;
}
