/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened to a device, in words: what was done, or what failed, what that means and what to
 * do. */
#ifndef HOOKSCRIPT_BIND_BIND_REPORT_H
#define HOOKSCRIPT_BIND_BIND_REPORT_H

#include "hookscript/bind/bind_slot.h"
#include "hookscript/plan/plan.h"

/* Whether the device's work was ended, with success. */
static inline bool bind_is_done(const struct bind_device *device)
{
	return !device->error && device->step >= BIND_TAKEN;
}

/* Each reports one line, if the device was worked on at all, and returns whether the device failed.
 * PLAN says what used it. */
bool report_taken(const struct bind_device *device, const struct plan_step *step,
		  const struct plan *plan);
bool report_given_back(const struct bind_device *device);
bool report_failure(const struct bind_device *device); /* nothing of a success */

/* What was set on a VF with which the VM runs; and that its link is disabled, because that failed.
 */
void report_followed(const struct bind_device *device);
void report_disabled(const struct bind_device *device);

/* Reports which process has the device's group open; nothing when it is closed. */
void report_open_group(const struct bind_device *device);

#endif
