// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/start.h"

#include "hookscript/bind.h"
#include "hookscript/claim.h"
#include "hookscript/exit.h"
#include "hookscript/plan_print.h"
#include "hookscript/reboot.h"
#include "hookscript/recorded.h"
#include "hookscript/spares.h"
#include "hookscript/users.h"
#include "hookscript/variant.h"
#include "hookscript/vm.h"
#include "hookscript/watch.h"
#include "host/clock.h"
#include "host/driver.h"
#include "host/iomem.h"
#include "host/log.h"
#include "host/modules.h"
#include "host/supervise.h"

#include <stdio.h>
#include <string.h>

/* How long a start waits for drivers while udev still works through the devices of a booting host.
 */
#define UDEV_WAIT_MS  30000
#define UDEV_AGAIN_MS 100
#define UDEV_QUEUE    "run/udev/queue"

/* How long a start that has failed goes on for the sake of its other devices, at least. */
#define GIVE_BACK_MS 800

/* How often a plan may be overtaken by another process before that is an error. */
#define PLAN_ATTEMPTS 5

/* What a start has found out. */
struct start {
	const struct fs_root *root;
	unsigned int vmid;
	struct vmcfg *vm;
	struct settings settings;
	struct selection *selection;
	struct snapshot *snapshot;
	struct plan *plan;
	int64_t deadline; /* until when the devices must have been taken; 0: it has not begun */
};

static void free_start(struct start *start)
{
	plan_free(start->plan);
	snapshot_free(start->snapshot);
	selection_free(start->selection);
	settings_free(&start->settings);
	vmcfg_free(start->vm);
}

static void say_no_memory(void)
{
	log_error(_("out of memory"));
}

static void say_last_line(const struct start *start, size_t problems)
{
	log_error(
		ngettext("VM %u refused: %zu problem, above; check again: pve-passthrough plan %u",
			 "VM %u refused: %zu problems, above; check again: pve-passthrough plan %u",
			 problems),
		start->vmid, problems, start->vmid);
}

/* LABEL and the first LEN bytes of TEXT, about the device at BDF or, with NULL, none. */
static void say_of(const struct start *start, enum log_level level, const struct bdf *bdf,
		   const char *label, const char *text, size_t len)
{
	const struct device *device = bdf ? snapshot_device(start->snapshot, bdf) : NULL;

	if (bdf)
		log_device(level, bdf, device ? plan_returns_to(device) : NULL, "%s%.*s", label,
			   (int)len, text);
	else
		log_say(level, "%s%.*s", label, (int)len, text);
}

static void say_refusal(const struct start *start, const struct refusal *refusal)
{
	const char *rest = refusal->cure;
	const char *label = _("  cure: "); /* as wide as the blanks of the other lines */

	say_of(start, LOG_LEVEL_ERROR, refusal->bdf, _("refused: "), refusal->what,
	       strlen(refusal->what));
	for (; *rest; label = "        ") {
		size_t len = strcspn(rest, "\n");

		say_of(start, LOG_LEVEL_ERROR, refusal->bdf, label, rest, len);
		rest += len + (rest[len] == '\n');
	}
}

static int say_refusals(const struct start *start)
{
	for (size_t i = 0; i < start->plan->n_refusals; i++)
		say_refusal(start, &start->plan->refusals[i]);
	say_last_line(start, start->plan->n_refusals);
	return EXIT_REFUSED;
}

static int read_settings(struct start *start)
{
	auto_free char *why = NULL;

	if (!settings_read(start->root, start->vmid, &start->settings, &why)) {
		for (size_t i = 0; i < start->settings.n_warnings; i++)
			log_warning("%s", start->settings.warnings[i]);
		return EXIT_DONE;
	}
	log_error(_("refused: %s"), why ? why : _("out of memory"));
	log_error(_("  cure: correct that line, or move the file away to run with the defaults"));
	say_last_line(start, 1);
	return EXIT_REFUSED;
}

/* Plans by SETTINGS, on a new reading of the machine. */
static int make_plan(struct start *start, const struct settings *settings,
		     enum snapshot_detail detail)
{
	int err;

	plan_free(TAKE_PTR(start->plan));
	snapshot_free(TAKE_PTR(start->snapshot));
	selection_free(TAKE_PTR(start->selection));
	err = selection_read(start->root, start->vmid, start->vm, &start->selection);
	if (!err)
		err = snapshot_take(start->root, start->vmid, start->selection, detail,
				    &start->snapshot);
	if (err) {
		log_error(_("VM %u: the devices cannot be read from /sys: %s"), start->vmid,
			  strerror(-err));
		return EXIT_FAILED;
	}
	if (plan_make(start->vmid, settings, start->vm, start->selection, start->snapshot,
		      &start->plan)) {
		say_no_memory();
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

/* Waits while udev still loads drivers; returns whether anything was waited for. */
static bool wait_for_udev(const struct start *start)
{
	int64_t deadline = clock_now_ms() + UDEV_WAIT_MS;

	if (!fs_exists(start->root, UDEV_QUEUE))
		return false;
	supervise_allow(UDEV_WAIT_MS + start->settings.deadline * 1000);
	log_info(_("VM %u: waiting for udev, which still loads drivers"), start->vmid);
	while (fs_exists(start->root, UDEV_QUEUE) && clock_left_ms(deadline))
		clock_sleep_ms(UDEV_AGAIN_MS);
	return true;
}

static bool vfio_is_there(const struct fs_root *root)
{
	return driver_is_registered(root, DRIVER_VFIO_PCI) &&
	       module_is_loaded(root, "vfio_iommu_type1");
}

/* Loads what vfio-pci needs. Not in the kernel's idea of dependencies: type1, without which a group
 * opens but no device works. Kernels before 6.2 have vfio_virqfd as a module of its own. */
static int load_vfio(const struct fs_root *root)
{
	static const char *const names[] = {"vfio", "vfio_iommu_type1", "vfio_virqfd", "vfio_pci"};
	cleanup_with(modules_closep) struct modules *modules = NULL;
	int err;

	if (vfio_is_there(root))
		return EXIT_DONE;
	err = modules_open(root, &modules);
	for (size_t i = 0; !err && i < ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], "vfio_virqfd") && !modules_has(modules, names[i]))
			continue;
		err = modules_load(modules, names[i]);
		if (err)
			log_error(_("module %s cannot be loaded: %s; try: modprobe %s; journalctl "
				    "-k -n 20"),
				  names[i], strerror(-err), names[i]);
	}
	if (!err && !driver_is_registered(root, DRIVER_VFIO_PCI)) {
		log_error(_("module vfio_pci is loaded, but /sys/bus/pci/drivers/vfio-pci is "
			    "not there"));
		err = -ENODEV;
	}
	return err ? EXIT_FAILED : EXIT_DONE;
}

/* What an earlier start of this VM took and this one does not, for which there may be no plan: its
 * entry has gone from the config. */
static void give_back_leftovers(const struct start *start)
{
	auto_free struct bdf *devices = NULL;
	size_t n, unread, kept = 0;

	if (record_list(start->root, &devices, &n))
		return;
	for (size_t i = 0; i < n; i++)
		if (!start->plan || !plan_takes(start->plan, &devices[i]))
			devices[kept++] = devices[i];
	kept = recorded_keep(start->root, start->vmid, devices, kept, &unread);
	kept = recorded_keep_idle(start->root, devices, kept);
	if (kept && bind_give_back(start->root, start->vmid, devices, kept, &(struct bind_how){0}))
		log_warning(
			_("VM %u: a device that it no longer names could not be given back; the "
			  "start goes on; later: pve-passthrough restore %u"),
			start->vmid, start->vmid);
}

/* Not what hangs: its worker holds it, and waiting for that would hold up Proxmox VE, too. */
static int give_back_all(const struct start *start)
{
	int left = clock_left_ms(start->deadline);
	struct bind_how how = {.limit_ms = left < GIVE_BACK_MS ? GIVE_BACK_MS : left};
	auto_free struct bdf *devices = NULL;
	size_t n, idle, unread = 0;
	int err;

	log_error(_("VM %u: not started; giving back what was taken"), start->vmid);
	spares_forget(start->root, start->vmid);
	err = recorded_list(start->root, start->vmid, &devices, &n, &unread);
	idle = err ? 0 : recorded_keep_idle(start->root, devices, n);
	if (idle && bind_give_back(start->root, start->vmid, devices, idle, &how))
		err = -EIO;
	if (err || unread || idle < n)
		log_error(
			_("VM %u: not everything is given back yet, above; it is tried again until "
			  "it is; by hand: pve-passthrough restore %u"),
			start->vmid, start->vmid);
	return EXIT_FAILED;
}

/* From the first record on somebody must be there to give the devices back. */
static void start_watcher(const struct start *start)
{
	int err = watch_start(start->root, start->vmid);

	if (err)
		log_warning(_("VM %u: no watcher could be started (%s); if this start fails later, "
			      "give its devices back by: pve-passthrough restore %u"),
			    start->vmid, strerror(-err), start->vmid);
}

static void begin_deadline(struct start *start)
{
	int ms = start->settings.deadline * 1000;

	start->deadline = clock_now_ms() + ms;
	supervise_allow(ms);
}

/* Plans until a plan is claimed, refused, or overtaken too often. */
static int plan_and_claim(struct start *start)
{
	bool waited = false, watched = false;
	int err = -EAGAIN;

	for (int attempt = 0; err == -EAGAIN && attempt < PLAN_ATTEMPTS; attempt++) {
		int code = make_plan(start, &start->settings, SNAPSHOT_BRIEF);

		if (code)
			return code;
		if (start->plan->n_refusals)
			return say_refusals(start);
		if (!waited && snapshot_awaits_driver(start->snapshot) && wait_for_udev(start)) {
			waited = true;
			continue;
		}
		if (!watched)
			start_watcher(start);
		watched = true;
		if (!start->deadline)
			begin_deadline(start);
		err = claim_plan(start->root, start->vmid, start->deadline, &start->settings,
				 start->plan);
	}
	if (!err)
		return EXIT_DONE;
	if (err == -EBUSY || err == -EAGAIN)
		log_error(
			_("VM %u: another pve-passthrough has been working on its devices for too "
			  "long; see: pve-passthrough status; fuser /run/pve-passthrough/locks/*"),
			start->vmid);
	else
		log_error(_("VM %u: no record can be written in /%s: %s; nothing was touched"),
			  start->vmid, RECORD_FOLDER, strerror(-err));
	return EXIT_FAILED;
}

/* Stops what the settings name, and looks whether that was what used the devices. */
static int make_room(struct start *start)
{
	struct settings stopped_all = start->settings;
	auto_free struct device_setting *devices = NULL;
	bool stopped = false;
	int code;

	if (users_stop(start->root, start->vmid, &start->settings, start->plan, &stopped))
		return EXIT_FAILED;
	if (!stopped && !start->plan->deferred)
		return EXIT_DONE;
	/* What is stopped by now is no hope any more. */
	devices = calloc(stopped_all.n_devices + 1, sizeof(*devices));
	if (!devices) {
		say_no_memory();
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < stopped_all.n_devices; i++) {
		devices[i] = stopped_all.devices[i];
		devices[i].n_stop_units = devices[i].n_stop_ct = 0;
	}
	stopped_all.devices = devices;
	begin_deadline(start);
	code = make_plan(start, &stopped_all, SNAPSHOT_BRIEF);
	return !code && start->plan->n_refusals ? say_refusals(start) : code;
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

static int check_framebuffers(const struct start *start)
{
	int err = 0;

	for (size_t i = 0; !err && i < start->plan->n_steps; i++)
		err = check_framebuffer(start, &start->plan->steps[i]);
	return err;
}

static void say_warnings(const struct start *start)
{
	for (size_t i = 0; i < start->plan->n_warnings; i++) {
		const struct plan_warning *warning = &start->plan->warnings[i];

		say_of(start, LOG_LEVEL_WARNING, warning->bdf, "", warning->what,
		       strlen(warning->what));
	}
}

static int take_planned(struct start *start)
{
	spares_keep(start->root, start->vmid, &start->settings, start->plan, start->selection);
	if (make_room(start) || load_vfio(start->root) || variant_load(start->root, start->plan) ||
	    bind_take(start->root, start->vmid, start->deadline, start->plan) ||
	    check_framebuffers(start))
		return give_back_all(start);
	return EXIT_DONE;
}

static int start_with_devices(struct start *start)
{
	int code = read_settings(start);

	if (!code)
		code = plan_and_claim(start);
	if (start->plan)
		say_warnings(start);
	if (!code && start->plan && start->plan->n_steps)
		code = take_planned(start);
	if (!code)
		give_back_leftovers(start);
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

/* Only a reboot leaves devices taken that a VM's start might no longer name. A look whether there
 * is its note is all that this costs a VM without devices. */
static int start_without_devices(const struct start *start)
{
	if (reboot_left_ms(start->root, start->vmid) < 0)
		return EXIT_DONE;
	give_back_leftovers(start);
	end_reboot(start);
	return EXIT_DONE;
}

int start_pre(const struct fs_root *root, unsigned int vmid)
{
	cleanup_with(free_start) struct start start = {.root = root, .vmid = vmid};
	int code = EXIT_FAILED;

	if (!vm_read(root, vmid, &start.vm))
		code = selection_is_needed(start.vm) ? start_with_devices(&start)
						     : start_without_devices(&start);
	/* Proxmox VE does not go on with it: its watcher gives back what was kept. */
	if (code)
		end_reboot(&start);
	return code;
}

int start_undo(const struct fs_root *root, unsigned int vmid)
{
	struct start start = {.root = root, .vmid = vmid};

	start.deadline = clock_now_ms() + (int64_t)settings_default.deadline * 1000;
	return give_back_all(&start);
}

/* ---- plan ---- */

int start_plan(const struct fs_root *root, unsigned int vmid)
{
	cleanup_with(free_start) struct start start = {.root = root, .vmid = vmid};
	int code;

	if (vm_read(root, vmid, &start.vm))
		return EXIT_FAILED;
	if (!selection_is_needed(start.vm)) {
		printf(vmcfg_is_template(start.vm)
			       ? _("VM %u: is a template: a start touches nothing\n")
			       : _("VM %u: has no hostpci entry that needs binding: a start "
				   "touches nothing\n"),
		       vmid);
		return EXIT_DONE;
	}
	code = read_settings(&start);
	if (!code)
		code = make_plan(&start, &start.settings, SNAPSHOT_DETAIL);
	supervise_allow(SUPERVISE_FOREVER);
	if (code)
		return code;
	say_warnings(&start);
	if (start.plan->n_refusals)
		return say_refusals(&start);
	if (plan_print(root, vmid, &start.settings, start.plan)) {
		say_no_memory();
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}
