/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One device under a worker's hands: the rooms behind hookscript/job.h. Whatever may block is told
 * before it is done, and a failure once, where it happens.
 */
#ifndef HOOKSCRIPT_TASK_H
#define HOOKSCRIPT_TASK_H

#include "hookscript/job.h"
#include "hookscript/record.h"

struct task {
	const struct job *job;
	const struct fs_root *root; /* the job's */
	const struct bdf *bdf;
	const struct worker_voice *voice;
	size_t index; /* among the job's devices, and of what is said */
};

/* Says what is about to be done, or how it ended. */
void task_tell(const struct task *task, enum job_step step);

/* The same of a wait that is long enough for the caller to say so meanwhile. */
void task_call(const struct task *task, enum job_step step);

/* Says a failure, if ERR is one, and passes it on. */
int task_fail(const struct task *task, enum job_step step, int err) must_check;

/* Whether both name the same driver; NULL is none. */
bool task_same_text(const char *a, const char *b);

/* The device's record in *RET when it is this VM's, else NULL. Returns 0, or -errno, said. */
int task_read_record(const struct task *task, struct record **ret) must_check;

/* The writes of host/driver.h. Each returns 0, or -errno, said. */
int task_set_override(const struct task *task, const char *driver) must_check;
int task_unbind(const struct task *task) must_check;
int task_probe(const struct task *task, const char *driver) must_check;

/* Sets the attributes that the record has to what it wants, or BACK to what they were. The same. */
int task_set_attributes(const struct task *task, const struct record *record, bool back) must_check;

/* Each does its whole part for one device, and tells its end. Returns 0, or -errno, said. */
int task_take(const struct task *task) must_check;	/* job_take() */
int task_see(const struct task *task) must_check;	/* job_see() */
int task_give_back(const struct task *task) must_check; /* job_give_back() */
int task_forget_id(const struct task *task) must_check; /* job_forget_ids() */

#endif
