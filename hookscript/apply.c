// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/apply.h"

#include "hookscript/job.h"
#include "hookscript/report.h"
#include "host/clock.h"
#include "host/iommu.h"
#include "host/log.h"
#include "host/worker.h"

#include <stdio.h>
#include <string.h>

/* A job's own waits end this much before its caller loses patience, so that it can say so itself.
 */
#define JOB_MARGIN_MS 500

/* A run of workers over devices. */
struct run {
	const struct fs_root *root;
	unsigned int vmid;
	struct outcome *outcomes;
	size_t n_outcomes;
	uint64_t *claims; /* giving back: one for each outcome */
	struct job *jobs; /* one for each slot */
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
	log_info("%s: waiting for IOMMU group %d to be closed by %s",
		 bdf_format(&outcome->bdf, text), group, who ? who : "a process");
}

static void hear(size_t worker, const struct worker_message *message, void *arg)
{
	struct run *run = arg;
	struct outcome *outcome;

	(void)worker;
	if (message->item >= run->n_outcomes)
		return;
	outcome = &run->outcomes[message->item];
	outcome->step = (enum job_step)message->kind;
	outcome->error = message->error;
	outcome->ended = step_is_end(message->kind);
	if (outcome->step == JOB_WAIT && !outcome->error)
		say_waiting(run, outcome);
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
			.first_item = i,
			.deadline = deadline - JOB_MARGIN_MS,
			.caller = getpid(),
		};
	}
	return 0;
}

/* Marks what a worker never spoke of: it could not be started, or it was killed. */
static void mark_silent(struct run *run, const struct job *job, int error)
{
	for (size_t i = 0; i < job->n_devices; i++) {
		struct outcome *outcome = &run->outcomes[job->first_item + i];

		if (!outcome->ended && !outcome->error)
			outcome->error = error;
	}
}

/* Runs the jobs to their ends or the deadline; what happened stands in the outcomes then. */
static int run_jobs(struct run *run, int (*job)(int tell, void *arg), const struct bdf *devices,
		    int seconds)
{
	int64_t deadline = clock_now_ms() + (int64_t)seconds * 1000;
	int err = make_jobs(run, devices, deadline);

	if (err)
		return err;
	for (size_t i = 0; i < run->n_jobs; i++) {
		err = worker_start(&run->workers[i], job, &run->jobs[i], &run->root->fd, 1);
		if (err) {
			run->workers[i].channel = -1;
			mark_silent(run, &run->jobs[i], err);
		}
	}
	worker_wait_all(run->workers, run->n_jobs, deadline, hear, run);
	for (size_t i = 0; i < run->n_jobs; i++) {
		struct worker *worker = &run->workers[i];

		if (worker->channel >= 0)
			mark_silent(run, &run->jobs[i], -ETIMEDOUT);
		else if (!worker->finished)
			mark_silent(run, &run->jobs[i], -ECANCELED);
		worker_release(worker);
	}
	return 0;
}

static void free_run(struct run *run)
{
	free(run->outcomes);
	free(run->claims);
	free(run->jobs);
	free(run->workers);
}

/* ---- taking and giving back ---- */

int apply_take(const struct fs_root *root, unsigned int vmid, const struct settings *settings,
	       const struct plan *plan)
{
	cleanup_with(free_run) struct run run = {.root = root, .vmid = vmid};
	auto_free struct bdf *devices = calloc(plan->n_steps + 1, sizeof(*devices));
	size_t failed = 0;
	int err;

	run.outcomes = calloc(plan->n_steps + 1, sizeof(*run.outcomes));
	if (!devices || !run.outcomes)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_steps; i++) {
		devices[i] = plan->steps[i].device->bdf;
		run.outcomes[i].bdf = devices[i];
	}
	run.n_outcomes = plan->n_steps;

	err = run_jobs(&run, job_take, devices, settings->deadline);
	if (err)
		return err;
	for (size_t i = 0; i < run.n_outcomes; i++)
		failed += report_taken(vmid, &run.outcomes[i], &plan->steps[i]);
	return failed ? -EIO : 0;
}

/* A claim that no record has. */
#define CLAIM_NONE UINT64_MAX

/*
 * What is settled before the first write: whose claims are given back, the recorded drivers, for
 * messages, and the longest of the recorded deadlines.
 */
static int read_records(struct run *run, struct record **records)
{
	int deadline = 0;

	for (size_t i = 0; i < run->n_outcomes; i++) {
		auto_free char *why = NULL;

		run->claims[i] = CLAIM_NONE;
		if (record_read(run->root, &run->outcomes[i].bdf, &records[i], &why) || !records[i])
			continue; /* its worker finds the same, and tells */
		run->claims[i] = records[i]->claim;
		if (records[i]->stage == RECORD_TAKEN)
			run->outcomes[i].driver = records[i]->driver;
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

static int give_back(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		     size_t n_devices, int *lock)
{
	cleanup_with(free_run) struct run run = {.root = root, .vmid = vmid};
	struct record **records = calloc(n_devices + 1, sizeof(*records));
	int failed = 0;
	int err = -ENOMEM;
	int deadline;

	run.outcomes = calloc(n_devices + 1, sizeof(*run.outcomes));
	run.claims = calloc(n_devices + 1, sizeof(*run.claims));
	if (records && run.outcomes && run.claims) {
		for (size_t i = 0; i < n_devices; i++)
			run.outcomes[i].bdf = devices[i];
		run.n_outcomes = n_devices;
		deadline = read_records(&run, records);
		closep(lock);
		*lock = -1;
		err = run_jobs(&run, job_give_back, devices, deadline);
	}
	for (size_t i = 0; !err && i < run.n_outcomes; i++)
		failed += report_given_back(vmid, &run.outcomes[i]);
	free_records(records, n_devices);
	return err ? err : failed;
}

int apply_give_back(const struct fs_root *root, unsigned int vmid, const struct bdf *devices,
		    size_t n_devices)
{
	return give_back(root, vmid, devices, n_devices, &(int){-1});
}

int apply_list_recorded(const struct fs_root *root, unsigned int vmid, struct bdf **ret,
			size_t *ret_n, size_t *ret_unreadable)
{
	auto_free struct bdf *list = NULL;
	size_t n, kept = 0, unreadable = 0;
	int err;

	err = record_list(root, &list, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		cleanup_with(record_freep) struct record *record = NULL;
		auto_free char *why = NULL;

		if (record_read(root, &list[i], &record, &why)) {
			log_warning("%s", why ? why : strerror(ENOMEM));
			unreadable++;
		} else if (record && record->vmid == vmid) {
			list[kept++] = list[i];
		}
	}
	*ret = TAKE_PTR(list);
	*ret_n = kept;
	if (ret_unreadable)
		*ret_unreadable = unreadable;
	return 0;
}

int apply_give_back_all(const struct fs_root *root, unsigned int vmid, int lock)
{
	auto_free struct bdf *devices = NULL;
	auto_close int held = lock;
	size_t n;
	int err;

	err = apply_list_recorded(root, vmid, &devices, &n, NULL);
	if (err || !n)
		return err;
	return give_back(root, vmid, devices, n, &held);
}
