// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host itself uses is never taken, unless its administrator allows that one device. */
#include "hookscript/plan/plan_check.h"

#include <string.h>

static bool is_allowed(const struct plan_check *c, const struct device *device,
		       enum usage_kind kind)
{
	const struct device_setting *setting = facts_setting(c->facts, device);

	return setting && setting->allow & 1U << kind;
}

/* An entry that was written for another device, which was there once. */
static void warn_of_strangers(struct plan_check *c, const struct device *device)
{
	const struct settings *settings = c->facts->settings;

	for (size_t i = 0; !facts_setting(c->facts, device) && i < settings->n_devices; i++) {
		const struct device_setting *setting = &settings->devices[i];

		if (bdf_compare(&setting->bdf, &device->bdf))
			continue;
		plan_warn(c, &device->bdf,
			  _("/%s, line %u: the entry of 'devices' for %s is for a device "
			    "%04x:%04x, but the one there is %04x:%04x: the entry is ignored"),
			  setting->source.path, setting->source.line, bdf_text(&device->bdf),
			  setting->vendor, setting->device, device->identity.vendor,
			  device->identity.device);
	}
}

/* A use that the settings allow to end: said, and remembered for what may come of it. */
static void accept(struct plan_check *c, const struct device *device,
		   const struct usage_finding *finding)
{
	const struct setting_source *source = &facts_setting(c->facts, device)->from[DEVICE_ALLOW];
	struct plan *plan = c->plan;

	if (!array_grow(plan->accepted, plan->n_accepted)) {
		c->err = -ENOMEM;
		return;
	}
	plan->accepted[plan->n_accepted++] = finding;
	plan_warn(c, &device->bdf,
		  _("%s: %s; taken all the same, because /%s, line %u, allows "
		    "\"%s\" for it"),
		  bdf_text(&device->bdf), finding->what, source->path, source->line,
		  usage_kind_name(finding->kind));
}

/* Whether what the settings stop before a start may be what uses the device. */
static bool may_be_stopped(const struct plan_check *c, const struct device *device,
			   enum usage_kind kind)
{
	const struct device_setting *setting = facts_setting(c->facts, device);

	return setting && !c->facts->users_stopped && setting->n_stop_units + setting->n_stop_ct &&
	       kind != USAGE_CHIPSET && kind != USAGE_VFS;
}

static void refuse_use(struct plan_check *c, const struct device *device,
		       const struct usage_finding *finding)
{
	auto_free char *name = describe_device(device);

	plan_refuse(c, REFUSAL_IN_USE, &device->bdf, strdup(finding->what),
		    _("%s: %s; taking it for VM %u: %s"), name ? name : "", finding->what,
		    c->facts->vmid, finding->effect);
	cure_words(c, "%s", finding->cure);
	cure_words(c,
		   _("to pass it through anyway, put this line into /%s: "
		     "devices = ( { address = \"%s\"; id = \"%04x:%04x\"; "
		     "allow = [ \"%s\" ]; } );"),
		   SETTINGS_PATH, bdf_text(&device->bdf), device->identity.vendor,
		   device->identity.device, usage_kind_name(finding->kind));
}

static void check_finding(struct plan_check *c, const struct device *device,
			  const struct usage_finding *finding)
{
	const char *address = bdf_text(&device->bdf);

	if (finding->harmless) {
		plan_warn(c, &device->bdf, "%s: %s: %s", address, finding->what, finding->effect);
	} else if (is_allowed(c, device, finding->kind)) {
		accept(c, device, finding);
	} else if (may_be_stopped(c, device, finding->kind)) {
		c->plan->deferred = true;
		plan_warn(c, &device->bdf,
			  _("%s: %s; the start first stops what the settings name for it, "
			    "and looks again"),
			  address, finding->what);
	} else {
		refuse_use(c, device, finding);
	}
}

static void check_neighbour(struct plan_check *c, const struct device *device)
{
	const struct settings *settings = c->facts->settings;
	const struct setting_source *source = &settings->from[SETTING_GROUP];
	const char *address = bdf_text(&device->bdf);

	if (device->named || settings->group != GROUP_REFUSE)
		return;
	plan_refuse(c, REFUSAL_NEIGHBOUR, &device->bdf,
		    fs_path(_("%s, which shares a group"), address),
		    _("%s is in IOMMU group %d with a device of this VM, so it would be "
		      "taken too, but the VM does not name it, and /%s, line %u, says "
		      "group = \"refuse\""),
		    address, device->group, source->path, source->line);
	cure_words(c, _("let the VM have it too: qm set %u --hostpciN %s,pcie=1"), c->facts->vmid,
		   address);
	cure_words(c, _("or allow it for this VM in /%s: vm%u = { group = \"take\"; };"),
		   SETTINGS_PATH, c->facts->vmid);
}

void plan_check_usage(struct plan_check *c)
{
	const struct facts *facts = c->facts;

	if (facts->usage_err) {
		plan_refuse(c, REFUSAL_UNREADABLE, NULL,
			    strdup(_("what the host does with it cannot be read")),
			    _("what this host does with the devices cannot be read: %s"),
			    strerror(-facts->usage_err));
		if (!cure_as_root(c, facts->usage_err))
			cure_command(c, _("try again"), "pve-passthrough plan %u", facts->vmid);
	}
	for (size_t i = 0; i < facts->n_devices; i++) {
		if (!facts_take(facts, &facts->devices[i]))
			continue;
		warn_of_strangers(c, &facts->devices[i]);
		check_neighbour(c, &facts->devices[i]);
	}
	for (size_t i = 0; i < facts->usage.n; i++) {
		const struct device *device = facts_device(facts, &facts->usage.items[i].bdf);

		if (device && (facts_take(facts, device) || !facts->vmid))
			check_finding(c, device, &facts->usage.items[i]);
	}
}
