// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host itself uses is never taken, unless its administrator allows that one device. */
#include "hookscript/plan/plan_check.h"

#include "host/base/conftext.h"
#include "host/text/strbuf.h"

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

/* Whether a start stops what uses the device, by what the settings say of any of its devices. */
static bool is_stopped(const struct plan_check *c, const struct usage_finding *finding)
{
	auto_free char *ctid = fs_path("%u", finding->ctid);

	for (size_t i = 0; i < c->facts->n_devices; i++) {
		const struct device *device = &c->facts->devices[i];
		const struct device_setting *setting = facts_setting(c->facts, device);

		if (!setting || !facts_take(c->facts, device))
			continue;
		for (size_t k = 0; finding->unit && k < setting->n_stop_units; k++)
			if (!strcmp(setting->stop_units[k], finding->unit))
				return true;
		for (size_t k = 0; ctid && k < setting->n_stop_ct; k++)
			if (!strcmp(setting->stop_ct[k], ctid))
				return true;
	}
	return false;
}

/* Whether what the settings stop before a start may be what uses the device. */
static bool may_be_stopped(const struct plan_check *c, const struct device *device,
			   const struct usage_finding *finding)
{
	const struct device_setting *setting = facts_setting(c->facts, device);

	if (c->facts->users_stopped)
		return false;
	if (is_stopped(c, finding))
		return true;
	return setting && setting->n_stop_units + setting->n_stop_ct &&
	       finding->kind != USAGE_CHIPSET && finding->kind != USAGE_VFS &&
	       finding->kind != USAGE_MDEVS;
}

/* ---- the settings that cure ---- */

/* Whether the finding is one that refuses, about that device. */
static bool refuses(const struct plan_check *c, const struct device *device,
		    const struct usage_finding *finding)
{
	return !bdf_compare(&finding->bdf, &device->bdf) && !finding->harmless &&
	       !is_allowed(c, device, finding->kind) && !may_be_stopped(c, device, finding);
}

/* The settings' lists for the device, with what they have and what its findings add. */
struct lists {
	struct fs_names units, cts;
	struct strbuf allow;
	unsigned int kinds;
	int err;
};

static void free_lists(struct lists *lists)
{
	fs_names_free(&lists->units);
	fs_names_free(&lists->cts);
	strbuf_free(&lists->allow);
}

static void add_name(struct lists *lists, struct fs_names *names, const char *name)
{
	if (!lists->err)
		lists->err = name ? fs_names_add(names, name) : -ENOMEM;
}

static void add_finding(struct lists *lists, const struct usage_finding *finding)
{
	auto_free char *ctid = fs_path("%u", finding->ctid);

	if (finding->unit)
		add_name(lists, &lists->units, finding->unit);
	else if (finding->ctid)
		add_name(lists, &lists->cts, ctid);
	else if (!finding->vital)
		lists->kinds |= 1U << finding->kind;
}

static void make_lists(const struct plan_check *c, const struct device *device, struct lists *lists)
{
	const struct device_setting *setting = facts_setting(c->facts, device);

	for (size_t i = 0; setting && i < setting->n_stop_units; i++)
		add_name(lists, &lists->units, setting->stop_units[i]);
	for (size_t i = 0; setting && i < setting->n_stop_ct; i++)
		add_name(lists, &lists->cts, setting->stop_ct[i]);
	lists->kinds = setting ? setting->allow : 0;
	for (size_t i = 0; i < c->facts->usage.n; i++)
		if (refuses(c, device, &c->facts->usage.items[i]))
			add_finding(lists, &c->facts->usage.items[i]);
	for (unsigned int kind = 0; lists->kinds >> kind; kind++)
		if (lists->kinds & 1U << kind)
			strbuf_add_item(&lists->allow, "\"%s\"", usage_kind_name(kind));
}

/* "stop_units = [ "a.service", "b.service" ];". QUOTED: texts, not numbers. */
static void put_list(struct strbuf *out, const char *key, const struct fs_names *names, bool quoted)
{
	if (!names->n)
		return;
	strbuf_add(out, "%s%s = [ ", out->len ? " " : "", key);
	for (size_t i = 0; i < names->n; i++) {
		strbuf_add(out, i ? ", " : "");
		if (quoted)
			conftext_put_string(out, names->items[i]);
		else
			strbuf_add(out, "%s", names->items[i]);
	}
	strbuf_add(out, " ];");
}

/* Whether the node's file has a list of devices, in which there can be only one. */
static bool has_devices(const struct settings *settings)
{
	for (size_t i = 0; i < settings->n_devices; i++)
		if (!strcmp(settings->devices[i].source.path, SETTINGS_PATH))
			return true;
	return false;
}

/* Says where KEYS belong: into the entry that there is for the device, into the list that there is,
 * or into a new one. */
static void cure_keys(struct plan_check *c, const struct device *device, const char *words,
		      const char *keys)
{
	const struct settings *settings = c->facts->settings;
	const struct device_setting *setting = facts_setting(c->facts, device);
	const struct device_setting *stale = settings_stale(
		settings, &device->bdf, device->identity.vendor, device->identity.device);
	const char *address = bdf_text(&device->bdf);
	auto_free char *entry = fs_path("{ address = \"%s\"; id = \"%04x:%04x\"; %s }", address,
					device->identity.vendor, device->identity.device, keys);

	if (!setting && stale)
		cure_words(
			c,
			_("%s, put this in place of the entry for %04x:%04x, the device that was "
			  "at %s, in /%s, line %u: %s"),
			words, stale->vendor, stale->device, address, stale->source.path,
			stale->source.line, plan_text(c, entry));
	else if (setting)
		cure_words(c, _("%s, set this in the entry of %s in /%s, line %u: %s"), words,
			   address, setting->source.path, setting->source.line, keys);
	else if (has_devices(settings) || c->shows_devices)
		cure_words(c, _("%s, add this to the list 'devices' of /%s: %s"), words,
			   SETTINGS_PATH, plan_text(c, entry));
	else
		cure_words(c, _("%s, put this line into /%s: devices = ( %s );"), words,
			   SETTINGS_PATH, plan_text(c, entry));
	c->shows_devices = true;
}

/* Whether the lists were shown with an earlier finding of the device, of the same kind of cure. */
static bool is_shown(const struct plan_check *c, const struct device *device,
		     const struct usage_finding *finding)
{
	const struct usage_finding *items = c->facts->usage.items;
	bool stops = finding->unit || finding->ctid;

	for (size_t i = 0; &items[i] < finding; i++)
		if (refuses(c, device, &items[i]) &&
		    (stops ? items[i].unit || items[i].ctid
			   : !items[i].vital && !items[i].unit && !items[i].ctid))
			return true;
	return false;
}

/* What a start can stop is stopped by it; other uses can be allowed, if that ever ends well. */
static void cure_by_settings(struct plan_check *c, const struct device *device,
			     const struct usage_finding *finding)
{
	cleanup_with(free_lists) struct lists lists = {0};
	auto_strbuf struct strbuf keys = {0};
	bool stops = finding->unit || finding->ctid;

	if ((finding->vital && !stops) || is_shown(c, device, finding))
		return;
	make_lists(c, device, &lists);
	if (stops) {
		put_list(&keys, "stop_units", &lists.units, true);
		put_list(&keys, "stop_ct", &lists.cts, false);
	} else {
		strbuf_add(&keys, "allow = [ %s ];", lists.allow.text ? lists.allow.text : "");
	}
	if (lists.err || lists.allow.failed || keys.failed) {
		c->err = -ENOMEM;
		return;
	}
	cure_keys(c, device,
		  stops ? _("so that each start stops it, and it is started again afterwards")
			: _("to pass it through anyway"),
		  keys.text);
}

/* The VM does not ask for this device, but for one in its group. Said once for the device. */
static void cure_neighbour(struct plan_check *c, const struct device *device,
			   const struct usage_finding *finding)
{
	const struct usage_finding *first = c->facts->usage.items;

	while (first < finding && !refuses(c, device, first))
		first++;
	if (device->named || !c->facts->vmid || first < finding)
		return;
	cure_command(c,
		     _("or put the VM's device into a slot with a group of its own; the groups, "
		       "why devices share one, and what would split it"),
		     "host-setup groups");
}

static void refuse_use(struct plan_check *c, const struct device *device,
		       const struct usage_finding *finding)
{
	auto_free char *name = describe_device(device);

	plan_refuse(c, REFUSAL_IN_USE, &device->bdf, strdup(finding->what),
		    _("%s: %s; taking it for %s: %s"), name ? name : "", finding->what,
		    record_owner(c->facts->vmid), finding->effect);
	plan_refuse_finding(c, finding);
	if (finding->command)
		cure_command(c, finding->cure, "%s", finding->command);
	else
		cure_words(c, "%s", finding->cure);
	cure_by_settings(c, device, finding);
	cure_neighbour(c, device, finding);
}

static void check_finding(struct plan_check *c, const struct device *device,
			  const struct usage_finding *finding)
{
	const char *address = bdf_text(&device->bdf);

	if (finding->harmless) {
		plan_warn(c, &device->bdf, "%s: %s: %s", address, finding->what, finding->effect);
	} else if (is_allowed(c, device, finding->kind)) {
		accept(c, device, finding);
	} else if (may_be_stopped(c, device, finding)) {
		c->plan->deferred = true;
		plan_warn(c, &device->bdf,
			  _("%s: %s; the start first stops what the settings name for it, "
			    "and looks again"),
			  address, finding->what);
	} else {
		refuse_use(c, device, finding);
	}
}

/* The first entry that the VM does not have, or HOSTPCI_MAX. */
static size_t free_entry(const struct vmcfg *vm)
{
	size_t e = 0;

	while (e < HOSTPCI_MAX && vm->hostpci[e])
		e++;
	return e;
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
	cure_by_entry(c, _("let the VM have it too"), free_entry(c->facts->vm), address);
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
			cure_again(c, _("try again"), "pve-passthrough plan");
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
