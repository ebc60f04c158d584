// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/judge.h"

#include "hookscript/plan/plan.h"
#include "hookscript/records/record.h"
#include "hookscript/records/returns.h"

#include <string.h>

/* ---- what a start would refuse ---- */

static int add_reason(struct device_summary *device, const char *brief)
{
	char *longer = device->used ? fs_path("%s; %s", device->used, brief) : strdup(brief);

	if (!longer)
		return -ENOMEM;
	free(device->used);
	device->used = longer;
	return 0;
}

/* TEXT as a new string, or NULL for NULL. */
static char *copy(const char *text, int *err)
{
	char *new = text ? strdup(text) : NULL;

	if (text && !new)
		*err = -ENOMEM;
	return new;
}

static int add_use(struct device_summary *device, const struct refusal *refusal)
{
	const struct usage_finding *finding = refusal->finding;
	struct device_use *use;
	int err = 0;

	if (!array_grow(device->uses, device->n_uses))
		return -ENOMEM;
	use = &device->uses[device->n_uses++];
	*use = (struct device_use){.reason = refusal_code(refusal->reason)};
	use->what = copy(refusal->brief, &err);
	if (!finding)
		return err;
	use->kind = usage_kind_name(finding->kind);
	use->name = copy(finding->name, &err);
	use->pid = finding->pid;
	use->program = copy(finding->program, &err);
	use->unit = copy(finding->unit, &err);
	use->ctid = finding->ctid;
	for (size_t i = 0; !err && i < finding->mounts.n; i++)
		err = fs_names_add(&use->mounts, finding->mounts.items[i]);
	return err;
}

/* Whether what is shown of the device says it already. */
static bool is_shown_anyway(enum refusal_reason reason)
{
	return reason == REFUSAL_NO_GROUP || reason == REFUSAL_BRIDGE;
}

static int add_reasons(const struct plan *plan, struct device_summaries *list)
{
	int err = 0;

	for (size_t i = 0; i < plan->n_refusals; i++) {
		const struct refusal *refusal = &plan->refusals[i];

		for (size_t k = 0; !err && k < refusal->n_devices; k++) {
			struct device_summary *device = device_summaries_find(list,
									      refusal->devices[k]);

			if (device && !is_shown_anyway(refusal->reason))
				err = add_reason(device, refusal->brief)
					      ?: add_use(device, refusal);
		}
	}
	return err;
}

static void mark_dead(const struct facts *facts, struct device_summaries *list)
{
	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *device = &facts->devices[i];
		struct device_summary *summary = device_summaries_find(list, &device->bdf);

		if (summary)
			summary->dead = device->answer_err == -ENODATA ||
					device->answer_err == -ETIMEDOUT;
	}
}

/* The same as node_vms_naming(), for programs. */
static int add_named_by(const struct node_vms *vms, struct device_summary *device)
{
	for (size_t i = 0; i < vms->n; i++) {
		const struct vmcfg *config = vms->items[i].config;
		struct device_vm vm = {.vmid = vms->items[i].vmid};

		for (size_t e = 0; config && e < HOSTPCI_MAX; e++)
			if (node_vms_name(vms, config, e, &device->bdf))
				vm.entries |= 1U << e;
		if (config && !vm.entries)
			continue;
		if (!array_grow(device->named_by, device->n_named_by))
			return -ENOMEM;
		device->named_by[device->n_named_by++] = vm;
	}
	return 0;
}

static int add_vms(const struct fs_root *root, struct device_summaries *list)
{
	auto_node_vms struct node_vms vms = {0};
	int err = node_vms_read(root, &vms);

	for (size_t i = 0; !err && i < list->n; i++)
		err = node_vms_naming(&vms, &list->items[i].bdf, &list->items[i].vms)
			      ?: add_named_by(&vms, &list->items[i]);
	return err;
}

/* Counts that cannot be read are none: they decide nothing. */
static int add_returns(const struct fs_root *root, struct device_summaries *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct device_summary *device = &list->items[i];
		struct returns returns;
		int err = returns_read(root, &device->bdf, &device->identity, &returns);

		if (err == -ENOMEM)
			return err;
		if (err || !returns.of)
			continue;
		device->returned = returns_text(&returns);
		if (!device->returned)
			return -ENOMEM;
		device->returned_times = returns.times;
		device->returned_of = returns.of;
		device->returned_last = returns.last;
	}
	return 0;
}

int judge_devices(const struct fs_root *root, struct device_summaries *list)
{
	cleanup_with(plan_freep) struct plan *plan = NULL;
	auto_facts struct facts *facts = NULL;
	int err = facts_read_host(root, &settings_default, &facts);

	err = err ?: plan_make(facts, &plan);
	err = err ?: add_reasons(plan, list);
	if (!err)
		mark_dead(facts, list);
	err = err ?: add_returns(root, list);
	return err ? err : add_vms(root, list);
}

int judge_taken(const struct fs_root *root, const struct bdf *bdf, unsigned int *ret_vmid)
{
	struct record *record = NULL;
	auto_free char *why = NULL;
	int err = record_read(root, bdf, &record, &why);

	if (err || !record)
		return err;
	*ret_vmid = record_owner_vm(record->vmid);
	record_free(record);
	return 1;
}
