/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that may block for ever, done by child processes. A worker has none of the caller's
 * descriptors but the ones named, a session of its own, and nothing to do with the caller's
 * standard streams: Proxmox VE waits for the end of those, and a worker that hangs in the kernel,
 * beyond kill -9, must not hold them.
 */
#ifndef HOST_WORKER_H
#define HOST_WORKER_H

#include <sys/types.h>

#include "host/base.h"

/* What a worker tells while it works; one message is one write(2) to a pipe. */
struct worker_message {
	uint32_t item; /* which of the job's items it speaks of */
	uint32_t kind; /* the job's own numbering */
	int32_t error; /* 0 or -errno */
};

struct worker {
	pid_t pid;
	int channel; /* messages come out here; -1 after the end */
	struct worker_message last;
	bool finished; /* the job returned; not set for one that was killed */
	int result;    /* what the job returned */
};

/*
 * Runs JOB(tell, ARG) in a child. KEEP are descriptors that it keeps, N_KEEP of them. TELL is for
 * worker_tell(). Returns 0, or -errno and no child. The job returns 0 or -errno.
 */
int worker_start(struct worker *worker, int (*job)(int tell, void *arg), void *arg, const int *keep,
		 size_t n_keep) must_check;

/* Called by a job: says MESSAGE. A caller that is gone hears nothing, and the job goes on. */
void worker_tell(int tell, const struct worker_message *message);

/*
 * Waits until all have finished or DEADLINE (host/clock.h) has passed, handing every message to
 * HEAR (may be NULL). Workers that still work are left to it: they hold nothing of the caller's,
 * and nobody can kill one that hangs in the kernel. Returns how many those are; they have !finished
 * and channel >= 0 until worker_release().
 */
size_t worker_wait_all(struct worker *workers, size_t n, int64_t deadline,
		       void (*hear)(size_t worker, const struct worker_message *message, void *arg),
		       void *arg);

/* Closes the caller's end of what worker_start() opened. */
void worker_release(struct worker *worker);

#endif
