/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that may block for ever, done by child processes. A worker has none of the caller's
 * descriptors but the ones named, a session of its own, and /dev/null as its standard streams:
 * Proxmox VE waits until the caller's are closed, and a worker may hang beyond kill -9.
 */
#ifndef HOST_PROCESS_WORKER_H
#define HOST_PROCESS_WORKER_H

#include <sys/types.h>

#include "host/base/base.h"

struct worker {
	pid_t pid;
	int channel; /* end of file: the work, or the worker, has ended; -1 after that */
	_Atomic uint64_t *progress; /* shared: the last step of each item, then the result */
	size_t n_items;
	bool finished; /* the work returned; false: the worker was killed */
	int result;    /* what the work returned; or why there is no worker */
};

/*
 * Runs WORK(self, ARG) in a child, which reports the progress of N_ITEMS items. KEEP are the N_KEEP
 * descriptors that it keeps. Returns 0, and *worker goes to worker_release() in the end; or -errno
 * and no child, with *worker such that worker_wait_all() and worker_release() may be called. The
 * work returns 0 or -errno, and has released its locks by then.
 */
int worker_start(struct worker *worker, int (*work)(const struct worker *self, void *arg),
		 void *arg, size_t n_items, const int *keep, size_t n_keep);

/*
 * Called by the work: ITEM is at STEP (the work's own numbers, below 2^31), which is about to begin
 * or, with ERROR (-errno), has failed. Replaces what was reported of ITEM before. No system call,
 * and readable however the worker ends or hangs. A NULL worker reports nothing.
 */
void worker_report(const struct worker *self, size_t item, uint32_t step, int error);

/* Called by the work: wakes the caller, to look at the progress at once rather than at the end. */
void worker_notify(const struct worker *self);

/*
 * Waits until all work has ended or DEADLINE (host/base/clock.h) has passed, and calls NOTIFIED
 * (may be NULL) for workers that call worker_notify(). The processes may take a little longer to
 * end than their work. Returns how many workers are still busy: they have !finished and channel >=
 * 0 until worker_release(), go on, and hold nothing of the caller's.
 */
size_t worker_wait_all(struct worker *workers, size_t n, int64_t deadline,
		       void (*notified)(size_t worker, void *arg), void *arg);

/* What came of the work, after that: what it returned, or why there is no worker; -ETIMEDOUT when
 * it goes on, -ECANCELED when the worker was killed. */
int worker_result(const struct worker *worker) must_check;

/* Whether the worker has reported anything of ITEM; then its last step and error. */
bool worker_progress(const struct worker *worker, size_t item, uint32_t *ret_step, int *ret_error);

/*
 * Gives this process a session of its own, and takes every descriptor from it but the N in KEEP,
 * which are sorted. Standard input becomes /dev/null, the other standard streams OUT (-1:
 * /dev/null).
 */
void worker_detach(int out, int *keep, size_t n);

/* Frees what worker_start() opened. The process is not waited for. */
void worker_release(struct worker *worker);

/* Reaps released workers that have ended. For a process that runs for long and has no other
 * children. */
void worker_reap(void);

#endif
