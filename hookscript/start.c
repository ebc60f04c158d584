// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/start.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/plan/plan.h"

#include "hookscript/bind/bind.h"
#include "hookscript/bind/claim.h"
#include "hookscript/bind/fdb_guests.h"
#include "hookscript/bind/load.h"
#include "hookscript/bind/make_vfs.h"
#include "hookscript/pve/exit.h"
#include "hookscript/plan/facts.h"
#include "hookscript/plan/facts_state.h"
#include "hookscript/plan/plan_print.h"
#include "hookscript/records/reboot.h"
#include "hookscript/records/recorded.h"
#include "hookscript/bind/spares.h"
#include "hookscript/bind/users.h"
#include "hookscript/watch.h"
#include "host/base/clock.h"
#include "host/pci/iomem.h"
#include "host/base/log.h"
#include "host/pci/pci.h"
#include "host/pci/sriov.h"
#include "host/process/supervise.h"

#include <string.h>

/* How long a start waits for drivers while udev works through the devices of a booting host. */
#define UDEV_WAIT_MS  30000
#define UDEV_AGAIN_MS 100
#define UDEV_QUEUE    "run/udev/queue"

/* How long a start that has failed gives its other devices back, at least. */
#define GIVE_BACK_MS 800

/* How often a plan may be overtaken by another process before that is an error. */
#define PLAN_ATTEMPTS 5

/* How long a driver may be away that is being loaded anew. */
#define DRIVER_WAIT_MS	3000
#define DRIVER_AGAIN_MS 100

/* A start, with what it has read and decided. */
struct start {
	const struct fs_root *root;
	unsigned int vmid;
	const struct settings *settings;
	struct facts *facts;
	struct plan *plan;
	struct plan *said; /* the one before, whose warnings were printed */
	int64_t deadline;  /* until when the devices must have been taken; 0: it has not begun */
};

static void free_start(struct start *start)
{
	plan_free(start->plan);
	plan_free(start->said);
	facts_free(start->facts);
}

/* Reports why; NULL: out of memory. Returns EXIT_FAILED. */
static int failed(const char *why)
{
	log_error("%s", why ? why : _("out of memory"));
	return EXIT_FAILED;
}

static int read_facts(struct start *start, unsigned int scope)
{
	auto_free char *why = NULL;

	plan_free(TAKE_PTR(start->plan));
	facts_free(TAKE_PTR(start->facts));
	if (facts_read(start->root, start->vmid, start->settings, scope, &start->facts, &why))
		return failed(why);
	return EXIT_DONE;
}

static int make_plan(struct start *start)
{
	return plan_make(start->facts, &start->plan) ? failed(NULL) : EXIT_DONE;
}

/* Prints the warnings of the plan, but for those that SAID has, and its refusals. */
static int say_plan(const struct start *start, const struct plan *said)
{
	plan_print_warnings(start->plan, said, start->facts, false);
	if (!start->plan->n_refusals)
		return EXIT_DONE;
	plan_print_refusals(start->plan, start->facts, false);
	return EXIT_REFUSED;
}

/* Waits while udev still loads drivers; returns whether anything was waited for. */
static bool wait_for_udev(const struct start *start)
{
	int64_t deadline = clock_now_ms() + UDEV_WAIT_MS;

	if (!fs_probe(start->root, UDEV_QUEUE))
		return false;
	supervise_allow(UDEV_WAIT_MS + start->settings->deadline * 1000);
	log_info(_("VM %u: waiting for udev, which still loads drivers"), start->vmid);
	while (fs_probe(start->root, UDEV_QUEUE) && clock_left_ms(deadline))
		clock_sleep_ms(UDEV_AGAIN_MS);
	return true;
}

/* What an earlier start of this VM took and this one does not, for which there may be no plan: its
 * entry has gone from the config. */
static void give_back_leftovers(const struct start *start)
{
	auto_recorded struct recorded recorded = {0};

	int err = recorded_list(start->root, start->vmid, &recorded);

	for (size_t i = recorded.n; i-- > 0;)
		if (start->plan && plan_takes(start->plan, &recorded.items[i]->bdf))
			recorded_drop(&recorded, i);
	recorded_drop_busy(start->root, &recorded);
	if (recorded.n && bind_give_back(start->root, start->vmid, &recorded, 0))
		err = -EIO;
	if (err)
		log_warning(
			_("VM %u: a device that it no longer names could not be given back; the "
			  "start goes on; later: pve-passthrough restore %u"),
			start->vmid, start->vmid);
}

/* Not what hangs: its worker holds it, and waiting for that would hold up Proxmox VE, too. */
static int give_back_all(const struct start *start)
{
	int left = clock_left_ms(start->deadline);
	auto_recorded struct recorded recorded = {0};
	size_t n;
	int err;

	log_error(_("VM %u: not started; giving back what was taken"), start->vmid);
	spares_forget(start->root, start->vmid);
	err = recorded_list(start->root, start->vmid, &recorded);
	n = recorded.n;
	recorded_drop_busy(start->root, &recorded);
	if (recorded.n && bind_give_back(start->root, start->vmid, &recorded,
					 left < GIVE_BACK_MS ? GIVE_BACK_MS : left))
		err = -EIO;
	if (err || recorded.unread || recorded.n < n)
		log_error(
			_("VM %u: not everything is given back yet, above; it is tried again until "
			  "it is; by hand: pve-passthrough restore %u"),
			start->vmid, start->vmid);
	return EXIT_FAILED;
}

static void begin_deadline(struct start *start)
{
	int ms = start->settings->deadline * 1000;

	start->deadline = clock_now_ms() + ms;
	supervise_allow(ms);
}

static int claim_failed(const struct start *start, int err)
{
	if (err == -EBUSY || err == -EAGAIN)
		log_error(
			_("VM %u: another pve-passthrough has been working on its devices for too "
			  "long; see: pve-passthrough status; fuser /run/pve-passthrough/locks/*"),
			start->vmid);
	else
		log_error(_("VM %u: no record can be written in /%s: %s; nothing was touched"),
			  start->vmid, RECORD_DIR, strerror(-err));
	return EXIT_FAILED;
}

/* Makes the VFs that the plan wants, of which the next one knows. */
static int make_planned_vfs(struct start *start)
{
	supervise_allow((int)start->plan->n_vfs * 2 * SRIOV_SET_MS +
			start->settings->deadline * 1000);
	return make_vfs(start->root, start->vmid, start->plan) ? EXIT_FAILED : EXIT_DONE;
}

/* Plans until a plan is claimed, refused, or overtaken too often. */
static int plan_and_claim(struct start *start)
{
	bool waited = false, watched = false;
	int err = -EAGAIN;

	for (int attempt = 0; err == -EAGAIN && attempt < PLAN_ATTEMPTS; attempt++) {
		int code = attempt ? read_facts(start, FACTS_START) : EXIT_DONE;

		if (!code)
			code = make_plan(start);
		if (code)
			return code;
		if (start->plan->n_refusals)
			break;
		if (start->plan->n_vfs) {
			code = make_planned_vfs(start);
			if (code)
				return code;
			continue;
		}
		if (!waited && facts_await_driver(start->facts) && wait_for_udev(start)) {
			waited = true;
			continue;
		}
		/* Before the first record is written. */
		if (!watched)
			watch_start(start->root, start->vmid);
		watched = true;
		if (!start->deadline)
			begin_deadline(start);
		err = claim_plan(start->root, start->vmid, start->deadline, start->settings,
				 start->plan);
	}
	if (say_plan(start, start->said))
		return EXIT_REFUSED;
	return err ? claim_failed(start, err) : EXIT_DONE;
}

/* Stops what the settings name, and looks whether that was what used the devices. */
static int make_room(struct start *start)
{
	cleanup_with(plan_freep) struct plan *said = NULL;
	bool stopped = false;
	int code;

	if (users_stop(start->root, start->vmid, start->settings, start->plan, &stopped))
		return EXIT_FAILED;
	if (!stopped && !start->plan->deferred)
		return EXIT_DONE;
	begin_deadline(start);
	said = TAKE_PTR(start->plan);
	code = read_facts(start, FACTS_START);
	if (code)
		return code;
	start->facts->users_stopped = true;
	code = make_plan(start);
	return code ? code : say_plan(start, said);
}

/* vfio-pci has the device, but the host's boot messages still go to its memory: the guest would get
 * a card that does not work. */
static int check_framebuffer(const struct start *start, const struct plan_step *step)
{
	const struct device *device = step->device;
	auto_free char *name = NULL;
	char address[BDF_TEXT_SIZE];
	int err;

	if (device->identity.class >> 16 != PCI_BASE_CLASS_DISPLAY)
		return 0;
	err = iomem_boot_framebuffer(start->root, &device->bdf, &name);
	if (err && !fs_is_absent(err)) {
		log_device(LOG_LEVEL_ERROR, &device->bdf, step->returns_to,
			   _("%s: whether the framebuffer of the host's boot messages lies in its "
			     "memory cannot be read (/proc/iomem): %s"),
			   bdf_format(&device->bdf, address), log_strerror(err));
		return err;
	}
	if (err || !name)
		return 0; /* no such file: nothing is known against it */
	log_device(LOG_LEVEL_ERROR, &device->bdf, step->returns_to,
		   _("%s: the framebuffer of the host's boot messages (%s in /proc/iomem) still "
		     "lies in its memory, so no guest can use it; cure: host-setup enable "
		     "--kernel-arg initcall_blacklist=sysfb_init && reboot; the host's screen then "
		     "stays dark until a driver of its own takes the card"),
		   bdf_format(&device->bdf, address), name);
	return -EBUSY;
}

/* Returns -EAGAIN when a driver has changed since the plan was made; else an exit code. */
static int take_planned(struct start *start)
{
	int err;

	if (spares_keep(start->root, start->vmid, start->settings, start->plan, start->facts) ||
	    make_room(start) || load_vfio(start->root) || load_variants(start->root, start->plan))
		return give_back_all(start);
	err = bind_take(start->root, start->vmid, start->deadline, start->plan);
	if (err == -EAGAIN)
		return err;
	for (size_t i = 0; !err && i < start->plan->n_steps; i++)
		err = check_framebuffer(start, &start->plan->steps[i]);
	return err ? give_back_all(start) : EXIT_DONE;
}

/* Whether the device has lost the driver that it was planned with. */
static bool lost_driver(const struct start *start, const struct device *device)
{
	auto_free char *now = NULL;

	return device->driver && !device->record && !pci_driver(start->root, &device->bdf, &now) &&
	       !now;
}

/* A driver that is unloaded and loaded again is away for a moment. */
static void await_drivers(const struct start *start)
{
	int64_t deadline = clock_now_ms() + DRIVER_WAIT_MS;

	for (size_t i = 0; i < start->plan->n_steps; i++)
		while (lost_driver(start, start->plan->steps[i].device) && clock_left_ms(deadline))
			clock_sleep_ms(DRIVER_AGAIN_MS);
}

static int plan_again(struct start *start)
{
	log_info(_("VM %u: a driver has changed while its start was planned: planned again"),
		 start->vmid);
	await_drivers(start);
	begin_deadline(start);
	plan_free(start->said);
	start->said = TAKE_PTR(start->plan);
	return read_facts(start, FACTS_START);
}

/* Plans and takes, until no driver changes in between. */
static int take_devices(struct start *start)
{
	int code = plan_and_claim(start);

	if (!code && start->plan->n_steps)
		code = take_planned(start);
	for (int attempt = 1; code == -EAGAIN && attempt < PLAN_ATTEMPTS; attempt++) {
		code = plan_again(start) ?: plan_and_claim(start);
		if (code) {
			give_back_all(start);
			return code;
		}
		code = take_planned(start);
	}
	if (code != -EAGAIN)
		return code;
	log_error(_("VM %u: the drivers of its devices change all the time; see: journalctl -k -n "
		    "50"),
		  start->vmid);
	return give_back_all(start);
}

static int start_with_devices(struct start *start)
{
	int code = take_devices(start);

	if (!code)
		give_back_leftovers(start);
	for (size_t i = 0; !code && i < start->plan->n_steps; i++)
		if (start->plan->steps[i].fdb && start->plan->steps[i].vf->port.bridge) {
			/* A guest without that is no reason not to start it. */
			fdb_update(start->root, true);
			break;
		}
	return code;
}

/* The start that a reboot keeps devices for has come, and does not take them over. */
static void end_reboot(const struct start *start)
{
	int err = reboot_forget(start->root, start->vmid);

	if (err)
		log_warning(_("VM %u: the note of its reboot cannot be removed: %s; what was kept "
			      "for this start goes back within a minute"),
			    start->vmid, strerror(-err));
}

/* Lines of the config that Proxmox VE drops; the plan of a VM with other devices has them, too. */
static void warn_of_dropped(const struct facts *facts, enum log_level level)
{
	for (size_t i = 0; i < facts->vm->n_dropped; i++) {
		auto_free char *text = plan_dropped_text(facts, i);

		log_say(level, "%s", text ? text : _("out of memory"));
	}
	if (facts->args && facts->args->dropped)
		log_say(level, _("args: %s; Proxmox VE passes nothing of this line to QEMU"),
			facts->args->dropped);
}

int start_pre_start(const struct fs_root *root, unsigned int vmid, const struct settings *settings)
{
	cleanup_with(free_start) struct start start = {
		.root = root, .vmid = vmid, .settings = settings};
	int code = read_facts(&start, FACTS_START);
	bool binds = !code && facts_need_binding(start.facts);

	if (!code && !binds)
		warn_of_dropped(start.facts, LOG_LEVEL_WARNING);
	if (binds)
		code = start_with_devices(&start);
	/* Only a reboot leaves devices taken that a VM's start might no longer name. */
	else if (!code && reboot_left_ms(root, vmid) >= 0)
		give_back_leftovers(&start);
	/* A claim has ended it already; after a failure the watcher gives back what was kept. */
	if (code || !binds)
		end_reboot(&start);
	return code;
}

int start_undo(const struct fs_root *root, unsigned int vmid, const struct settings *settings)
{
	struct start start = {.root = root, .vmid = vmid, .settings = settings};

	begin_deadline(&start);
	return give_back_all(&start);
}

/* ---- plan ---- */

static int print_plan(struct start *start)
{
	int code = make_plan(start);

	if (code)
		return code;
	plan_print_warnings(start->plan, NULL, start->facts, true);
	if (start->plan->n_refusals) {
		plan_print_refusals(start->plan, start->facts, true);
		return EXIT_REFUSED;
	}
	if (plan_print(start->root, start->facts, start->plan))
		return failed(NULL);
	plan_print_notes(start->plan, true);
	return EXIT_DONE;
}

int start_plan(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	cleanup_with(free_start) struct start start = {
		.root = root, .vmid = vmid, .settings = &settings};
	auto_free char *pending = NULL;
	int code;

	settings_read(root, vmid, &settings);
	settings_set_language(&settings);
	code = read_facts(&start, FACTS_NEXT_START | FACTS_MODULES);
	if (!code && facts_read_early(root, start.facts))
		code = failed(_("what is held early cannot be read"));
	supervise_allow(SUPERVISE_FOREVER);
	if (code)
		return code;
	if (facts_need_binding(start.facts))
		return print_plan(&start);
	pending = plan_pending_text(start.facts);
	if (pending)
		log_info("%s", pending);
	warn_of_dropped(start.facts, LOG_LEVEL_INFO);
	if (vmcfg_is_template(start.facts->vm))
		log_info(_("VM %u is a template: a start touches nothing"), vmid);
	else if (start.facts->vm->n_dropped && !facts_have_devices(start.facts))
		log_info(_("VM %u has no valid entry: a start touches nothing, and gives it no "
			   "device"),
			 vmid);
	else
		log_info(_("VM %u has no hostpci entry that needs binding: a start touches "
			   "nothing"),
			 vmid);
	return EXIT_DONE;
}
