/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened to a device, in words: what was done, or what failed, what that means and what to
 * do. */
#ifndef HOOKSCRIPT_REPORT_H
#define HOOKSCRIPT_REPORT_H

#include "hookscript/job.h"
#include "hookscript/plan.h"

#include <sys/types.h>

/* What is known of one device while its worker works, and afterwards. */
struct outcome {
	struct bdf bdf;
	const char *driver;	  /* which it returns to, as far as is known; NULL: none */
	enum job_step step;	  /* the last one told */
	int error;		  /* 0, or the -errno with which that step failed */
	bool ended;		  /* the device's end was told, in step */
	pid_t worker;		  /* with an error that the worker did not tell: its process */
	bool brief;		  /* little time was given to it: a timeout is no hang */
	const char *taken_driver; /* vfio-pci, or its variant driver */
	const char *network;	  /* what its interface lost, as the record says, or NULL */
};

/* Each says a line, unless the device's turn never came, and returns whether the device failed.
 * PLAN tells what used it. */
bool report_taken(unsigned int vmid, const struct outcome *outcome, const struct plan_step *step,
		  const struct plan *plan);
bool report_given_back(unsigned int vmid, const struct outcome *outcome);
bool report_aside(unsigned int vmid, const struct outcome *outcome); /* only a failure is said */

#endif
