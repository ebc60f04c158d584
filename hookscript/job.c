// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/job.h"

#include "hookscript/task.h"
#include "host/pci.h"

static struct task task_of(const struct job *job, const struct worker_voice *voice, size_t i)
{
	return (struct task){job, job->root, &job->devices[i], voice, i};
}

/* The locks of a job's devices. */
struct locks {
	int *fds;
	size_t n;
};

/* Before the job ends, not with its process: the caller looks who works on a device, and must not
 * find a worker that has done its job. */
static void unlock_devices(struct locks *locks)
{
	while (locks->n)
		close(locks->fds[--locks->n]);
	free(locks->fds);
}

/* Locks every device of the slot. */
static int lock_devices(const struct job *job, const struct worker_voice *voice,
			struct locks *locks)
{
	locks->fds = calloc(job->n_devices, sizeof(*locks->fds));
	for (size_t i = 0; i < job->n_devices; i++) {
		struct task task = task_of(job, voice, i);
		int fd;

		task_tell(&task, JOB_LOCK);
		fd = locks->fds ? record_lock_device(job->root, task.bdf, job->deadline) : -ENOMEM;
		if (fd < 0)
			return task_fail(&task, JOB_LOCK, fd);
		locks->fds[locks->n++] = fd;
	}
	/* A caller that has died does not know what to do any more: another start may have claimed
	 * the devices before these locks were had, and would lose them to a worker of the past. */
	return getppid() == job->caller ? 0 : -ECANCELED;
}

/* One job's devices, in order. Stops at the first failure, or goes on and returns it in the end. */
static int each_device(const struct job *job, const struct worker_voice *voice,
		       int (*work)(const struct task *task), bool goes_on)
{
	cleanup_with(unlock_devices) struct locks locks = {0};
	int first = lock_devices(job, voice, &locks);

	if (first)
		return first;
	for (size_t i = 0; i < job->n_devices && (goes_on || !first); i++) {
		struct task task = task_of(job, voice, i);
		int err = work(&task);

		if (!first)
			first = err;
	}
	return first;
}

int job_take(const struct worker_voice *voice, void *arg)
{
	return each_device(arg, voice, task_take, false);
}

int job_give_back(const struct worker_voice *voice, void *arg)
{
	return each_device(arg, voice, task_give_back, true);
}

int job_see(const struct worker_voice *voice, void *arg)
{
	return each_device(arg, voice, task_see, true);
}

int job_forget_ids(const struct worker_voice *voice, void *arg)
{
	return each_device(arg, voice, task_forget_id, true);
}
