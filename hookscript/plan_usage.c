// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host itself uses is never taken, unless its administrator allows that one device. */
#include "hookscript/planner.h"

#include <string.h>

static const struct device_setting *setting_of(const struct planner *p, const struct device *device)
{
	return settings_device(p->settings, &device->bdf, device->identity.vendor,
			       device->identity.device);
}

static bool is_allowed(const struct planner *p, const struct device *device, enum usage_kind kind)
{
	const struct device_setting *setting = setting_of(p, device);

	return setting && setting->allow & 1U << kind;
}

/* An entry that was written for another device, which sat there once. */
static int warn_of_strangers(struct planner *p, const struct device *device)
{
	char address[BDF_TEXT_SIZE];
	int err = 0;

	if (setting_of(p, device))
		return 0;
	for (size_t i = 0; !err && i < p->settings->n_devices; i++) {
		const struct device_setting *setting = &p->settings->devices[i];

		if (bdf_compare(&setting->bdf, &device->bdf))
			continue;
		err = planner_warn_device(
			p, &device->bdf,
			fs_path(_("/%s, line %u: the entry of 'devices' for %s is for a device "
				  "%04x:%04x, but the one there is %04x:%04x: the entry is ignored"),
				setting->source.path, setting->source.line,
				bdf_format(&device->bdf, address), setting->vendor, setting->device,
				device->identity.vendor, device->identity.device));
	}
	return err;
}

/* A use that the settings allow to end: said, and remembered for what may come of it. */
static int accept(struct planner *p, const struct device *device,
		  const struct usage_finding *finding)
{
	const struct setting_source *source = &setting_of(p, device)->from[DEVICE_ALLOW];
	struct plan *plan = p->plan;
	char address[BDF_TEXT_SIZE];

	if (!array_grow(plan->accepted, plan->n_accepted))
		return -ENOMEM;
	plan->accepted[plan->n_accepted++] = finding;
	return planner_warn_device(
		p, &device->bdf,
		fs_path(_("%s: %s; taken all the same, because /%s, line %u, allows "
			  "\"%s\" for it"),
			bdf_format(&device->bdf, address), finding->what, source->path,
			source->line, usage_kind_name(finding->kind)));
}

/* Whether what the settings stop before a start may be what uses the device. */
static bool may_be_stopped(const struct planner *p, const struct device *device,
			   enum usage_kind kind)
{
	const struct device_setting *setting = setting_of(p, device);

	return setting && setting->n_stop_units + setting->n_stop_ct && kind != USAGE_CHIPSET &&
	       kind != USAGE_VFS;
}

static int check_finding(struct planner *p, const struct device *device,
			 const struct usage_finding *finding)
{
	const char *kind = usage_kind_name(finding->kind);
	char address[BDF_TEXT_SIZE];

	bdf_format(&device->bdf, address);
	if (finding->harmless)
		return planner_warn_device(
			p, &device->bdf,
			fs_path("%s: %s: %s", address, finding->what, finding->effect));
	if (is_allowed(p, device, finding->kind))
		return accept(p, device, finding);
	if (may_be_stopped(p, device, finding->kind)) {
		p->plan->deferred = true;
		return planner_warn_device(
			p, &device->bdf,
			fs_path(_("%s: %s; the start first stops what the settings name for it, and "
				  "looks again"),
				address, finding->what));
	}
	return planner_refuse_device(
		p, &device->bdf, REFUSAL_IN_USE,
		fs_path(_("%s%s: %s; taking it for VM %u: %s"), address,
			device->named ? ""
				      : _(", which the VM does not name but whose IOMMU group "
					  "it needs"),
			finding->what, p->vmid, finding->effect),
		fs_path(_("%s\nif the VM shall have it all the same, put this line into /%s: "
			  "devices = ( { address = \"%s\"; id = \"%04x:%04x\"; "
			  "allow = [ \"%s\" ]; } );"),
			finding->cure, SETTINGS_PATH, address, device->identity.vendor,
			device->identity.device, kind));
}

static int check_neighbour(struct planner *p, const struct device *device)
{
	const struct setting_source *source = &p->settings->from[SETTING_GROUP];
	char address[BDF_TEXT_SIZE];

	if (device->named || p->settings->group != GROUP_REFUSE)
		return 0;
	bdf_format(&device->bdf, address);
	return planner_refuse_device(
		p, &device->bdf, REFUSAL_NEIGHBOUR,
		fs_path(_("%s is in IOMMU group %d with a device of this VM, so it would be taken "
			  "too, but the VM does not name it, and /%s, line %u, "
			  "says group = \"refuse\""),
			address, device->group, source->path, source->line),
		fs_path(_("let the VM have it too: qm set %u --hostpciN %s,pcie=1; or allow it for "
			  "this VM in /%s: vm%u = { group = \"take\"; };"),
			p->vmid, address, SETTINGS_PATH, p->vmid));
}

int planner_check_usage(struct planner *p)
{
	const struct usage *usage = &p->snapshot->usage;
	int err = 0;

	for (size_t i = 0; !err && i < p->snapshot->n_devices; i++) {
		const struct device *device = &p->snapshot->devices[i];

		if (!planner_takes(p, device))
			continue;
		err = warn_of_strangers(p, device);
		if (!err)
			err = check_neighbour(p, device);
	}
	for (size_t i = 0; !err && i < usage->n; i++) {
		const struct device *device = snapshot_device(p->snapshot, &usage->items[i].bdf);

		if (device && planner_takes(p, device))
			err = check_finding(p, device, &usage->items[i]);
	}
	return err;
}
