// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/bind_slot.h"

#include "host/pci/driver.h"

#include <string.h>

struct locks {
	int *fds;
	size_t n;
};

/* At the end of the work, not of the process: the caller looks whether a device is locked, and must
 * not find a worker that is done. */
static void unlock_devices(struct locks *locks)
{
	while (locks->n)
		close(locks->fds[--locks->n]);
	free(locks->fds);
}

static int lock_device(struct bind_device *device, struct locks *locks)
{
	int fd;

	bind_set_step(device, BIND_LOCK);
	fd = record_lock_device(device->root, device->bdf, device->slot->deadline);
	if (fd < 0)
		return fd;
	locks->fds[locks->n++] = fd;
	return 0;
}

static int fail(const struct bind_device *device, int err)
{
	if (err)
		worker_report(device->worker, device->index, device->step, err);
	return err;
}

static struct bind_device get_device(const struct bind_slot *slot, const struct worker *self,
				     size_t i)
{
	return (struct bind_device){
		.slot = slot,
		.root = slot->root,
		.bdf = &slot->devices[i],
		.worker = self,
		.index = i,
		.step = BIND_LOCK,
	};
}

static int lock_devices(const struct bind_slot *slot, const struct worker *self,
			struct locks *locks)
{
	const struct bind_device any = get_device(slot, self, 0);

	locks->fds = calloc(slot->n_devices, sizeof(*locks->fds));
	if (!locks->fds)
		return fail(&any, -ENOMEM);
	for (size_t i = 0; i < slot->n_devices; i++) {
		struct bind_device device = get_device(slot, self, i);
		int err = fail(&device, lock_device(&device, locks));

		if (err)
			return err;
	}
	/* Without the caller, another start may have claimed the devices before these locks were
	 * held, and would lose them to a stale worker. */
	return getppid() == slot->caller ? 0 : -ECANCELED;
}

int bind_work(const struct worker *self, void *arg)
{
	const struct bind_slot *slot = arg;
	cleanup_with(unlock_devices) struct locks locks = {0};
	int first = lock_devices(slot, self, &locks);

	if (first)
		return first;
	for (size_t i = 0; i < slot->n_devices && (slot->goes_on || !first); i++) {
		struct bind_device device = get_device(slot, self, i);
		int err = fail(&device, slot->work(&device));

		if (!first)
			first = err;
	}
	return first;
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
	err = record_read(device->root, device->bdf, &record, &why);
	if (err)
		return err;
	*ret = record && record->vmid == device->slot->vmid ? TAKE_PTR(record) : NULL;
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
		err = driver_set_attribute(device->root, device->bdf, record_attribute_name(i),
					   value);
		/* An attribute that went away with its driver does not end the way back. */
		if (err && !(back && err == -ENOENT))
			return err;
	}
	return 0;
}

bool bind_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}
