// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/phases/take.h"

#include "hookscript/bind/bind.h"
#include "hookscript/bind/claim.h"
#include "hookscript/bind/load.h"
#include "hookscript/bind/make_vfs.h"
#include "hookscript/bind/spares.h"
#include "hookscript/bind/users.h"
#include "hookscript/plan/facts/facts_state.h"
#include "hookscript/plan/plan_print.h"
#include "hookscript/pve/exit.h"
#include "hookscript/records/recorded.h"
#include "hookscript/watch.h"
#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/pci/iomem.h"
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

void take_free(struct take *take)
{
	plan_free(take->plan);
	plan_free(take->said);
	facts_free(take->facts);
}

int take_read_facts(struct take *take, unsigned int scope)
{
	auto_free char *why = NULL;

	plan_free(TAKE_PTR(take->plan));
	facts_free(TAKE_PTR(take->facts));
	if (take->tested
		    ? facts_read_tested(take->root, take->settings, take->tested, &take->facts,
					&why)
		    : facts_read(take->root, take->vmid, take->settings, scope, &take->facts, &why))
		return exit_failed(why);
	return EXIT_DONE;
}

int take_make_plan(struct take *take)
{
	if (plan_make(take->facts, &take->plan))
		return exit_failed(NULL);
	for (size_t i = 0; take->tested && i < take->plan->n_steps; i++)
		if (!bdf_compare(&take->plan->steps[i].device->bdf, take->tested))
			take->plan->steps[i].reset_method = take->reset_method;
	return EXIT_DONE;
}

int take_say_plan(const struct take *take, const struct plan *said)
{
	plan_print_warnings(take->plan, said, take->facts, false);
	if (!take->plan->n_refusals)
		return EXIT_DONE;
	plan_print_refusals(take->plan, take->facts, false);
	return EXIT_REFUSED;
}

int take_read_next_start(struct take *take)
{
	int code = take_read_facts(take, FACTS_NEXT_START | FACTS_MODULES);

	if (!code && facts_read_early(take->root, take->facts))
		code = exit_failed(_("what is held early cannot be read"));
	/* What is printed may be read slowly. */
	supervise_allow(SUPERVISE_FOREVER);
	return code;
}

/* Waits while udev still loads drivers; returns whether anything was waited for. */
static bool wait_for_udev(const struct take *take)
{
	int64_t deadline = clock_now_ms() + UDEV_WAIT_MS;

	if (!fs_probe(take->root, UDEV_QUEUE))
		return false;
	supervise_allow(UDEV_WAIT_MS + take->settings->deadline * 1000);
	log_info(_("%s: waiting for udev, which still loads drivers"), record_owner(take->vmid));
	while (fs_probe(take->root, UDEV_QUEUE) && clock_left_ms(deadline))
		clock_sleep_ms(UDEV_AGAIN_MS);
	return true;
}

/* Not what hangs: its worker holds it, and waiting for that would hold up Proxmox VE, too. */
int take_give_back_all(const struct take *take)
{
	int left = clock_left_ms(take->deadline);
	auto_recorded struct recorded recorded = {0};
	size_t n;
	int err;

	log_error(_("%s: not started; giving back what was taken"), record_owner(take->vmid));
	spares_forget(take->root, take->vmid);
	err = recorded_list(take->root, take->vmid, &recorded);
	n = recorded.n;
	recorded_drop_busy(take->root, &recorded);
	if (recorded.n && bind_give_back(take->root, take->vmid, &recorded,
					 left < GIVE_BACK_MS ? GIVE_BACK_MS : left, false))
		err = -EIO;
	if (err || recorded.unread || recorded.n < n)
		log_error(
			_("%s: not everything is given back yet, above; it is tried again until it "
			  "is; by hand: pve-passthrough restore %s"),
			record_owner(take->vmid), record_owner_word(take->vmid));
	return EXIT_FAILED;
}

void take_begin_deadline(struct take *take)
{
	int ms = take->settings->deadline * 1000;

	take->deadline = clock_now_ms() + ms;
	supervise_allow(ms);
}

static int claim_failed(const struct take *take, int err)
{
	if (err == -EBUSY || err == -EAGAIN)
		log_error(
			_("%s: another pve-passthrough has been working on its devices for too "
			  "long; see: pve-passthrough status; fuser /run/pve-passthrough/locks/*"),
			record_owner(take->vmid));
	else
		log_error(_("%s: no record can be written in /%s: %s; nothing was touched"),
			  record_owner(take->vmid), RECORD_DIR, strerror(-err));
	return EXIT_FAILED;
}

/* Makes the VFs that the plan wants, of which the next one knows. */
static int make_planned_vfs(struct take *take)
{
	supervise_allow((int)take->plan->n_vfs * 2 * SRIOV_SET_MS +
			take->settings->deadline * 1000);
	return make_vfs(take->root, take->vmid, take->plan) ? EXIT_FAILED : EXIT_DONE;
}

/* Plans until a plan is claimed, refused, or overtaken too often. */
static int plan_and_claim(struct take *take)
{
	bool waited = false, watched = false;
	int err = -EAGAIN;

	for (int attempt = 0; err == -EAGAIN && attempt < PLAN_ATTEMPTS; attempt++) {
		int code = attempt ? take_read_facts(take, FACTS_START) : EXIT_DONE;

		if (!code)
			code = take_make_plan(take);
		if (code)
			return code;
		if (take->plan->n_refusals)
			break;
		if (take->plan->n_vfs) {
			code = make_planned_vfs(take);
			if (code)
				return code;
			continue;
		}
		if (!waited && facts_await_driver(take->facts) && wait_for_udev(take)) {
			waited = true;
			continue;
		}
		/* Before the first record is written. */
		if (!watched)
			watch_start(take->root, take->vmid);
		watched = true;
		if (!take->deadline)
			take_begin_deadline(take);
		err = claim_plan(take->root, take->vmid, take->deadline, take->settings,
				 take->plan);
	}
	if (take_say_plan(take, take->said))
		return EXIT_REFUSED;
	return err ? claim_failed(take, err) : EXIT_DONE;
}

/* Stops what the settings name, and looks whether that was what used the devices. */
static int make_room(struct take *take)
{
	cleanup_with(plan_freep) struct plan *said = NULL;
	bool stopped = false;
	int code;

	if (users_stop(take->root, take->vmid, take->settings, take->plan, &stopped))
		return EXIT_FAILED;
	if (!stopped && !take->plan->deferred)
		return EXIT_DONE;
	take_begin_deadline(take);
	said = TAKE_PTR(take->plan);
	code = take_read_facts(take, FACTS_START);
	if (code)
		return code;
	take->facts->users_stopped = true;
	code = take_make_plan(take);
	return code ? code : take_say_plan(take, said);
}

/* vfio-pci has the device, but the host's boot messages still go to its memory: the guest would get
 * a card that does not work. */
static int check_framebuffer(const struct take *take, const struct plan_step *step)
{
	const struct device *device = step->device;
	auto_free char *name = NULL;
	char address[BDF_TEXT_SIZE];
	int err;

	if (device->identity.class >> 16 != PCI_BASE_CLASS_DISPLAY)
		return 0;
	err = iomem_boot_framebuffer(take->root, &device->bdf, &name);
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
static int take_planned(struct take *take)
{
	int err;

	if (spares_keep(take->root, take->vmid, take->settings, take->plan, take->facts) ||
	    make_room(take) || load_vfio(take->root) || load_variants(take->root, take->plan))
		return take_give_back_all(take);
	err = bind_take(take->root, take->vmid, take->deadline, take->plan);
	if (err == -EAGAIN)
		return err;
	for (size_t i = 0; !err && i < take->plan->n_steps; i++)
		err = check_framebuffer(take, &take->plan->steps[i]);
	return err ? take_give_back_all(take) : EXIT_DONE;
}

/* Whether the device has lost the driver that it was planned with. */
static bool lost_driver(const struct take *take, const struct device *device)
{
	auto_free char *now = NULL;

	return device->driver && !device->record && !pci_driver(take->root, &device->bdf, &now) &&
	       !now;
}

/* A driver that is unloaded and loaded again is away for a moment. */
static void await_drivers(const struct take *take)
{
	int64_t deadline = clock_now_ms() + DRIVER_WAIT_MS;

	for (size_t i = 0; i < take->plan->n_steps; i++)
		while (lost_driver(take, take->plan->steps[i].device) && clock_left_ms(deadline))
			clock_sleep_ms(DRIVER_AGAIN_MS);
}

static int plan_again(struct take *take)
{
	log_info(_("%s: a driver has changed while its start was planned: planned again"),
		 record_owner(take->vmid));
	await_drivers(take);
	take_begin_deadline(take);
	plan_free(take->said);
	take->said = TAKE_PTR(take->plan);
	return take_read_facts(take, FACTS_START);
}

/* Until no driver changes in between. */
int take_devices(struct take *take)
{
	int code = plan_and_claim(take);

	if (!code && take->plan->n_steps)
		code = take_planned(take);
	for (int attempt = 1; code == -EAGAIN && attempt < PLAN_ATTEMPTS; attempt++) {
		code = plan_again(take) ?: plan_and_claim(take);
		if (code) {
			take_give_back_all(take);
			return code;
		}
		code = take_planned(take);
	}
	if (code != -EAGAIN)
		return code;
	log_error(_("%s: the drivers of its devices change all the time; see: journalctl -k -n 50"),
		  record_owner(take->vmid));
	return take_give_back_all(take);
}
