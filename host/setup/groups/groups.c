// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/groups/groups.h"

#include "host/base/log.h"
#include "host/pci/arch.h"
#include "host/pci/iommu.h"
#include "host/pci/modules.h"
#include "host/setup/check/cures.h"

#include <string.h>

static enum group_verdict verdict_of(bool only_bridges, int reserved,
				     const struct device_summary *used)
{
	if (only_bridges)
		return GROUP_BRIDGES;
	if (reserved || (used && used->dead))
		return GROUP_CANNOT;
	return used ? GROUP_USED : GROUP_CAN;
}

/* What keeps a group from being passed through, as programs know it. */
static const char *code_of(const struct group *group, size_t n_bridges, int reserved,
			   const struct device_summary *used)
{
	if (n_bridges == group->n_devices)
		return n_bridges ? "bridge" : "empty";
	if (reserved)
		return reserved < 0 ? "unreadable" : "reserved-memory";
	if (used && used->dead)
		return "dead";
	return used && used->n_uses ? used->uses[0].reason : NULL;
}

/* Why the group cannot be passed through: the first of these reasons that applies. */
static int explain_why_not(const struct fs_root *root, struct group *group)
{
	const struct device_summary *used = NULL;
	char address[BDF_TEXT_SIZE];
	size_t n_bridges = 0;
	int reserved = iommu_group_is_reserved(root, group->number);

	for (size_t i = group->n_devices; i--;) {
		const struct device_summary *device = group->devices[i];

		used = device->used && !device->bridge && !device->child ? device : used;
		n_bridges += device->bridge;
	}
	group->why_not_code = code_of(group, n_bridges, reserved, used);
	group->verdict = verdict_of(n_bridges == group->n_devices, reserved, used);
	if (!group->n_devices)
		group->why_not = strdup(_("no PCI device is in it"));
	else if (n_bridges == group->n_devices)
		group->why_not = strdup(_("only bridges, which stay with the host"));
	else if (reserved < 0)
		group->why_not = fs_path(
			_("whether the firmware reserves memory for it cannot be read: %s"),
			log_strerror(reserved));
	else if (reserved)
		group->why_not = strdup(
			_("the firmware reserves memory for it (RMRR), so the kernel lets no "
			  "guest have it"));
	else if (used)
		group->why_not = fs_path(used->dead ? _("%s does not answer, see below")
						    : _("%s is in use, see below"),
					 bdf_format(&used->bdf, address));
	else
		return 0;
	return group->why_not ? 0 : -ENOMEM;
}

/* What all groups are read with. */
struct reading {
	const struct fs_root *root;
	bool is_root; /* may read all of the configuration space */
	const struct device_summaries *devices;
	struct split_facts facts;
};

/* Which bridge in the group does not isolate what is below it, or the functions of a slot. */
static int explain_together(const struct reading *reading, struct group *group)
{
	int err;

	if (group->n_devices < 2)
		return 0;
	if (!reading->is_root) {
		group->why_together = strdup(
			_("only root can see which port does not isolate them"));
		return group->why_together ? 0 : -ENOMEM;
	}
	err = split_explain(reading->facts.topology, group->number, &group->why_together);
	if (!err && !group->why_together)
		group->why_together = strdup(
			bdf_same_slot(&group->devices[0]->bdf,
				      &group->devices[group->n_devices - 1]->bdf)
				? _("functions of one card, which can reach each other")
				: _("the ports above them do not isolate them (no ACS)"));
	if (!err && !group->why_together)
		err = -ENOMEM;
	return err ? err : splits_find(&reading->facts, group->number, &group->splits);
}

static int read_group(const struct reading *reading, struct group *group)
{
	const struct device_summaries *devices = reading->devices;
	int err;

	for (size_t i = 0; i < devices->n; i++) {
		if (devices->items[i].group != group->number)
			continue;
		if (!array_grow(group->devices, group->n_devices))
			return -ENOMEM;
		group->devices[group->n_devices++] = &devices->items[i];
	}
	err = explain_why_not(reading->root, group);
	return err ? err : explain_together(reading, group);
}

static int read_groups(const struct fs_root *root, struct pci *pci, const int *numbers, size_t n,
		       struct groups *groups)
{
	auto_topology struct topology topology = {0};
	auto_conf_items struct conf_items cmdline = {0};
	auto_free char *release = NULL;
	struct reading reading = {root,
				  !fs_root_is_running_system(root) || !geteuid(),
				  &groups->devices,
				  {&topology, &cmdline, NULL, arch_is_vm(root)}};
	int err = topology_read(root, pci, &groups->devices, &topology)
			  ?: kernelinfo_cmdline(root, &cmdline);

	/* Unknown is no reason to say nothing. */
	if (!err && !modules_release(root, &release))
		reading.facts.release = release;
	for (size_t i = 0; !err && i < n; i++) {
		groups->items[groups->n] = (struct group){.number = numbers[i]};
		err = read_group(&reading, &groups->items[groups->n++]);
	}
	return err;
}

/* The devices that no group has, and what may be done about it. */
static int read_ungrouped(const struct fs_root *root, struct groups *groups)
{
	auto_cures struct cures cures = {0};
	bool display = false;
	int err;

	for (size_t i = 0; i < groups->devices.n; i++) {
		const struct device_summary *device = &groups->devices.items[i];

		if (device->group >= 0 || device->bridge)
			continue;
		if (!array_grow(groups->ungrouped, groups->n_ungrouped))
			return -ENOMEM;
		groups->ungrouped[groups->n_ungrouped++] = device;
		display = display || device_is_display(device);
	}
	err = display ? cures_read(root, NULL, &cures) : 0;
	if (!err)
		groups->igpu_cure = TAKE_PTR(cures.igpu);
	return err;
}

int groups_read(const struct fs_root *root, device_judge *judge, struct groups *ret)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	auto_groups struct groups groups = {0};
	auto_free int *numbers = NULL;
	size_t n = 0;
	int err = iommu_groups(root, &numbers, &n);

	/* Without groups there may be no PCI at all. */
	if (!err && n)
		err = device_summaries_read(root, &groups.devices) ?: pci_open(root, &pci);
	if (!err && n && judge)
		err = judge(root, &groups.devices);
	if (err)
		return err;
	groups.items = calloc(n + 1, sizeof(*groups.items));
	if (!groups.items)
		return -ENOMEM;
	if (n)
		err = read_groups(root, pci, numbers, n, &groups);
	err = err ?: read_ungrouped(root, &groups);
	if (err)
		return err;
	*ret = groups;
	groups = (struct groups){0};
	return 0;
}

void groups_free(struct groups *groups)
{
	for (size_t g = 0; g < groups->n; g++) {
		free(groups->items[g].devices);
		free(groups->items[g].why_not);
		free(groups->items[g].why_together);
		splits_free(&groups->items[g].splits);
	}
	free(groups->items);
	free(groups->ungrouped);
	free(groups->igpu_cure);
	device_summaries_free(&groups->devices);
	*groups = (struct groups){0};
}
