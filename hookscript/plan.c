// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan_check.h"

#include "hookscript/argv.h"
#include "host/driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- what the checks write ---- */

static void free_cure(struct cure *cure)
{
	free(cure->words);
	free(cure->command);
	argv_free(cure->fix);
}

static void free_refusal(struct refusal *refusal)
{
	for (size_t i = 0; i < refusal->n_cures; i++)
		free_cure(&refusal->cures[i]);
	free(refusal->cures);
	free(refusal->devices);
	free(refusal->what);
	free(refusal->brief);
}

/* A new text, or NULL, which is noted. */
static printf_like(2, 0) char *format_text(struct plan_check *c, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) >= 0)
		return text;
	c->err = -ENOMEM;
	return NULL;
}

void plan_refuse(struct plan_check *c, enum refusal_reason reason, const struct bdf *bdf,
		 char *brief, const char *format, ...)
{
	struct refusal refusal = {.reason = reason, .brief = brief, .bdf = bdf};
	struct plan *plan = c->plan;
	va_list args;

	va_start(args, format);
	refusal.what = format_text(c, format, args);
	va_end(args);
	if (!brief || c->err || !array_grow(plan->refusals, plan->n_refusals)) {
		free_refusal(&refusal);
		c->err = -ENOMEM;
		return;
	}
	plan->refusals[plan->n_refusals++] = refusal;
	if (bdf)
		plan_refuse_also(c, bdf);
}

static struct refusal *last_refusal(struct plan_check *c)
{
	return c->err ? NULL : &c->plan->refusals[c->plan->n_refusals - 1];
}

void plan_refuse_also(struct plan_check *c, const struct bdf *bdf)
{
	struct refusal *refusal = last_refusal(c);

	if (refusal && array_grow(refusal->devices, refusal->n_devices))
		refusal->devices[refusal->n_devices++] = bdf;
	else
		c->err = -ENOMEM;
}

void plan_warn(struct plan_check *c, const struct bdf *bdf, const char *format, ...)
{
	struct plan *plan = c->plan;
	va_list args;
	char *what;

	va_start(args, format);
	what = format_text(c, format, args);
	va_end(args);
	if (!what || !array_grow(plan->warnings, plan->n_warnings)) {
		free(what);
		c->err = -ENOMEM;
		return;
	}
	plan->warnings[plan->n_warnings++] = (struct plan_warning){what, bdf};
}

const char *plan_text(struct plan_check *c, const char *text)
{
	if (!text)
		c->err = -ENOMEM;
	return text ? text : "";
}

static void add_cure(struct plan_check *c, struct cure cure)
{
	struct refusal *refusal = last_refusal(c);

	if (!refusal || !array_grow(refusal->cures, refusal->n_cures)) {
		free_cure(&cure);
		c->err = -ENOMEM;
		return;
	}
	refusal->cures[refusal->n_cures++] = cure;
}

static char *copy_text(struct plan_check *c, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		c->err = -ENOMEM;
	return copy;
}

void cure_words(struct plan_check *c, const char *format, ...)
{
	struct cure cure = {0};
	va_list args;

	va_start(args, format);
	cure.words = format_text(c, format, args);
	va_end(args);
	add_cure(c, cure);
}

void cure_command(struct plan_check *c, const char *words, const char *format, ...)
{
	struct cure cure = {.words = copy_text(c, words)};
	va_list args;

	va_start(args, format);
	cure.command = format_text(c, format, args);
	va_end(args);
	add_cure(c, cure);
}

void cure_config(struct plan_check *c, const char *words, char **fix)
{
	struct cure cure = {.words = copy_text(c, words), .fix = fix};

	cure.command = fix ? argv_text(fix) : NULL;
	if (!cure.command)
		c->err = -ENOMEM;
	add_cure(c, cure);
}

void cure_qm_set(struct plan_check *c, const char *words, const char *option, const char *value)
{
	auto_free char *vmid = fs_path("%u", c->facts->vmid);

	cure_config(c, words, vmid && value ? argv_new("qm", "set", vmid, option, value) : NULL);
}

bool cure_as_root(struct plan_check *c, int err)
{
	if (err != -EACCES && err != -EPERM)
		return false;
	cure_words(c, _("run this as root"));
	return true;
}

char *cure_text(const struct cure *cure)
{
	if (!cure->command)
		return strdup(cure->words);
	return cure->words ? fs_path(_("%s: %s"), cure->words, cure->command)
			   : strdup(cure->command);
}

char *describe_device(const struct device *device)
{
	char address[BDF_TEXT_SIZE];

	bdf_format(&device->bdf, address);
	if (device->named)
		return strdup(address);
	return fs_path(_("%s (not named by the VM, but in its IOMMU group %d)"), address,
		       device->group);
}

/* ---- what is taken ---- */

static enum return_reason reason_for_vfio(const struct device *device)
{
	if (device->vfio_ids)
		return RETURN_VFIO_IDS;
	return device->module.blacklisted ? RETURN_VFIO_BLACKLIST : RETURN_VFIO_LEFT;
}

static enum return_reason reason_for_none(const struct device *device)
{
	if (!device->module.name)
		return RETURN_NONE_NO_MODULE;
	return device->module.blacklisted ? RETURN_NONE_BLACKLIST : RETURN_NONE_MISSING;
}

/* By what it is, or was when it was taken. */
static struct plan_step step_of_device(const struct device *device)
{
	struct plan_step step = {.device = device, .returns_to = device->driver};

	if (device->record && device->record->stage == RECORD_TAKEN) {
		step.returns_to = device->record->driver;
		step.why = RETURN_RECORDED;
	} else if (!device->driver) {
		step.why = reason_for_none(device);
	} else if (!strcmp(device->driver, DRIVER_VFIO_PCI)) {
		step.why = reason_for_vfio(device);
	} else {
		step.why = RETURN_DRIVER_NOW;
	}
	return step;
}

static struct plan_step make_step(const struct facts *facts, const struct device *device)
{
	const struct device_setting *setting = settings_device(
		facts->settings, &device->bdf, device->identity.vendor, device->identity.device);
	struct plan_step step = step_of_device(device);

	if (setting && setting->return_to != RETURN_TO_RECORDED) {
		step.returns_to = setting->return_to == RETURN_TO_NONE ? NULL
								       : setting->return_driver;
		step.why = RETURN_SETTING;
	}
	return step;
}

/* Whether each entry that the device, or one of its group, is there for has other devices to choose
 * from. */
static bool is_choice(const struct facts *facts, const struct device *device)
{
	bool choice = false;

	for (size_t i = 0; i < facts->n_devices; i++) {
		const struct device *other = &facts->devices[i];
		const struct candidate *candidate = facts_chosen(facts, &other->bdf);

		if (!candidate || other->group != device->group)
			continue;
		if (candidate->n_alternatives < 2)
			return false;
		choice = true;
	}
	return choice;
}

const char *plan_step_driver(const struct plan_step *step)
{
	return step->variant ? step->variant : DRIVER_VFIO_PCI;
}

const char *plan_returns_to(const struct device *device)
{
	return step_of_device(device).returns_to;
}

/*
 * vfio variant drivers (mlx5_vfio_pci and the like), which can do more with their devices than
 * vfio-pci, such as migrating them. Proxmox VE leaves a device alone only if its entry says
 * driver=keep, and takes any other driver than vfio-pci from it elsewhere. So an entry with
 * driver=keep is ours to bind as soon as the settings name a driver for one of its devices: that
 * one to this driver, the others of the entry and their groups to vfio-pci. (Linux:
 * Documentation/driver-api/vfio-pci-device-specific-driver-acceptance.rst)
 */
static const char *variant_of(const struct facts *facts, const struct device *device)
{
	const struct device_setting *setting = settings_device(
		facts->settings, &device->bdf, device->identity.vendor, device->identity.device);
	const struct candidate *candidate = facts_chosen(facts, &device->bdf);

	if (!setting || !candidate || candidate->entry == ENTRY_ARGS)
		return NULL;
	return hostpci_keeps_driver(facts->vm->hostpci[candidate->entry]) ? setting->driver : NULL;
}

static void add_step(struct plan_check *c, const struct device *device)
{
	struct plan_step step = make_step(c->facts, device);
	char address[BDF_TEXT_SIZE];

	step.choice = is_choice(c->facts, device);
	step.variant = variant_of(c->facts, device);
	c->plan->steps[c->plan->n_steps++] = step;
	if (step.why == RETURN_NONE_MISSING)
		plan_warn(c, &device->bdf,
			  _("%s has no driver, although module %s would match it; it will "
			    "return to none"),
			  bdf_format(&device->bdf, address), device->module.name);
}

static void add_steps(struct plan_check *c)
{
	c->plan->steps = calloc(c->facts->n_devices + 1, sizeof(*c->plan->steps));
	if (!c->plan->steps) {
		c->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < c->facts->n_devices; i++)
		if (facts_take(c->facts, &c->facts->devices[i]))
			add_step(c, &c->facts->devices[i]);
}

/* Without settings nothing can be said of the rest. */
static void refuse_settings(struct plan_check *c)
{
	const struct settings *settings = c->facts->settings;

	plan_refuse(c, REFUSAL_SETTINGS, NULL, strdup(_("the settings")), "%s",
		    settings_error(settings));
	if (settings->err == -EPERM || !cure_as_root(c, settings->err))
		cure_words(c,
			   _("correct that line, or move the file away to run with the defaults"));
}

char *plan_pending_text(const struct facts *facts)
{
	const char *keys = facts->vm->pending_keys ? facts->vm->pending_keys : "";

	switch (facts->pending) {
	case VMCFG_PENDING_NONE: break;
	case VMCFG_PENDING_APPLIED:
		return fs_path(
			_("pending changes are judged as made, as the next start makes them: "
			  "%s"),
			keys);
	case VMCFG_PENDING_WAITS:
		return fs_path(_("pending changes are left out, because the next start continues a "
				 "VM that is suspended or migrated, and makes none: %s"),
			       keys);
	}
	return NULL;
}

static void warn_of_pending(struct plan_check *c)
{
	auto_free char *text = plan_pending_text(c->facts);

	if (c->facts->pending != VMCFG_PENDING_NONE)
		plan_warn(c, NULL, "%s", plan_text(c, text));
}

int plan_make(const struct facts *facts, struct plan **ret)
{
	static void (*const checks[])(struct plan_check * c) = {
		plan_check_config,   plan_check_host,	 plan_check_addresses,
		plan_check_identity, plan_check_devices, plan_check_usage,
		add_steps,
	};
	cleanup_with(plan_freep) struct plan *plan = calloc(1, sizeof(*plan));
	struct plan_check c = {.facts = facts, .plan = plan};

	if (!plan)
		return -ENOMEM;
	for (size_t i = 0; i < facts->settings->n_warnings; i++)
		plan_warn(&c, NULL, "%s", facts->settings->warnings[i]);
	warn_of_pending(&c);
	if (facts->settings->err)
		refuse_settings(&c);
	for (size_t i = 0; !facts->settings->err && i < ARRAY_SIZE(checks); i++)
		checks[i](&c);
	if (!c.err)
		*ret = TAKE_PTR(plan);
	return c.err;
}

char *plan_step_return_text(const struct plan_step *step)
{
	const char *module = step->device->module.name ? step->device->module.name : "?";

	switch (step->why) {
	case RETURN_DRIVER_NOW:
		return fs_path(_("returns to %s, its driver now"), step->returns_to);
	case RETURN_SETTING:
		return step->returns_to
			       ? fs_path(_("returns to %s, because the settings say so"),
					 step->returns_to)
			       : strdup(_("returns to no driver, because the settings say so"));
	case RETURN_RECORDED:
		return step->returns_to
			       ? fs_path(_("returns to %s, recorded when it was taken"),
					 step->returns_to)
			       : strdup(_("returns to no driver, recorded when it was taken"));
	case RETURN_VFIO_IDS:
		return strdup(_(
			"stays on vfio-pci afterwards: vfio-pci's option ids= (modprobe.d or kernel "
			"command line) gives it this device"));
	case RETURN_VFIO_BLACKLIST:
		return fs_path(
			_("stays on vfio-pci afterwards: it is there now, and its own module %s is "
			  "blacklisted"),
			module);
	case RETURN_VFIO_LEFT:
		return strdup(_(
			"stays on vfio-pci afterwards: it is there now, left by an earlier start or "
			"another tool, which recorded nothing here"));
	case RETURN_NONE_NO_MODULE:
		return strdup(_(
			"returns to no driver: it has none, and no module of this kernel matches it"));
	case RETURN_NONE_BLACKLIST:
		return fs_path(
			_("returns to no driver: it has none, and its module %s is blacklisted"),
			module);
	case RETURN_NONE_MISSING:
		return fs_path(
			_("returns to no driver: it has none, although module %s matches it"),
			module);
	}
	return NULL;
}

bool plan_takes(const struct plan *plan, const struct bdf *bdf)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		if (!bdf_compare(&plan->steps[i].device->bdf, bdf))
			return true;
	return false;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n_refusals; i++)
		free_refusal(&plan->refusals[i]);
	for (size_t i = 0; i < plan->n_warnings; i++)
		free(plan->warnings[i].what);
	free(plan->refusals);
	free(plan->warnings);
	free(plan->steps);
	free(plan->accepted);
	free(plan);
}
