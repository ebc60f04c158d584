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

/* The last thing that a job said of one of its items. */
struct worker_word {
	uint32_t kind; /* the job's own numbering, below 2^31 */
	int32_t error; /* 0 or -errno */
};

/* What a job speaks with. Memory that both processes see: to say something costs no system call and
 * wakes nobody, and it can be read however the worker ends, or hangs. */
struct worker_voice;

struct worker {
	pid_t pid;
	int channel; /* its end of file is the end of the job, or of the worker; -1 after that */
	struct worker_voice *voice;
	bool finished; /* the job returned; not set for one that was killed */
	int result;    /* what the job returned; or why there is no worker (worker_start_all()) */
};

/* What one of several workers is to do. */
struct worker_order {
	void *arg;
	size_t n_items;
};

/*
 * Runs JOB(voice, ARG) in a child, which speaks of N_ITEMS items. KEEP are descriptors that it
 * keeps, N_KEEP of them. Returns 0, and *worker goes to worker_release() in the end; or -errno and
 * no child. The job returns 0 or -errno; what others could still trip over then, such as a lock, it
 * has closed itself.
 */
int worker_start(struct worker *worker, int (*job)(const struct worker_voice *voice, void *arg),
		 void *arg, size_t n_items, const int *keep, size_t n_keep) must_check;

/* The same for N workers, of one job, each with its order; they share the memory in which they
 * speak. One that could not be started has !finished, no channel, and why in its result. */
void worker_start_all(struct worker *workers, size_t n,
		      int (*job)(const struct worker_voice *voice, void *arg),
		      const struct worker_order *orders, const int *keep, size_t n_keep);

/* Called by a job: says WORD of ITEM, in place of what it said of that before. A NULL voice says
 * nothing. */
void worker_say(const struct worker_voice *voice, size_t item, struct worker_word word);

/* Called by a job: has the caller look at once at what was said, rather than at the job's end. A
 * caller that is gone hears nothing, and the job goes on. */
void worker_call(const struct worker_voice *voice);

/*
 * Waits until all jobs have ended or DEADLINE (host/clock.h) has passed, and hands workers that
 * call to CALLED (may be NULL). The processes may take a little longer to end than their jobs.
 * Workers that still work are left to it: they hold nothing of the caller's, and nobody can kill
 * one that hangs in the kernel. Returns how many those are; they have !finished and channel >= 0
 * until worker_release().
 */
size_t worker_wait_all(struct worker *workers, size_t n, int64_t deadline,
		       void (*called)(size_t worker, void *arg), void *arg);

/* Whether the worker has said anything of ITEM; then *ret is the last of it. */
bool worker_said(const struct worker *worker, size_t item, struct worker_word *ret);

/* Lets go of what worker_start() opened. Its process is left to itself. */
void worker_release(struct worker *worker);

/* Reaps what was left so and has ended: for a program that runs for long, at a moment in
 * which it waits for no child. */
void worker_reap(void);

#endif
