// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/bind_report.h"

#include "hookscript/records/record.h"
#include "host/pci/iommu.h"
#include "host/pci/modules.h"
#include "host/pci/pci.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/pci/vfio.h"

#include <string.h>

/* Each says a line about the device, whose address is the first argument of FORMAT. */
#define say_info(device, ...)	 say(LOG_LEVEL_INFO, device, __VA_ARGS__)
#define say_warning(device, ...) say(LOG_LEVEL_WARNING, device, __VA_ARGS__)
#define say_error(device, ...)	 say(LOG_LEVEL_ERROR, device, __VA_ARGS__)
#define say(level, device, format, ...)                                                \
	log_device(level, &(device)->bdf, (device)->driver, format, (device)->address, \
		   ##__VA_ARGS__)

/* Each follows "while". */
static const char *const step_names[] = {
	[BIND_START] = N_("starting a worker process"),
	[BIND_LOCK] = N_("waiting for another process that works on this device"),
	[BIND_RECORD] = N_("reading or writing its record in /run/pve-passthrough/records"),
	[BIND_IMAGE] = N_("comparing its driver with the planned one"),
	[BIND_IDENTITY] = N_("reading its ids"),
	[BIND_GROUP] = N_("waiting for its IOMMU group to be closed"),
	[BIND_ANSWER] = N_("reading its configuration space"),
	[BIND_MODULE] = N_("loading its driver's module"),
	[BIND_OVERRIDE] = N_("writing driver_override"),
	[BIND_UNBIND] = N_("writing driver/unbind"),
	[BIND_ID] = N_("writing /sys/bus/pci/drivers/vfio-pci/remove_id"),
	[BIND_ATTRIBUTE] = N_("writing reset_method or d3cold_allowed, as the settings say"),
	[BIND_UNLOAD] = N_("unloading a module that the settings name in 'unload'"),
	[BIND_VARIANT] = N_("looking for the VFIO device that its driver makes"),
	[BIND_VF] = N_("reading what its network card keeps for it (MAC, VLAN)"),
	[BIND_VF_SET + VF_NET_VLAN] = N_("setting its VLAN on its network card"),
	[BIND_VF_SET + VF_NET_MAC] = N_("setting its MAC on its network card"),
	[BIND_VF_SET + VF_NET_SPOOFCHK] = N_("setting spoofchk on its network card"),
	[BIND_VF_SET + VF_NET_TRUST] = N_("setting trust on its network card"),
	[BIND_VF_SET + VF_NET_LINK_STATE] = N_("setting the state of its link on its network card"),
	[BIND_PROBE] = N_("writing /sys/bus/pci/drivers_probe"),
};

static const char *step_name(enum bind_step step)
{
	return step < ARRAY_SIZE(step_names) ? _(step_names[step]) : _("working on it");
}

/* What a failure means, in words that name the next thing to do. WHO holds the device, or NULL. */
static void say_common_failure(const struct bind_device *device, const char *who)
{
	auto_free char *worker = device->process ? fs_path(_(" (process %d)"), device->process)
						 : NULL;

	if (device->error == -ETIMEDOUT && device->step != BIND_GROUP)
		say_error(device,
			  _("%s: stuck in the kernel while %s%s; it cannot be killed; %s; its "
			    "record stays, and it is given back when the kernel lets go of it; by "
			    "hand: pve-passthrough restore %s"),
			  step_name(device->step), worker ? worker : "",
			  who ? who : _("something on this host still uses the device"),
			  record_owner_word(device->bind->vmid));
	else if (device->error == -ECANCELED)
		say_error(device,
			  _("%s: the worker was killed while %s; its record stays; give it back: "
			    "pve-passthrough restore %s"),
			  step_name(device->step), record_owner_word(device->bind->vmid));
	else if (device->step == BIND_LOCK && device->error == -EBUSY)
		say_error(device,
			  _("%s: another process has been working on this device for too long; "
			    "look at: pve-passthrough status; fuser /run/pve-passthrough/locks/%s"),
			  device->address);
	else
		say_error(device, _("%s: failed while %s: %s"), step_name(device->step),
			  device->step >= BIND_VF && device->step <= BIND_VF_SET_LAST
				  ? vf_net_strerror(device->error)
				  : strerror(-device->error));
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

static void say_take_failure(const struct bind_device *device, const struct plan *plan)
{
	auto_free char *who = accepted_uses(plan, &device->bdf);

	if (device->step == BIND_PROBE && device->error != -ETIMEDOUT &&
	    device->error != -ECANCELED)
		say_error(device,
			  _("%s: %s did not take it (%s); the kernel's log says why: "
			    "journalctl -k -g '%s|vfio'"),
			  device->taken_driver, strerror(-device->error), device->address);
	else if (device->step == BIND_VARIANT && device->error == -ENODEV)
		say_error(
			device,
			_("%s: %s took it, but is not a vfio variant driver, so no guest could use "
			  "the device; correct driver = \"%s\" in the settings: "
			  "pve-passthrough settings %u"),
			device->taken_driver, device->taken_driver, device->bind->vmid);
	else
		say_common_failure(device, who);
}

bool report_taken(const struct bind_device *device, const struct plan_step *step,
		  const struct plan *plan)
{
	const char *driver = step->device->driver ? step->device->driver : _("no driver");

	if (bind_is_done(device) && device->step == BIND_ALREADY)
		say_info(device, _("%s: is on %s already, and will stay there"),
			 device->taken_driver);
	else if (bind_is_done(device) && !strcmp(driver, device->taken_driver))
		say_info(device, _("%s [%04x:%04x]: stays on %s, for %s; will return to %s"),
			 step->device->identity.vendor, step->device->identity.device, driver,
			 record_owner(device->bind->vmid),
			 step->returns_to ? step->returns_to : _("no driver"));
	else if (bind_is_done(device))
		say_info(device, _("%s [%04x:%04x]: %s -> %s, for %s; will return to %s"),
			 step->device->identity.vendor, step->device->identity.device, driver,
			 device->taken_driver, record_owner(device->bind->vmid),
			 step->returns_to ? step->returns_to : _("no driver"));
	else if (device->error)
		say_take_failure(device, plan);
	return !bind_is_done(device);
}

/* The driver that the device has now, for "its driver now: "; a new string, or NULL without memory.
 */
static char *driver_now(const struct bind_device *device)
{
	auto_free char *driver = NULL;
	int err = pci_driver(device->bind->root, &device->bdf, &driver);

	if (err)
		return strdup(_("unknown"));
	return driver ? TAKE_PTR(driver) : strdup(_("none"));
}

static void say_not_returned(const struct bind_device *device)
{
	auto_free char *now = driver_now(device);

	if (!device->error)
		say_error(device,
			  _("%s: not given back, because of another function of its slot, above; "
			    "its record stays"));
	else if (device->step == BIND_GROUP && device->error == -ETIMEDOUT)
		say_error(device,
			  _("%s: not given back: its IOMMU group is still open, and unbinding "
			    "a device of an open group hangs the host; its record stays, "
			    "and it is given back when what uses it has ended; by hand: "
			    "pve-passthrough restore %s"),
			  record_owner_word(device->bind->vmid));
	else if (device->step == BIND_GROUP)
		say_error(device,
			  _("%s: not given back: who has its IOMMU group open cannot be read (%s); "
			    "its record stays; by hand: pve-passthrough restore %s"),
			  strerror(-device->error), record_owner_word(device->bind->vmid));
	else if (device->step == BIND_IDENTITY && device->error == -ESTALE)
		say_error(device,
			  _("%s: the device at this address is not the one that was taken, so it "
			    "is left alone; if the hardware was exchanged, remove the record: rm "
			    "/%s/%s"),
			  RECORD_DIR, device->address);
	else if (device->step == BIND_ANSWER && device->error == -ENODATA)
		say_error(
			device,
			_("%s: not given back: it does not answer any more (its configuration "
			  "space reads as ff), so its own driver is not probed on it; its driver "
			  "now: %s; its record stays; a cold start brings it back: shut this host "
			  "down, disconnect it from power for ten seconds, and switch it on"),
			now ? now : "?");
	else
		say_common_failure(device, NULL);
}

static void say_give_back_failure(const struct bind_device *device)
{
	const char *driver = device->driver ? device->driver : _("its driver");
	bool ended = device->error != -ETIMEDOUT && device->error != -ECANCELED;
	auto_free char *now = ended ? driver_now(device) : NULL;

	if (device->bind->brief && device->error == -ETIMEDOUT)
		say_warning(device, _("%s: not given back yet: process %d is still %s"),
			    device->process, step_name(device->step));
	else if (device->step == BIND_PROBE && ended)
		say_error(device,
			  _("%s: %s did not take it back (%s); its driver now: %s; the kernel's "
			    "log says why: journalctl -k -g %s; its record stays; then: "
			    "pve-passthrough restore %s"),
			  driver, strerror(-device->error), now ? now : "?", device->address,
			  record_owner_word(device->bind->vmid));
	else if (device->step == BIND_MODULE && device->error == -ENXIO)
		say_error(device,
			  _("%s: the module of %s is loaded, but has no driver of that name; its "
			    "driver now: %s; its record stays; load the module that has it, then: "
			    "pve-passthrough restore %s; or correct return_to in the settings, "
			    "which counts from the VM's next start"),
			  driver, now ? now : "?", record_owner_word(device->bind->vmid));
	else if (device->step == BIND_MODULE && ended)
		say_error(device,
			  _("%s: the module of %s cannot be loaded (%s); its driver now: %s; "
			    "its record stays; load the module by modprobe, then: pve-passthrough "
			    "restore %s"),
			  driver, module_strerror(device->error), now ? now : "?",
			  record_owner_word(device->bind->vmid));
	else
		say_not_returned(device);
}

static void say_lost_network(const struct bind_device *device)
{
	say_warning(
		device,
		_("%s: is back without what its interface had: %s; get that back by: ifreload -a"),
		device->record->network);
}

bool report_given_back(const struct bind_device *device)
{
	const char *driver = device->driver ? device->driver : _("no driver");

	if (!bind_is_done(device)) {
		say_give_back_failure(device);
		return true;
	}
	if (device->step == BIND_INEXACT)
		say_warning(device,
			    _("%s: %s -> %s; but its network card refused what it had kept for it "
			      "before, so that stays as %s had it; see: ip link show"),
			    device->taken_driver, driver, record_owner(device->bind->vmid));
	else if (device->step == BIND_BACK && device->driver &&
		 !strcmp(device->driver, device->taken_driver))
		say_info(device, _("%s: stays on %s, where it was before %s"), device->taken_driver,
			 record_owner(device->bind->vmid));
	else if (device->step == BIND_BACK)
		say_info(device, "%s: %s -> %s", device->taken_driver, driver);
	if ((device->step == BIND_BACK || device->step == BIND_INEXACT) && device->record->network)
		say_lost_network(device);
	else if (device->step == BIND_GONE)
		say_warning(device, _("%s: is not there any more; nothing to give back"));
	else if (device->step == BIND_FOREIGN)
		say_warning(device,
			    _("%s: another driver than %s or %s has been bound to it since; "
			      "left there"),
			    device->taken_driver, driver);
	return false;
}

void report_followed(const struct bind_device *device)
{
	if (!bind_is_done(device))
		say_common_failure(device, NULL);
	else if (device->vf_wanted.known)
		say_info(device,
			 _("%s: Proxmox VE took it for VM %u; its settings (MAC, VLAN) are applied "
			   "now"),
			 device->bind->vmid);
}

void report_disabled(const struct bind_device *device)
{
	if (bind_is_done(device))
		say_error(device,
			  _("%s: VM %u runs with it, and its settings (MAC, VLAN) could not be "
			    "applied, above; its link is disabled until the VM stops, so that its "
			    "guest is not in the wrong network"),
			  device->bind->vmid);
	else
		say_error(device,
			  _("%s: VM %u runs with it, and neither could its settings (MAC, VLAN) be "
			    "applied, above, nor its link be disabled (%s): its guest is in the "
			    "wrong network; stop it: qm stop %u"),
			  device->bind->vmid, vf_net_strerror(device->error), device->bind->vmid);
}

bool report_failure(const struct bind_device *device)
{
	if (bind_is_done(device))
		return false;
	say_common_failure(device, NULL);
	return true;
}

void report_open_group(const struct bind_device *device)
{
	auto_holders struct vfio_holders holders = {0};
	auto_free char *who = NULL;
	int group = iommu_group_of(device->bind->root, &device->bdf);

	if (group < 0 || vfio_group_holders(device->bind->root, group, &holders) || !holders.open)
		return;
	who = vfio_holders_describe(&holders);
	say_info(device, _("%s: waiting for IOMMU group %d to be closed by %s"), group,
		 who ? who : _("a process"));
}
