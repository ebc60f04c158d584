// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/judge.h"

#include "hookscript/plan/plan.h"
#include "hookscript/pve/pve.h"
#include "hookscript/records/record.h"
#include "hookscript/records/returns.h"
#include "host/text/strbuf.h"

#include <string.h>

#define CONFIG_DIRECTORY "etc/pve/qemu-server"

static bool has_hostpci(const struct vmcfg *config)
{
	for (size_t e = 0; e < HOSTPCI_MAX; e++)
		if (config->hostpci[e])
			return true;
	/* One that Proxmox VE drops is an entry that its VM needs set right. */
	for (size_t i = 0; i < config->n_dropped; i++)
		if (config->dropped[i].key >= VMCFG_HOSTPCI && config->dropped[i].key < VMCFG_KEYS)
			return true;
	return false;
}

/* The VM of a config's file name, "100.conf". */
static int vmid_of_file(const char *name, unsigned int *ret)
{
	size_t len = strcspn(name, ".");
	auto_free char *number = strndup(name, len);

	if (!number || strcmp(name + len, ".conf"))
		return -EINVAL;
	return pve_vmid_parse(number, ret);
}

/* A config that has just gone is none, one that cannot be read may name any device. */
static int add_vm(const struct fs_root *root, const char *name, struct node_vms *vms)
{
	auto_free char *path = fs_path(CONFIG_DIRECTORY "/%s", name);
	cleanup_with(vmcfg_freep) struct vmcfg *config = NULL;
	auto_free char *text = NULL;
	unsigned int vmid;
	size_t len;
	int err;

	if (vmid_of_file(name, &vmid))
		return 0;
	err = fs_read(root, path, VMCFG_TEXT_MAX, &text, &len);
	if (err == -ENOENT)
		return 0;
	if (!err && vmcfg_parse(text, len, &config))
		return -ENOMEM;
	if (config && !has_hostpci(config))
		return 0;
	if (!array_grow(vms->items, vms->n))
		return -ENOMEM;
	vms->items[vms->n++] = (struct node_vm){vmid, TAKE_PTR(config)};
	return 0;
}

static int compare_vms(const void *a, const void *b)
{
	unsigned int first = ((const struct node_vm *)a)->vmid;
	unsigned int second = ((const struct node_vm *)b)->vmid;

	return first < second ? -1 : first > second;
}

int node_vms_read(const struct fs_root *root, struct node_vms *ret)
{
	auto_node_vms struct node_vms vms = {0};
	auto_names struct fs_names names = {0};
	int err = fs_list(root, CONFIG_DIRECTORY, &names);

	if (err)
		return err;
	err = facts_read_mappings(root, &vms.mappings, &vms.node);
	if (err)
		return err;
	for (size_t i = 0; i < names.n; i++) {
		err = add_vm(root, names.items[i], &vms);
		if (err)
			return err;
	}
	if (vms.n)
		qsort(vms.items, vms.n, sizeof(*vms.items), compare_vms);
	*ret = vms;
	vms = (struct node_vms){0};
	return 0;
}

void node_vms_free(struct node_vms *vms)
{
	for (size_t i = 0; i < vms->n; i++)
		vmcfg_free(vms->items[i].config);
	mappings_free(vms->mappings);
	free(vms->node);
	free(vms->items);
	*vms = (struct node_vms){0};
}

static bool mapping_names(const struct node_vms *vms, const char *id, const struct bdf *bdf)
{
	const struct mapping *mapping = mappings_find(vms->mappings, id);
	const struct mapping_entry *alternative = NULL;

	while (mapping && (alternative = mapping_next(mapping, vms->node, alternative)))
		if (hostpci_addresses_name(alternative->paths, alternative->n_paths, bdf))
			return true;
	return false;
}

static bool entry_names(const struct node_vms *vms, const struct hostpci *entry,
			const struct bdf *bdf)
{
	if (!entry)
		return false;
	return entry->mapping ? mapping_names(vms, entry->mapping, bdf)
			      : hostpci_addresses_name(entry->hosts, entry->n_hosts, bdf);
}

/* Adds the entries of one VM that name the device. */
static void add_naming(const struct node_vms *vms, const struct node_vm *vm, const struct bdf *bdf,
		       struct strbuf *text)
{
	if (!vm->config) {
		strbuf_add_item(text, _("maybe VM %u (its config cannot be read)"), vm->vmid);
		return;
	}
	for (size_t e = 0; e < HOSTPCI_MAX; e++) {
		const struct hostpci *entry = vm->config->hostpci[e];

		if (!entry_names(vms, entry, bdf))
			continue;
		if (entry->mapping)
			strbuf_add_item(text, _("VM %u (hostpci%zu, mapping %s)"), vm->vmid, e,
					entry->mapping);
		else
			strbuf_add_item(text, "VM %u (hostpci%zu)", vm->vmid, e);
	}
}

int node_vms_naming(const struct node_vms *vms, const struct bdf *bdf, char **ret)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < vms->n; i++)
		add_naming(vms, &vms->items[i], bdf, &text);
	*ret = NULL;
	if (!text.len && !text.failed)
		return 0;
	*ret = strbuf_take(&text);
	return *ret ? 0 : -ENOMEM;
}

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
			if (entry_names(vms, config->hostpci[e], &device->bdf))
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

	if (!err)
		err = plan_make(facts, &plan);
	if (!err)
		err = add_reasons(plan, list);
	if (!err)
		mark_dead(facts, list);
	if (!err)
		err = add_returns(root, list);
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
