// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/plan.h"

#include "hookscript/plan/plan_check.h"
#include "host/pci/driver.h"

#include <string.h>

/* ---- what is taken ---- */

static enum return_reason reason_for_vfio(const struct device *device)
{
	if (device->held_early)
		return RETURN_VFIO_EARLY;
	if (device->vfio_ids)
		return RETURN_VFIO_IDS;
	return device->module.blacklisted ? RETURN_VFIO_BLACKLIST : RETURN_VFIO_LEFT;
}

static enum return_reason reason_for_none(const struct device *device)
{
	if (device->no_probe)
		return RETURN_NONE_VF;
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
	const struct device_setting *setting = facts_setting(facts, device);
	const struct candidate *candidate = facts_chosen(facts, &device->bdf);

	if (!setting || !candidate || candidate->entry == ENTRY_ARGS)
		return NULL;
	return hostpci_keeps_driver(facts->vm->hostpci[candidate->entry]) ? setting->driver : NULL;
}

static void add_vf(const struct facts *facts, struct plan_step *step)
{
	const struct vf_facts *vf = facts_vf(facts, &step->device->bdf);

	if (!vf || !vf->is_vf || !vf->port.name)
		return;
	step->vf = vf;
	facts_wanted_vf(facts, vf->entry, &step->vf_wanted);
	step->fdb = vf_setting_fdb(&facts->settings->vfs[vf->entry]);
}

static void add_step(struct plan_check *c, const struct device *device)
{
	const struct device_setting *setting = facts_setting(c->facts, device);
	struct plan_step *step = &c->plan->steps[c->plan->n_steps++];

	*step = step_of_device(device);
	if (setting && setting->return_to) {
		step->returns_to = strcmp(setting->return_to, RECORD_RETURN_NONE)
					   ? setting->return_to
					   : NULL;
		step->why = RETURN_SETTING;
	}
	step->choice = is_choice(c->facts, device);
	step->variant = variant_of(c->facts, device);
	add_vf(c->facts, step);
	if (step->why == RETURN_NONE_MISSING)
		plan_warn(c, &device->bdf,
			  _("%s has no driver, although module %s would match it; it will "
			    "return to none"),
			  bdf_text(&device->bdf), device->module.name);
}

/* An entry of `host-setup early` that no longer fits, or that another driver came before. */
static void warn_of_early(struct plan_check *c, const struct device *device)
{
	const struct early_item *item = early_find(&c->facts->early, &device->bdf);

	if (item && item->state != EARLY_HELD && item->state != EARLY_NEXT_BOOT)
		plan_add_warning(c, &device->bdf, early_warning(item));
}

static void add_steps(struct plan_check *c)
{
	c->plan->steps = calloc(c->facts->n_devices + 1, sizeof(*c->plan->steps));
	if (!c->plan->steps) {
		c->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < c->facts->n_devices; i++)
		if (facts_take(c->facts, &c->facts->devices[i])) {
			add_step(c, &c->facts->devices[i]);
			warn_of_early(c, &c->facts->devices[i]);
		}
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

static void warn_of_pending(struct plan_check *c)
{
	if (c->facts->pending != VMCFG_PENDING_NONE)
		plan_add_warning(c, NULL, plan_pending_text(c->facts));
}

int plan_make(const struct facts *facts, struct plan **ret)
{
	static const struct {
		void (*check)(struct plan_check *c);
		bool of_vm; /* nothing to do for a test, which has none */
	} checks[] = {
		{plan_check_config, true},    {plan_check_host, false},
		{plan_check_addresses, true}, {plan_check_identity, true},
		{plan_check_ha, true},	      {plan_check_devices, false},
		{plan_check_vfs, true},	      {plan_check_memory, true},
		{plan_check_usage, false},    {plan_check_own_nodes, true},
		{add_steps, false},	      {plan_note_mdevs, true},
		{plan_note_memory, true},
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
		if (!checks[i].of_vm || facts->vmid != RECORD_TEST)
			checks[i].check(&c);
	if (!c.err)
		*ret = TAKE_PTR(plan);
	return c.err;
}
