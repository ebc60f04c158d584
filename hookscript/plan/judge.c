// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/judge.h"
#include "hookscript/plan/facts.h"

#include "hookscript/plan/plan.h"
#include "hookscript/plan/vms.h"

#include <string.h>

static int add_reason(struct device_summary *device, const char *brief)
{
	char *longer = device->used ? fs_path("%s; %s", device->used, brief) : strdup(brief);

	if (!longer)
		return -ENOMEM;
	free(device->used);
	device->used = longer;
	return 0;
}

/* What follows from where a device is, or what it is, is told beside that. */
static bool is_told_elsewhere(enum refusal_reason reason, const struct device_summary *device)
{
	return reason == REFUSAL_NO_GROUP || reason == REFUSAL_BRIDGE ||
	       (reason == REFUSAL_IN_USE && device_is_platform(device));
}

static int add_reasons(const struct plan *plan, struct device_summaries *list)
{
	int err = 0;

	for (size_t i = 0; i < plan->n_refusals; i++) {
		const struct refusal *refusal = &plan->refusals[i];

		for (size_t k = 0; !err && k < refusal->n_devices; k++) {
			struct device_summary *device = device_summaries_find(list,
									      refusal->devices[k]);

			if (device && !is_told_elsewhere(refusal->reason, device))
				err = add_reason(device, refusal->brief);
		}
	}
	return err;
}

static int add_vms(const struct fs_root *root, struct device_summaries *list)
{
	auto_node_vms struct node_vms vms = {0};
	int err = node_vms_read(root, &vms);

	for (size_t i = 0; !err && i < list->n; i++)
		err = node_vms_naming(&vms, &list->items[i].bdf, &list->items[i].vms);
	return err;
}

int judge_devices(const struct fs_root *root, struct device_summaries *list)
{
	cleanup_with(plan_freep) struct plan *plan = NULL;
	auto_facts struct facts *facts = NULL;
	int err = facts_read_host(root, &settings_default, &facts);

	if (!err)
		err = plan_make(facts, &plan);
	if (!err)
		err = add_reasons(plan, list);
	return err ? err : add_vms(root, list);
}
