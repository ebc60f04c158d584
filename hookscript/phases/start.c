// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/phases/start.h"

#include "hookscript/bind/bind.h"
#include "hookscript/bind/fdb_guests.h"
#include "hookscript/plan/plan_print.h"
#include "hookscript/pve/exit.h"
#include "hookscript/records/reboot.h"
#include "hookscript/records/recorded.h"
#include "hookscript/settings/settings_read.h"
#include "hookscript/phases/take.h"
#include "host/base/log.h"

#include <string.h>

/* What an earlier start of this VM took and this one does not, for which there may be no plan: its
 * entry has gone from the config. */
static void give_back_leftovers(const struct take *start)
{
	auto_recorded struct recorded recorded = {0};
	int err = recorded_list(start->root, start->vmid, &recorded);

	for (size_t i = recorded.n; i-- > 0;)
		if (start->plan && plan_takes(start->plan, &recorded.items[i]->bdf))
			recorded_drop(&recorded, i);
	recorded_drop_busy(start->root, &recorded);
	if (recorded.n && bind_give_back(start->root, start->vmid, &recorded, 0, false))
		err = -EIO;
	if (err)
		log_warning(
			_("VM %u: a device that it no longer names could not be given back; the "
			  "start goes on; later: pve-passthrough restore %u"),
			start->vmid, start->vmid);
}

static int start_with_devices(struct take *start)
{
	int code = take_devices(start);

	if (!code)
		give_back_leftovers(start);
	for (size_t i = 0; !code && i < start->plan->n_steps; i++) {
		const struct plan_step *step = &start->plan->steps[i];

		if (!step->fdb || !(step->vf->port.bridge || step->vf->port.unknown))
			continue;
		/* A guest without that is no reason not to start it. */
		fdb_update(start->root, true);
		break;
	}
	return code;
}

/* The start that a reboot keeps devices for has come, and does not take them over. */
static void end_reboot(const struct take *start)
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
	for (size_t i = 0; i < plan_count_dropped(facts); i++) {
		auto_free char *text = plan_dropped_text(facts, i);

		log_say(level, "%s", text ? text : _("out of memory"));
	}
}

/* Nothing is bound, but Proxmox VE may abort the start all the same. */
static int start_without_devices(struct take *start)
{
	if (plan_is_needed(start->facts))
		return take_make_plan(start) ?: take_say_plan(start, NULL);
	warn_of_dropped(start->facts, LOG_LEVEL_WARNING);
	return EXIT_DONE;
}

int start_pre_start(const struct fs_root *root, unsigned int vmid, const struct settings *settings)
{
	auto_take struct take start = {.root = root, .vmid = vmid, .settings = settings};
	int code = take_read_facts(&start, FACTS_START);
	bool binds = !code && facts_need_binding(start.facts);

	if (!code && !binds)
		code = start_without_devices(&start);
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
	struct take start = {.root = root, .vmid = vmid, .settings = settings};

	take_begin_deadline(&start);
	return take_give_back_all(&start);
}

/* ---- plan ---- */

static int print_plan(struct take *start)
{
	int code = take_make_plan(start);

	if (code)
		return code;
	plan_print_warnings(start->plan, NULL, start->facts, true);
	if (start->plan->n_refusals) {
		plan_print_refusals(start->plan, start->facts, true);
		return EXIT_REFUSED;
	}
	if (plan_print(start->root, start->facts, start->plan))
		return exit_failed(NULL);
	plan_print_notes(start->plan, true);
	return EXIT_DONE;
}

/* Of a start that binds nothing: what args give to QEMU besides. */
static int print_mdevs(struct take *start)
{
	int code = take_make_plan(start);

	if (!code)
		plan_print_notes(start->plan, true);
	return code;
}

int start_plan(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	auto_take struct take start = {.root = root, .vmid = vmid, .settings = &settings};
	auto_free char *pending = NULL;
	int code;

	settings_read(root, vmid, &settings);
	settings_set_language(&settings);
	code = take_read_next_start(&start);
	if (code)
		return code;
	if (plan_is_needed(start.facts))
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
	return print_mdevs(&start);
}
