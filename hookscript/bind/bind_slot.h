/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker (host/process/worker.h) does: it takes or gives back the devices of one slot. It
 * prints nothing, and reports every step before it does it, so that hookscript/bind/bind.c can name
 * the write that hangs.
 */
#ifndef HOOKSCRIPT_BIND_BIND_SLOT_H
#define HOOKSCRIPT_BIND_BIND_SLOT_H

#include "hookscript/records/record.h"
#include "host/process/worker.h"

/* How far a device is. Reported with an error: that step failed. */
enum bind_step {
	BIND_START,	/* starting the worker */
	BIND_LOCK,	/* the lock on the device's record */
	BIND_RECORD,	/* reading or writing the record */
	BIND_IDENTITY,	/* looking whether it is still the same device */
	BIND_GROUP,	/* waiting for the group to be closed */
	BIND_MODULE,	/* loading the module of the recorded driver */
	BIND_OVERRIDE,	/* writing driver_override */
	BIND_UNBIND,	/* writing driver/unbind */
	BIND_PROBE,	/* writing drivers_probe */
	BIND_ID,	/* writing vfio-pci's remove_id */
	BIND_ATTRIBUTE, /* writing reset_method or d3cold_allowed */
	BIND_UNLOAD,	/* unloading a module */
	BIND_VARIANT,	/* looking for the VFIO device that a variant driver makes */
	/* Ends, never with an error: */
	BIND_TAKEN,   /* it is on vfio-pci, or its variant driver */
	BIND_ALREADY, /* it was there already, nothing was written */
	BIND_BACK,    /* it is what its record said */
	BIND_GONE,    /* the device is not there any more; its record was removed */
	BIND_FOREIGN, /* somebody gave it another driver; left there, its record was removed */
	BIND_DONE,    /* nothing to report: nothing was written to the device */
};

/* What the caller has read of a device's record before its worker started. */
struct bind_claim {
	uint64_t claim; /* of the record; BIND_NO_CLAIM: there is none */
	int error;	/* the record cannot be read: the device is left alone */
};

#define BIND_NO_CLAIM UINT64_MAX

struct bind_device;

/* The part of one worker: the devices of one slot, in order. */
struct bind_slot {
	const struct fs_root *root;
	unsigned int vmid;
	int (*work)(struct bind_device *device); /* what to do with each */
	bool goes_on;				 /* after a failure, with the next device */
	const struct bdf *devices;
	size_t n_devices;
	const struct bind_claim *claims; /* give back: whose claim each must have; NULL: any */
	int64_t deadline;		 /* of the waits in it (host/base/clock.h) */
	int deadline_s;			 /* what a record that is written says of that */
	pid_t caller; /* when it has died before the locks are held, nothing is done */
};

/* One device of it. */
struct bind_device {
	const struct bind_slot *slot;
	const struct fs_root *root; /* the slot's */
	const struct bdf *bdf;
	const struct worker *worker;
	size_t index; /* in the slot */
	enum bind_step step;
};

/*
 * For worker_start(); ARG is a struct bind_slot. Locks the slot's devices, then calls work() for
 * each, which returns 0 after an end was set, or -errno: the step that was set last has failed.
 * Returns 0 or the first failure.
 */
int bind_work(const struct worker *self, void *arg) must_check;

/* Sets and reports what is about to be done, or how it ended. */
void bind_set_step(struct bind_device *device, enum bind_step step);

/* The device's record in *RET when it is this VM's, else NULL. Returns 0 or -errno. */
int bind_read_record(struct bind_device *device, struct record **ret) must_check;

/* Sets the attributes that the record has to what it wants, or BACK to what they were. Returns 0
 * or -errno. */
int bind_set_attributes(struct bind_device *device, const struct record *record,
			bool back) must_check;

/* Whether both are the same text; NULL is none. */
bool bind_same_text(const char *a, const char *b);

#endif
