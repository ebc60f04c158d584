// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/bind_slot.h"

#include "host/pci/driver.h"

size_t bind_slot_size(const struct bind_device *device)
{
	const struct bind_device *next = device, *end = device->bind->devices + device->bind->n;

	while (next < end && next->slot == device->slot)
		next++;
	return (size_t)(next - device);
}

static int fail(const struct bind_device *device, int err)
{
	if (err)
		worker_report(device->worker, device->index, device->step, err);
	return err;
}

static int lock_device(struct bind_device *device)
{
	const struct bind *bind = device->bind;

	bind_set_step(device, BIND_LOCK);
	device->lock = record_lock_device(bind->root, &device->bdf, bind->deadline);
	return device->lock < 0 ? fail(device, device->lock) : 0;
}

static int work_locked(struct bind_device *devices, size_t n)
{
	const struct bind *bind = devices->bind;
	int first = 0;

	for (size_t i = 0; !first && i < n; i++)
		first = lock_device(&devices[i]);
	if (first)
		return first;
	/* Without the caller, another start may have claimed the devices before these locks were
	 * held, and would lose them to a stale worker. */
	if (getppid() != bind->caller)
		return -ECANCELED;
	for (size_t i = 0; i < n && (bind->goes_on || !first); i++) {
		int err = fail(&devices[i], bind->work(&devices[i]));

		if (!first)
			first = err;
	}
	return first;
}

int bind_work(const struct worker *self, void *arg)
{
	struct bind_device *devices = arg;
	size_t n = bind_slot_size(devices);
	int err;

	for (size_t i = 0; i < n; i++) {
		devices[i].worker = self;
		devices[i].lock = -1;
	}
	err = work_locked(devices, n);
	/* At the end of the work, not of the process: the caller looks whether a device is locked,
	 * and must not find a worker that is done. */
	for (size_t i = 0; i < n; i++)
		closep(&devices[i].lock);
	return err;
}

void bind_set_step(struct bind_device *device, enum bind_step step)
{
	device->step = step;
	worker_report(device->worker, device->index, step, 0);
}

int bind_read_record(struct bind_device *device, struct record **ret)
{
	cleanup_with(record_freep) struct record *record = NULL;
	auto_free char *why = NULL;
	int err;

	bind_set_step(device, BIND_RECORD);
	err = record_read(device->bind->root, &device->bdf, &record, &why);
	if (err)
		return err;
	*ret = record && record->vmid == device->bind->vmid ? TAKE_PTR(record) : NULL;
	return 0;
}

int bind_set_attributes(struct bind_device *device, const struct record *record, bool back)
{
	for (unsigned int i = 0; i < RECORD_ATTRIBUTES; i++) {
		const struct record_attribute *attribute = &record->attributes[i];
		const char *value = back ? attribute->before : attribute->set;
		int err;

		if (!attribute->set || !value)
			continue;
		bind_set_step(device, BIND_ATTRIBUTE);
		err = driver_set_attribute(device->bind->root, &device->bdf,
					   record_attribute_name(i), value);
		/* An attribute that went away with its driver does not end the way back. */
		if (err && !(back && err == -ENOENT))
			return err;
	}
	return 0;
}
