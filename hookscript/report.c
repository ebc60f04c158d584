// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/report.h"

#include "hookscript/record.h"
#include "host/driver.h"
#include "host/log.h"

#include <stdio.h>
#include <string.h>

#define say_info(outcome, ...)	  say(LOG_LEVEL_INFO, outcome, __VA_ARGS__)
#define say_warning(outcome, ...) say(LOG_LEVEL_WARNING, outcome, __VA_ARGS__)
#define say_error(outcome, ...)	  say(LOG_LEVEL_ERROR, outcome, __VA_ARGS__)
#define say(level, outcome, ...)  log_device(level, &(outcome)->bdf, (outcome)->driver, __VA_ARGS__)

static const char *const step_names[] = {
	[JOB_LOCK] = N_("waiting for another process that works on this device"),
	[JOB_RECORD] = N_("its record in /run/pve-passthrough/records"),
	[JOB_IDENTITY] = N_("reading its ids"),
	[JOB_WAIT] = N_("waiting for its IOMMU group to be closed"),
	[JOB_MODULE] = N_("loading its driver's module"),
	[JOB_OVERRIDE] = N_("writing driver_override"),
	[JOB_UNBIND] = N_("writing driver/unbind"),
	[JOB_ID] = N_("writing /sys/bus/pci/drivers/vfio-pci/remove_id"),
	[JOB_ATTRIBUTE] = N_("writing reset_method or d3cold_allowed, as the settings say"),
	[JOB_UNLOAD] = N_("unloading a module that the settings name in 'unload'"),
	[JOB_VARIANT] = N_("looking for the VFIO device that its driver makes"),
	[JOB_PROBE] = N_("writing /sys/bus/pci/drivers_probe"),
};

static const char *step_name(enum job_step step)
{
	return step < ARRAY_SIZE(step_names) ? _(step_names[step]) : _("ending");
}

/* The process of a worker, for a message, or "". A new string; NULL without memory. */
static char *worker_text(const struct outcome *outcome)
{
	return outcome->worker ? fs_path(_(" (process %d)"), outcome->worker) : strdup("");
}

/* What a failure means, in words that name the next thing to do. WHO holds the device, or NULL. */
static void say_common_failure(unsigned int vmid, const struct outcome *outcome,
			       const char *address, const char *who)
{
	auto_free char *worker = worker_text(outcome);

	if (outcome->error == -ETIMEDOUT && outcome->step != JOB_WAIT)
		say_error(outcome,
			  _("%s: hangs in the kernel at: %s%s; %s; no signal can end that; its "
			    "record stays, and it is given back when the kernel lets go of it; by "
			    "hand: pve-passthrough restore %u"),
			  address, step_name(outcome->step), worker ? worker : "",
			  who ? who : _("something on this host still uses the device"), vmid);
	else if (outcome->error == -ECANCELED)
		say_error(outcome,
			  _("%s: the worker was killed at: %s; its record stays; give it back by: "
			    "pve-passthrough restore %u"),
			  address, step_name(outcome->step), vmid);
	else if (outcome->step == JOB_LOCK && outcome->error == -EBUSY)
		say_error(outcome,
			  _("%s: another process has been working on this device for too long; "
			    "look at: pve-passthrough status; fuser /run/pve-passthrough/locks/%s"),
			  address, address);
	else
		say_error(outcome, _("%s: failed at: %s: %s"), address, step_name(outcome->step),
			  strerror(-outcome->error));
}

/* What used the device although it was allowed to take it; a new string, or NULL: nothing known. */
static char *accepted_uses(const struct plan *plan, const struct bdf *bdf)
{
	auto_free char *text = NULL;
	size_t size, n = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	for (size_t i = 0; i < plan->n_accepted; i++)
		if (!bdf_compare(&plan->accepted[i]->bdf, bdf))
			fprintf(to, "%s%s", n++ ? "; " : _("when the start began: "),
				plan->accepted[i]->what);
	return fclose(to) || !n ? NULL : TAKE_PTR(text);
}

static void say_take_failure(unsigned int vmid, const struct outcome *outcome,
			     const struct plan *plan)
{
	auto_free char *who = accepted_uses(plan, &outcome->bdf);
	char address[BDF_TEXT_SIZE];

	bdf_format(&outcome->bdf, address);
	if (outcome->step == JOB_PROBE && outcome->error != -ETIMEDOUT &&
	    outcome->error != -ECANCELED)
		say_error(outcome,
			  _("%s: %s did not take it (%s); the kernel's log says why: "
			    "journalctl -k -g '%s|vfio'"),
			  address, outcome->taken_driver, strerror(-outcome->error), address);
	else if (outcome->step == JOB_VARIANT && outcome->error == -ENODEV)
		say_error(outcome,
			  _("%s: %s took it, but is no vfio variant driver, so no guest could use "
			    "the device; correct driver = \"%s\" in the settings: "
			    "pve-passthrough settings %u"),
			  address, outcome->taken_driver, outcome->taken_driver, vmid);
	else
		say_common_failure(vmid, outcome, address, who);
}

bool report_taken(unsigned int vmid, const struct outcome *outcome, const struct plan_step *step,
		  const struct plan *plan)
{
	char address[BDF_TEXT_SIZE];
	const char *driver = step->device->driver ? step->device->driver : _("no driver");

	bdf_format(&outcome->bdf, address);
	if (outcome->ended && outcome->step == JOB_ALREADY)
		say_info(outcome, _("%s: is on %s already, and will stay there"), address,
			 outcome->taken_driver);
	else if (outcome->ended)
		say_info(outcome, _("%s [%04x:%04x]: %s -> %s, for VM %u; will return to %s"),
			 address, step->device->identity.vendor, step->device->identity.device,
			 driver, outcome->taken_driver, vmid,
			 step->returns_to ? step->returns_to : _("no driver"));
	else if (outcome->error)
		say_take_failure(vmid, outcome, plan);
	return !outcome->ended;
}

static void say_give_back_failure(unsigned int vmid, const struct outcome *outcome)
{
	char address[BDF_TEXT_SIZE];
	const char *driver = outcome->driver ? outcome->driver : _("its driver");

	bdf_format(&outcome->bdf, address);
	if (outcome->brief && outcome->error == -ETIMEDOUT)
		say_warning(outcome,
			    _("%s: not given back yet, at: %s; process %d goes on with it"),
			    address, step_name(outcome->step), outcome->worker);
	else if (outcome->step == JOB_WAIT)
		say_error(outcome,
			  _("%s: not given back: its IOMMU group is still open, and taking a "
			    "device from under an open group hangs the host; its record stays, "
			    "and it is given back when what uses it has ended; by hand: "
			    "pve-passthrough restore %u"),
			  address, vmid);
	else if (outcome->step == JOB_PROBE && outcome->error != -ETIMEDOUT &&
		 outcome->error != -ECANCELED)
		say_error(outcome,
			  _("%s: %s did not take it back (%s), it has no driver now; the kernel's "
			    "log says why: journalctl -k -g %s; its record stays; then: "
			    "pve-passthrough restore %u"),
			  address, driver, strerror(-outcome->error), address, vmid);
	else if (outcome->step == JOB_MODULE && outcome->error == -ENXIO)
		say_error(
			outcome,
			_("%s: the module of %s is loaded, but no driver of that name came with "
			  "it, so it stays on %s; its record stays; load the module that has it, "
			  "then: pve-passthrough restore %u; or correct return_to in the settings, "
			  "which counts from the VM's next start"),
			address, driver, outcome->taken_driver, vmid);
	else if (outcome->step == JOB_MODULE && outcome->error != -ETIMEDOUT)
		say_error(outcome,
			  _("%s: the module of %s cannot be loaded (%s), so it stays on %s; "
			    "its record stays; load the module by modprobe, then: pve-passthrough "
			    "restore %u"),
			  address, driver, strerror(-outcome->error), outcome->taken_driver, vmid);
	else if (outcome->step == JOB_IDENTITY && outcome->error == -ESTALE)
		say_error(outcome,
			  _("%s: another device sits there than the one that was taken, so it is "
			    "left alone; if the hardware was exchanged, forget the record: rm "
			    "/%s/%s"),
			  address, RECORD_FOLDER, address);
	else
		say_common_failure(vmid, outcome, address, NULL);
}

static void say_lost_network(const struct outcome *outcome, const char *address)
{
	say_warning(
		outcome,
		_("%s: is back without what its interface had: %s; get that back by: ifreload -a"),
		address, outcome->network);
}

bool report_given_back(unsigned int vmid, const struct outcome *outcome)
{
	char address[BDF_TEXT_SIZE];
	const char *driver = outcome->driver ? outcome->driver : _("no driver");

	bdf_format(&outcome->bdf, address);
	if (!outcome->ended) {
		say_give_back_failure(vmid, outcome);
		return true;
	}
	if (outcome->step == JOB_BACK && outcome->driver &&
	    !strcmp(outcome->driver, outcome->taken_driver))
		say_info(outcome, _("%s: stays on %s, where it was before VM %u"), address,
			 outcome->taken_driver, vmid);
	else if (outcome->step == JOB_BACK)
		say_info(outcome, "%s: %s -> %s", address, outcome->taken_driver, driver);
	if (outcome->step == JOB_BACK && outcome->network)
		say_lost_network(outcome, address);
	else if (outcome->step == JOB_GONE)
		say_warning(outcome, _("%s: is not there any more; nothing to give back"), address);
	else if (outcome->step == JOB_FOREIGN)
		say_warning(outcome,
			    _("%s: somebody gave it another driver than %s and %s meanwhile; "
			      "left there"),
			    address, outcome->taken_driver, driver);
	return false;
}

bool report_aside(unsigned int vmid, const struct outcome *outcome)
{
	char address[BDF_TEXT_SIZE];

	if (!outcome->ended)
		say_common_failure(vmid, outcome, bdf_format(&outcome->bdf, address), NULL);
	return !outcome->ended;
}
