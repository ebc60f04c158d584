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
	BIND_IMAGE,	/* comparing its driver with the planned one; -EAGAIN: it is another */
	BIND_IDENTITY,	/* looking whether it is still the same device */
	BIND_GROUP,	/* waiting for the group to be closed */
	BIND_ANSWER,	/* looking whether the device answers */
	BIND_MODULE,	/* loading the module of the recorded driver */
	BIND_OVERRIDE,	/* writing driver_override */
	BIND_UNBIND,	/* writing driver/unbind */
	BIND_PROBE,	/* writing drivers_probe */
	BIND_ID,	/* writing vfio-pci's remove_id */
	BIND_ATTRIBUTE, /* writing reset_method or d3cold_allowed */
	BIND_UNLOAD,	/* unloading a module */
	BIND_VARIANT,	/* looking for the VFIO device that a variant driver makes */
	BIND_VF,	/* reading what a network card keeps for its virtual function */
	BIND_VF_SET,	/* changing that: the first of enum vf_net_field, and the others */
	BIND_VF_SET_LAST = BIND_VF_SET + VF_NET_FIELDS - 1,
	/* Ends, never with an error: */
	BIND_TAKEN,   /* it is on vfio-pci, or its variant driver */
	BIND_ALREADY, /* it was there already, nothing was written */
	BIND_BACK,    /* it is what its record said */
	BIND_INEXACT, /* the same, but for what the driver of its network card refused */
	BIND_GONE,    /* the device does not exist any more; its record was removed */
	BIND_FOREIGN, /* another driver was bound to it; left there, its record was removed */
	BIND_DONE,    /* nothing to report: nothing was written to the device */
};

struct bind_device;

/* Devices that are worked on at the same time, in order of address. */
struct bind {
	const struct fs_root *root;
	unsigned int vmid;
	struct bind_device *devices;
	size_t n;
	struct worker *workers;			 /* one for each slot */
	int (*work)(struct bind_device *device); /* what a worker does with each */
	bool goes_on;				 /* after a failure, with the next of the slot */
	bool brief;	  /* little time is given: a timeout does not mean that something hangs */
	int64_t deadline; /* of the waits in a worker (host/base/clock.h) */
	int deadline_s;	  /* what a record that is written says of that */
	pid_t caller;	  /* when it has died before the locks are held, nothing is done */
};

struct bind_device {
	const struct bind *bind;
	struct bdf bdf;
	char address[BDF_TEXT_SIZE]; /* the same, for messages */
	size_t slot, index;	     /* which slot it is in, and which device of that slot it is */

	/* What the caller knows. */
	const struct record *record; /* giving back: whose claim is given back; else NULL */
	const char *driver;	     /* which it returns to, as far as is known; NULL: none */
	const char *taken_driver;    /* vfio-pci, or its variant driver */
	const char *planned;	     /* taking: the driver that it had when the start was planned */
	struct vf_net vf_wanted;     /* of a VF that Proxmox VE chose, or the fields of a spare */
	const struct bdf *vf_of;     /* of the former: where MACs are entered, or NULL */

	/* How far it is; the caller has it from the worker's reports. */
	enum bind_step step; /* the last one */
	int error;	     /* 0, or the -errno with which that step failed */
	pid_t process;	     /* with an error that the worker did not report: its process */

	/* In the worker. */
	const struct worker *worker;
	int lock; /* on its record; -1: not held */
};

/* How many devices, from this one on, are in its slot. */
size_t bind_slot_size(const struct bind_device *device);

/*
 * For worker_start(); ARG is the first device of a slot. Locks the slot's devices, then calls
 * work() for each, which returns 0 after an end was set, or -errno: the step that was set last has
 * failed. Returns 0 or the first failure.
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

/* What bind.work may be. Each works on one device, as described at bind_work(). */

/* Completes the claimed record and binds the device to vfio-pci, or its variant driver. -ESTALE
 * when the VM has no claim on it. (bind_take.c) */
int bind_take_device(struct bind_device *device) must_check;

/* Writes a spare record of what the device is now. (bind_take.c) */
int bind_write_spare(struct bind_device *device) must_check;

/* Makes the device what its record says, then removes the record. (bind_give_back.c) */
int bind_give_back_device(struct bind_device *device) must_check;

/* Of a VF whose record the VM has: records vf_wanted and vf_of, with what was before, and sets it.
 * (bind_vf.c) */
int bind_follow_vf(struct bind_device *device) must_check;

/* Disables the link of such a VF, after that has failed. (bind_vf.c) */
int bind_disable_link(struct bind_device *device) must_check;

/*
 * Reads what the PF keeps for the device in the fields that the record wants, unless it has them
 * already; *RET_CHANGED: it has them now. Returns 0 or -errno, for vf_net_strerror(). (bind_vf.c)
 */
int bind_read_vf(struct bind_device *device, struct record *record, bool *ret_changed) must_check;

/*
 * Sets those fields; to what was before, where an earlier start wanted what this one does not.
 * Returns 0 or -errno. (bind_vf.c)
 */
int bind_set_vf(struct bind_device *device, const struct record *record) must_check;

/* Sets them to what was before. Goes on after a field that the driver refuses, with *RET_REFUSED.
 * Returns 0 or -errno. (bind_vf.c) */
int bind_return_vf(struct bind_device *device, const struct record *record,
		   bool *ret_refused) must_check;

/*
 * Removes the device's id, if its record says so, from vfio-pci's new_id, where Proxmox VE put it:
 * not an id that the host's own configuration gives to vfio-pci, and not while another VM is being
 * started that way. What must wait stays noted in the record, and is tried again when the device is
 * given back. (bind_give_back.c)
 */
int bind_forget_id(struct bind_device *device) must_check;

#endif
