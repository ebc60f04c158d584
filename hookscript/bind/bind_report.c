// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/bind_report.h"

#include "hookscript/records/record.h"
#include "host/pci/iommu.h"
#include "host/base/log.h"
#include "host/base/strbuf.h"
#include "host/pci/vfio.h"

#include <string.h>

#define say_info(result, ...)	 say(LOG_LEVEL_INFO, result, __VA_ARGS__)
#define say_warning(result, ...) say(LOG_LEVEL_WARNING, result, __VA_ARGS__)
#define say_error(result, ...)	 say(LOG_LEVEL_ERROR, result, __VA_ARGS__)
#define say(level, result, ...)	 log_device(level, &(result)->bdf, (result)->driver, __VA_ARGS__)

/* Each follows "while". */
static const char *const step_names[] = {
	[BIND_START] = N_("starting a worker process"),
	[BIND_LOCK] = N_("waiting for another process that works on this device"),
	[BIND_RECORD] = N_("reading or writing its record in /run/pve-passthrough/records"),
	[BIND_IDENTITY] = N_("reading its ids"),
	[BIND_GROUP] = N_("waiting for its IOMMU group to be closed"),
	[BIND_MODULE] = N_("loading its driver's module"),
	[BIND_OVERRIDE] = N_("writing driver_override"),
	[BIND_UNBIND] = N_("writing driver/unbind"),
	[BIND_ID] = N_("writing /sys/bus/pci/drivers/vfio-pci/remove_id"),
	[BIND_ATTRIBUTE] = N_("writing reset_method or d3cold_allowed, as the settings say"),
	[BIND_UNLOAD] = N_("unloading a module that the settings name in 'unload'"),
	[BIND_VARIANT] = N_("looking for the VFIO device that its driver makes"),
	[BIND_PROBE] = N_("writing /sys/bus/pci/drivers_probe"),
};

static const char *step_name(enum bind_step step)
{
	return step < ARRAY_SIZE(step_names) ? _(step_names[step]) : _("working on it");
}

/* The process of a worker, for a message, or "". A new string; NULL without memory. */
static char *worker_text(const struct bind_result *result)
{
	return result->worker ? fs_path(_(" (process %d)"), result->worker) : strdup("");
}

/* What a failure means, in words that name the next thing to do. WHO holds the device, or NULL. */
static void say_common_failure(unsigned int vmid, const struct bind_result *result,
			       const char *address, const char *who)
{
	auto_free char *worker = worker_text(result);

	if (result->error == -ETIMEDOUT && result->step != BIND_GROUP)
		say_error(result,
			  _("%s: stuck in the kernel while %s%s; it cannot be killed; %s; its "
			    "record stays, and it is given back when the kernel lets go of it; by "
			    "hand: pve-passthrough restore %u"),
			  address, step_name(result->step), worker ? worker : "",
			  who ? who : _("something on this host still uses the device"), vmid);
	else if (result->error == -ECANCELED)
		say_error(result,
			  _("%s: the worker was killed while %s; its record stays; give it back: "
			    "pve-passthrough restore %u"),
			  address, step_name(result->step), vmid);
	else if (result->step == BIND_LOCK && result->error == -EBUSY)
		say_error(result,
			  _("%s: another process has been working on this device for too long; "
			    "look at: pve-passthrough status; fuser /run/pve-passthrough/locks/%s"),
			  address, address);
	else
		say_error(result, _("%s: failed while %s: %s"), address, step_name(result->step),
			  strerror(-result->error));
}

/* What used the device although it was allowed to take it; a new string, or NULL: nothing known. */
static char *accepted_uses(const struct plan *plan, const struct bdf *bdf)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < plan->n_accepted; i++)
		if (!bdf_compare(&plan->accepted[i]->bdf, bdf))
			strbuf_add(&text, "%s%s", text.len ? "; " : _("when the start began: "),
				   plan->accepted[i]->what);
	return text.len ? strbuf_take(&text) : NULL;
}

static void say_take_failure(unsigned int vmid, const struct bind_result *result,
			     const struct plan *plan)
{
	auto_free char *who = accepted_uses(plan, &result->bdf);
	char address[BDF_TEXT_SIZE];

	bdf_format(&result->bdf, address);
	if (result->step == BIND_PROBE && result->error != -ETIMEDOUT &&
	    result->error != -ECANCELED)
		say_error(result,
			  _("%s: %s did not take it (%s); the kernel's log says why: "
			    "journalctl -k -g '%s|vfio'"),
			  address, result->taken_driver, strerror(-result->error), address);
	else if (result->step == BIND_VARIANT && result->error == -ENODEV)
		say_error(result,
			  _("%s: %s took it, but is no vfio variant driver, so no guest could use "
			    "the device; correct driver = \"%s\" in the settings: "
			    "pve-passthrough settings %u"),
			  address, result->taken_driver, result->taken_driver, vmid);
	else
		say_common_failure(vmid, result, address, who);
}

bool report_taken(unsigned int vmid, const struct bind_result *result, const struct plan_step *step,
		  const struct plan *plan)
{
	char address[BDF_TEXT_SIZE];
	const char *driver = step->device->driver ? step->device->driver : _("no driver");

	bdf_format(&result->bdf, address);
	if (bind_is_done(result) && result->step == BIND_ALREADY)
		say_info(result, _("%s: is on %s already, and will stay there"), address,
			 result->taken_driver);
	else if (bind_is_done(result) && !strcmp(driver, result->taken_driver))
		say_info(result, _("%s [%04x:%04x]: stays on %s, for VM %u; will return to %s"),
			 address, step->device->identity.vendor, step->device->identity.device,
			 driver, vmid, step->returns_to ? step->returns_to : _("no driver"));
	else if (bind_is_done(result))
		say_info(result, _("%s [%04x:%04x]: %s -> %s, for VM %u; will return to %s"),
			 address, step->device->identity.vendor, step->device->identity.device,
			 driver, result->taken_driver, vmid,
			 step->returns_to ? step->returns_to : _("no driver"));
	else if (result->error)
		say_take_failure(vmid, result, plan);
	return !bind_is_done(result);
}

static void say_not_returned(unsigned int vmid, const struct bind_result *result,
			     const char *address)
{
	if (!result->error)
		say_error(result,
			  _("%s: not given back, because of another function of its slot, above; "
			    "its record stays"),
			  address);
	else if (result->step == BIND_GROUP && result->error == -ETIMEDOUT)
		say_error(result,
			  _("%s: not given back: its IOMMU group is still open, and taking a "
			    "device from under an open group hangs the host; its record stays, "
			    "and it is given back when what uses it has ended; by hand: "
			    "pve-passthrough restore %u"),
			  address, vmid);
	else if (result->step == BIND_GROUP)
		say_error(result,
			  _("%s: not given back: who has its IOMMU group open cannot be read (%s); "
			    "its record stays; by hand: pve-passthrough restore %u"),
			  address, strerror(-result->error), vmid);
	else if (result->step == BIND_IDENTITY && result->error == -ESTALE)
		say_error(result,
			  _("%s: another device sits there than the one that was taken, so it is "
			    "left alone; if the hardware was exchanged, remove the record: rm "
			    "/%s/%s"),
			  address, RECORD_DIR, address);
	else
		say_common_failure(vmid, result, address, NULL);
}

static void say_give_back_failure(unsigned int vmid, const struct bind_result *result)
{
	const char *driver = result->driver ? result->driver : _("its driver");
	bool ended = result->error != -ETIMEDOUT && result->error != -ECANCELED;
	char address[BDF_TEXT_SIZE];

	bdf_format(&result->bdf, address);
	if (result->brief && result->error == -ETIMEDOUT)
		say_warning(result, _("%s: not given back yet: process %d is still %s"), address,
			    result->worker, step_name(result->step));
	else if (result->step == BIND_PROBE && ended)
		say_error(result,
			  _("%s: %s did not take it back (%s), it has no driver now; the kernel's "
			    "log says why: journalctl -k -g %s; its record stays; then: "
			    "pve-passthrough restore %u"),
			  address, driver, strerror(-result->error), address, vmid);
	else if (result->step == BIND_MODULE && result->error == -ENXIO)
		say_error(result,
			  _("%s: the module of %s is loaded, but has no driver of that name, so "
			    "it stays on %s; its record stays; load the module that has it, then: "
			    "pve-passthrough restore %u; or correct return_to in the settings, "
			    "which counts from the VM's next start"),
			  address, driver, result->taken_driver, vmid);
	else if (result->step == BIND_MODULE && ended)
		say_error(result,
			  _("%s: the module of %s cannot be loaded (%s), so it stays on %s; "
			    "its record stays; load the module by modprobe, then: pve-passthrough "
			    "restore %u"),
			  address, driver, strerror(-result->error), result->taken_driver, vmid);
	else
		say_not_returned(vmid, result, address);
}

static void say_lost_network(const struct bind_result *result, const char *address)
{
	say_warning(
		result,
		_("%s: is back without what its interface had: %s; get that back by: ifreload -a"),
		address, result->network);
}

bool report_given_back(unsigned int vmid, const struct bind_result *result)
{
	char address[BDF_TEXT_SIZE];
	const char *driver = result->driver ? result->driver : _("no driver");

	bdf_format(&result->bdf, address);
	if (!bind_is_done(result)) {
		say_give_back_failure(vmid, result);
		return true;
	}
	if (result->step == BIND_BACK && result->driver &&
	    !strcmp(result->driver, result->taken_driver))
		say_info(result, _("%s: stays on %s, where it was before VM %u"), address,
			 result->taken_driver, vmid);
	else if (result->step == BIND_BACK)
		say_info(result, "%s: %s -> %s", address, result->taken_driver, driver);
	if (result->step == BIND_BACK && result->network)
		say_lost_network(result, address);
	else if (result->step == BIND_GONE)
		say_warning(result, _("%s: is not there any more; nothing to give back"), address);
	else if (result->step == BIND_FOREIGN)
		say_warning(result,
			    _("%s: somebody gave it another driver than %s and %s meanwhile; "
			      "left there"),
			    address, result->taken_driver, driver);
	return false;
}

bool report_failure(unsigned int vmid, const struct bind_result *result)
{
	char address[BDF_TEXT_SIZE];

	if (bind_is_done(result))
		return false;
	say_common_failure(vmid, result, bdf_format(&result->bdf, address), NULL);
	return true;
}

void report_open_group(const struct fs_root *root, const struct bind_result *result)
{
	auto_holders struct vfio_holders holders = {0};
	auto_free char *who = NULL;
	char address[BDF_TEXT_SIZE];
	int group = iommu_group_of(root, &result->bdf);

	if (group < 0 || vfio_group_holders(root, group, &holders) || !holders.open)
		return;
	who = vfio_holders_describe(&holders);
	say_info(result, _("%s: waiting for IOMMU group %d to be closed by %s"),
		 bdf_format(&result->bdf, address), group, who ? who : _("a process"));
}
