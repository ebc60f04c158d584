/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened to a device, in words: what was done, or what failed, what that means and what to
 * do. */
#ifndef HOOKSCRIPT_BIND_BIND_REPORT_H
#define HOOKSCRIPT_BIND_BIND_REPORT_H

#include "hookscript/bind/bind_slot.h"
#include "hookscript/plan/plan.h"

/* What is known of one device while its worker works, and afterwards. */
struct bind_result {
	struct bdf bdf;
	enum bind_step step;	  /* the last one reported */
	int error;		  /* 0, or the -errno with which that step failed */
	pid_t worker;		  /* with an error that the worker did not report: its process */
	const char *driver;	  /* which it returns to, as far as is known; NULL: none */
	const char *taken_driver; /* vfio-pci, or its variant driver */
	const char *network;	  /* what its interface lost, as the record says, or NULL */
	bool brief;		  /* little time was given to it: a timeout is no hang */
};

/* Whether the device's work was ended, with success. */
static inline bool bind_is_done(const struct bind_result *result)
{
	return !result->error && result->step >= BIND_TAKEN;
}

/* Each reports one line, if the device was worked on at all, and returns whether the device failed.
 * PLAN tells what used it. */
bool report_taken(unsigned int vmid, const struct bind_result *result, const struct plan_step *step,
		  const struct plan *plan);
bool report_given_back(unsigned int vmid, const struct bind_result *result);
bool report_failure(unsigned int vmid, const struct bind_result *result); /* nothing of a success */

/* Reports who has the device's group open, if anybody. */
void report_open_group(const struct fs_root *root, const struct bind_result *result);

#endif
