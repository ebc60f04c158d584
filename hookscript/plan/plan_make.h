/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decides: facts -> plan (hookscript/plan/plan.h). Pure. */
#ifndef HOOKSCRIPT_PLAN_PLAN_MAKE_H
#define HOOKSCRIPT_PLAN_PLAN_MAKE_H

#include "hookscript/plan/plan.h"

/* Decides. The plan points into FACTS, which must outlive it. Returns 0 and a new plan
 * (plan_free()), or -ENOMEM. */
int plan_make(const struct facts *facts, struct plan **ret) must_check;

/* The driver that the device will return to when it is taken now, or NULL: none. */
const char *plan_returns_to(const struct device *device);

#endif
