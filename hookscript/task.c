// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/task.h"

#include "host/driver.h"

#include <string.h>

void task_tell(const struct task *task, enum job_step step)
{
	worker_say(task->voice, task->index, (struct worker_word){.kind = step});
}

void task_call(const struct task *task, enum job_step step)
{
	task_tell(task, step);
	worker_call(task->voice);
}

int task_fail(const struct task *task, enum job_step step, int err)
{
	if (err)
		worker_say(task->voice, task->index, (struct worker_word){step, err});
	return err;
}

bool task_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

int task_read_record(const struct task *task, struct record **ret)
{
	cleanup_with(record_freep) struct record *record = NULL;
	auto_free char *why = NULL;
	int err = record_read(task->root, task->bdf, &record, &why);

	if (err)
		return task_fail(task, JOB_RECORD, err);
	*ret = record && record->vmid == task->job->vmid ? TAKE_PTR(record) : NULL;
	return 0;
}

int task_set_override(const struct task *task, const char *driver)
{
	task_tell(task, JOB_OVERRIDE);
	return task_fail(task, JOB_OVERRIDE, driver_set_override(task->root, task->bdf, driver));
}

int task_unbind(const struct task *task)
{
	task_tell(task, JOB_UNBIND);
	return task_fail(task, JOB_UNBIND, driver_unbind(task->root, task->bdf));
}

int task_probe(const struct task *task, const char *driver)
{
	task_tell(task, JOB_PROBE);
	return task_fail(task, JOB_PROBE, driver_probe(task->root, task->bdf, driver));
}

int task_set_attributes(const struct task *task, const struct record *record, bool back)
{
	for (unsigned int i = 0; i < RECORD_ATTRIBUTES; i++) {
		const struct record_attribute *attribute = &record->attributes[i];
		const char *value = back ? attribute->before : attribute->set;
		int err;

		if (!attribute->set || !value)
			continue;
		task_tell(task, JOB_ATTRIBUTE);
		err = driver_set_attribute(task->root, task->bdf, record_attribute_name(i), value);
		/* The way back does not end at one that went away with its driver. */
		if (err && !(back && err == -ENOENT))
			return task_fail(task, JOB_ATTRIBUTE, err);
	}
	return 0;
}
