// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/judge.h"

#include "hookscript/plan.h"
#include "hookscript/vms.h"

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

/* What is asked of the host, or follows from where the device is, is told without it. */
static bool is_told_elsewhere(const struct refusal *refusal, const struct device_summary *device)
{
	switch (refusal->reason) {
	case REFUSAL_IN_USE: return device_is_platform(device);
	case REFUSAL_OTHER_VM:
	case REFUSAL_GROUP_OPEN:
	case REFUSAL_RECORD:
	case REFUSAL_IDENTITY:
	case REFUSAL_RESERVED:
	case REFUSAL_UNREADABLE: return false;
	case REFUSAL_SETTINGS:
	case REFUSAL_NOT_Q35:
	case REFUSAL_NO_PCIE:
	case REFUSAL_PCIE_WITHOUT_Q35:
	case REFUSAL_IGD_WITH_Q35:
	case REFUSAL_HOST:
	case REFUSAL_ENTRY:
	case REFUSAL_ABSENT:
	case REFUSAL_NO_GROUP:
	case REFUSAL_BRIDGE:
	case REFUSAL_MOVED:
	case REFUSAL_NEIGHBOUR:
	case NEED_DEVICE:
	case NEED_STORAGE:
	case NEED_SNIPPET:
	case NEED_HOOKSCRIPT:
	case NEED_ONE_HOOKSCRIPT: break;
	}
	return true;
}

static int add_reasons(const struct plan *plan, struct device_summaries *list)
{
	for (size_t i = 0; i < plan->n_refusals; i++) {
		const struct refusal *refusal = &plan->refusals[i];

		for (size_t k = 0; k < refusal->n_devices; k++) {
			struct device_summary *device = device_summaries_find(list,
									      refusal->devices[k]);
			int err = 0;

			if (device && !is_told_elsewhere(refusal, device))
				err = add_reason(device, refusal->brief);
			if (err)
				return err;
		}
	}
	return 0;
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
