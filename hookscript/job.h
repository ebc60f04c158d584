/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker does to the devices of one slot: take them, or give them back. Runs in a child
 * process (host/worker.h), prints nothing itself, and tells every step before it does it, so that
 * the caller can name the write that hangs.
 */
#ifndef HOOKSCRIPT_JOB_H
#define HOOKSCRIPT_JOB_H

#include "hookscript/record.h"
#include "host/bdf.h"
#include "host/fs.h"
#include "host/worker.h"

/* The kind of a worker's word. Without an error: about to do that. With one: that failed. */
enum job_step {
	JOB_LOCK,      /* the lock on the device's record */
	JOB_RECORD,    /* reading or writing the record */
	JOB_IDENTITY,  /* looking whether it is still the same device */
	JOB_WAIT,      /* waiting for the group to be closed */
	JOB_MODULE,    /* loading the module of the recorded driver */
	JOB_OVERRIDE,  /* writing driver_override */
	JOB_UNBIND,    /* writing driver/unbind */
	JOB_PROBE,     /* writing drivers_probe */
	JOB_ID,	       /* writing vfio-pci's remove_id */
	JOB_ATTRIBUTE, /* writing reset_method or d3cold_allowed */
	JOB_UNLOAD,    /* unloading a module */
	JOB_VARIANT,   /* looking for the VFIO device that a variant driver makes */
	/* Ends of one device, never with an error: */
	JOB_TAKEN,     /* it is on vfio-pci, or its variant driver */
	JOB_ALREADY,   /* it was there already, nothing was written */
	JOB_BACK,      /* it is what its record said */
	JOB_UNTOUCHED, /* nothing had been done to it; only its record went */
	JOB_GONE,      /* the device is not there any more; its record went */
	JOB_FOREIGN,   /* somebody gave it another driver meanwhile; left there, its record went */
	JOB_NOT_RECORDED, /* it is not recorded for this VM (any more): nothing to do */
	JOB_SEEN,	  /* its spare record is written */
	JOB_ID_GONE, /* vfio-pci does not hold its id any more, as far as that is ours to say */
};

struct job {
	const struct fs_root *root;
	unsigned int vmid;
	const struct bdf *devices; /* functions of one slot, in order */
	size_t n_devices;
	const uint64_t
		*claims; /* give back: whose claim each device's record must have; NULL: any */
	struct record_copy *known; /* take: each device's record as far as it is known, which is
				      taken out of it; NULL: none is */
	size_t first_item;	   /* which outcome of the caller's is the first device's */
	int64_t deadline;	   /* for waits that are the job's own */
	int deadline_s;		   /* what a record that is written is to say of that */
	pid_t caller;		   /* when it has died before the locks were had, nothing is done */
};

/* Jobs for worker_start(); ARG is a struct job. Taking stops at the first failure, giving back goes
 * on. Both return 0, or the first failure's -errno. */
int job_take(const struct worker_voice *voice, void *arg);
int job_give_back(const struct worker_voice *voice, void *arg);

/* Writes spare records of what the devices are now (record_write_spare()). */
int job_see(const struct worker_voice *voice, void *arg);

/*
 * Takes the ids of devices whose records say so out of vfio-pci's new_id, where Proxmox VE put
 * them: not what the host's own configuration gives to vfio-pci, and not while another VM is being
 * started that way. What must wait stays noted in the record, and is tried again when it is given
 * back.
 */
int job_forget_ids(const struct worker_voice *voice, void *arg);

#endif
