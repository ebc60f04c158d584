/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan for programs: `plan --json`, `vm --json`, and what `test --json` has of one. */
#ifndef HOOKSCRIPT_VERBS_JSON_PLAN_JSON_H
#define HOOKSCRIPT_VERBS_JSON_PLAN_JSON_H

#include "host/text/json.h"
#include "hookscript/plan/plan.h"

/* Adds the plan's refusals to OBJECT as an array KEY: reason code, texts, devices, cures. NULL: an
 * empty one. */
void plan_json_refusals(json_object *object, const char *key, const struct plan *plan,
			bool *failed);

/* `plan VMID --json`, and `vm VMID --json`: what the VM needs, without running anything. Each
 * prints one object, and returns the exit code that the verb has without --json. */
int plan_json(const struct fs_root *root, unsigned int vmid);
int vm_json(const struct fs_root *root, unsigned int vmid);

#endif
