// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/planner.h"

#include "hookscript/variant.h"
#include "host/driver.h"

#include <string.h>

/* Takes both texts over; a NULL one means that memory is out. */
int planner_refuse_device(struct planner *p, const struct bdf *bdf, enum refusal_reason reason,
			  char *what, char *cure)
{
	struct plan *plan = p->plan;

	if (!what || !cure || !array_grow(plan->refusals, plan->n_refusals)) {
		free(what);
		free(cure);
		return -ENOMEM;
	}
	plan->refusals[plan->n_refusals++] = (struct refusal){reason, what, cure, bdf};
	return 0;
}

int planner_refuse(struct planner *p, enum refusal_reason reason, char *what, char *cure)
{
	return planner_refuse_device(p, NULL, reason, what, cure);
}

int planner_warn_device(struct planner *p, const struct bdf *bdf, char *text)
{
	struct plan *plan = p->plan;

	if (!text || !array_grow(plan->warnings, plan->n_warnings)) {
		free(text);
		return -ENOMEM;
	}
	plan->warnings[plan->n_warnings++] = (struct plan_warning){text, bdf};
	return 0;
}

int planner_warn(struct planner *p, char *text)
{
	return planner_warn_device(p, NULL, text);
}

/* A check that the settings can turn into a warning or off. */
int planner_apply_policy(struct planner *p, enum policy policy, enum refusal_reason reason,
			 char *what, char *cure)
{
	if (policy == POLICY_REFUSE)
		return planner_refuse(p, reason, what, cure);
	free(cure);
	if (policy == POLICY_WARN)
		return planner_warn(p, what);
	free(what);
	return 0;
}

const struct snapshot_group *planner_group_of(const struct planner *p, const struct device *device)
{
	for (size_t i = 0; i < p->snapshot->n_groups; i++)
		if (p->snapshot->groups[i].group == device->group)
			return &p->snapshot->groups[i];
	return NULL;
}

bool planner_takes(const struct planner *p, const struct device *device)
{
	return !device->bridge && planner_group_of(p, device);
}

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

/* What the settings say of where it returns to, or false. */
static bool step_of_settings(const struct planner *p, const struct device *device,
			     struct plan_step *ret)
{
	const struct device_setting *setting = settings_device(
		p->settings, &device->bdf, device->identity.vendor, device->identity.device);

	if (!setting || setting->return_to == RETURN_TO_RECORDED)
		return false;
	*ret = (struct plan_step){
		device, setting->return_to == RETURN_TO_NONE ? NULL : setting->return_driver,
		RETURN_SETTING, NULL, false};
	return true;
}

/* By what it is, or was when it was taken. */
static struct plan_step step_of_device(const struct device *device)
{
	if (device->record && device->record->stage == RECORD_TAKEN)
		return (struct plan_step){device, device->record->driver, RETURN_RECORDED, NULL,
					  false};
	if (!device->driver)
		return (struct plan_step){device, NULL, reason_for_none(device), NULL, false};
	if (!strcmp(device->driver, DRIVER_VFIO_PCI))
		return (struct plan_step){device, device->driver, reason_for_vfio(device), NULL,
					  false};
	return (struct plan_step){device, device->driver, RETURN_DRIVER_NOW, NULL, false};
}

static struct plan_step make_step(const struct planner *p, const struct device *device)
{
	struct plan_step step;

	return step_of_settings(p, device, &step) ? step : step_of_device(device);
}

/* Whether each entry that the device, or one of its group, is there for has other devices to choose
 * from. */
static bool is_choice(const struct planner *p, const struct device *device)
{
	bool choice = false;

	for (size_t i = 0; i < p->snapshot->n_devices; i++) {
		const struct device *other = &p->snapshot->devices[i];
		const struct selected *item = selection_of(p->selection, &other->bdf);

		if (!item || other->group != device->group)
			continue;
		if (item->n_alternatives < 2)
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

static int add_steps(struct planner *p)
{
	struct plan *plan = p->plan;

	plan->steps = calloc(p->snapshot->n_devices + 1, sizeof(*plan->steps));
	if (!plan->steps)
		return -ENOMEM;
	for (size_t i = 0; i < p->snapshot->n_devices; i++) {
		const struct device *device = &p->snapshot->devices[i];
		struct plan_step step = make_step(p, device);
		char text[BDF_TEXT_SIZE];

		if (!planner_takes(p, device))
			continue;
		step.choice = is_choice(p, device);
		step.variant = variant_driver(p->settings, p->vm, p->selection, &device->bdf,
					      &device->identity);
		plan->steps[plan->n_steps++] = step;
		if (step.why == RETURN_NONE_MISSING &&
		    planner_warn_device(
			    p, &device->bdf,
			    fs_path(_("%s has no driver, although module %s would match it; it will "
				      "return to none"),
				    bdf_format(&device->bdf, text), device->module.name)))
			return -ENOMEM;
	}
	return 0;
}

int plan_make(unsigned int vmid, const struct settings *settings, const struct vmcfg *vm,
	      const struct selection *selection, const struct snapshot *snapshot, struct plan **ret)
{
	cleanup_with(plan_freep) struct plan *plan = calloc(1, sizeof(*plan));
	struct planner p = {vmid, settings, vm, selection, snapshot, plan};
	int err;

	if (!plan)
		return -ENOMEM;
	err = planner_check_config(&p);
	if (!err)
		err = planner_check_host(&p);
	if (!err)
		err = planner_check_addresses(&p);
	if (!err)
		err = planner_check_identity(&p);
	if (!err)
		err = planner_check_devices(&p);
	if (!err)
		err = planner_check_usage(&p);
	if (!err)
		err = add_steps(&p);
	if (!err)
		*ret = TAKE_PTR(plan);
	return err;
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
	for (size_t i = 0; i < plan->n_refusals; i++) {
		free(plan->refusals[i].what);
		free(plan->refusals[i].cure);
	}
	for (size_t i = 0; i < plan->n_warnings; i++)
		free(plan->warnings[i].what);
	free(plan->refusals);
	free(plan->warnings);
	free(plan->steps);
	free(plan->accepted);
	free(plan);
}
