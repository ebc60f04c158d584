// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/change.h"

#include <stdio.h>

#include "host/base/log.h"
#include "host/process/program.h"
#include "host/process/supervise.h"
#include "host/setup/outcome.h"
#include "host/setup/confirm.h"
#include "host/setup/sriov/change_check.h"
#include "host/setup/sriov/change_make.h"
#include "host/setup/sriov/units.h"
#include "host/usage/pf_use.h"

/* ---- as it is ---- */

static int read_conf(struct change *change)
{
	const struct sriov_entry *entry;
	int err = sriov_conf_read(change->root, &change->conf);

	if (err) {
		outcome_refuse(
			change->options, REASON_FILE, NULL,
			_("/%s: %s; nothing was changed\nif it is damaged: delete it, and set up "
			  "each PF again; see: host-setup sriov"),
			SRIOV_CONF_PATH, sriov_conf_strerror(err));
		return ENABLE_REFUSED;
	}
	entry = sriov_conf_at(&change->conf, &change->pf);
	change->configured = entry;
	if (entry)
		change->entry = *entry;
	return 0;
}

static int read_pf(struct change *change)
{
	int err = pci_identify(change->root, &change->pf, &change->identity);

	if (err == -ENODEV || fs_is_absent(err))
		return 0;
	change->there = !err;
	err = err ?: pci_driver(change->root, &change->pf, &change->driver);
	err = err ?: sriov_read(change->root, &change->pf, &change->sriov);
	return err ?: pf_interfaces(change->root, &change->pf, &change->interfaces, &change->down);
}

/* ---- as it will be ---- */

/* The entry, which remembers what sriov_drivers_autoprobe was before the first change. */
static int put_entry(struct change *change)
{
	struct sriov_entry entry = {
		.bdf = change->pf,
		.vendor = change->identity.vendor,
		.device = change->identity.device,
		.vfs = change->vfs,
		.host_driver = change->options->host_driver,
		.autoprobe_was = change->sriov.autoprobe,
	};

	if (change->configured && sriov_entry_is(&change->entry, &change->identity))
		entry.autoprobe_was = change->entry.autoprobe_was;
	change->entry = entry;
	return sriov_conf_put(&change->conf, &entry);
}

/* The service and the directory: what is made for the file goes with it. */
static int plan_surroundings(struct change *change)
{
	int enabled, dir;

	if (!change->conf.n) {
		change->service = change->conf.enabled_service ? "disable" : NULL;
		change->conf.enabled_service = false;
		return 0;
	}
	enabled = units_enabled(change->root, SRIOV_SERVICE);
	dir = fs_probe(change->root, SRIOV_CONF_DIR);
	if (enabled < 0 || dir < 0)
		return enabled < 0 ? enabled : dir;
	if (!dir)
		change->conf.made_directory = true;
	if (!enabled) {
		change->conf.enabled_service = true;
		change->service = "enable";
	}
	return 0;
}

static int plan(struct change *change)
{
	auto_free char *text = NULL;
	int err = 0;

	if (change->vfs)
		err = put_entry(change);
	else
		sriov_conf_drop(&change->conf, &change->pf);
	err = err ?: plan_surroundings(change);
	if (err)
		return err;
	if (sriov_conf_is_needed(&change->conf)) {
		text = sriov_conf_text(&change->conf);
		if (!text)
			return -ENOMEM;
	}
	return edits_add(&change->edits, SRIOV_CONF_PATH, text);
}

/* ---- what is shown, and asked ---- */

/* What the host would miss meanwhile. */
static void say_usage(const struct change *change)
{
	for (size_t i = 0; i < change->usage.n; i++)
		log_warning(_("%s: %s"), bdf_text(&change->pf), change->usage.items[i].what);
	log_warning(
		change->interfaces.n
			? _("%s: changing its number of VFs resets it: what uses it, above, has no "
			    "link for seconds")
			: _("%s: changing its number of VFs may reset it under what uses it, above"),
		bdf_text(&change->pf));
}

/* Why the number is not changed at once; NULL: it is. RESET: also under what uses the PF. */
static const char *why_later(const struct change *change, bool reset)
{
	if (!program_may_act(change->root))
		return _("this system is not the running one");
	if (change->vfs && !change->driver)
		return _("it has no driver now, and only that makes VFs");
	if (change->usage.n && !reset)
		return _("the host uses it");
	return NULL;
}

static void print_plan(const struct change *change)
{
	const char *address = bdf_text(&change->pf);
	const char *why = why_later(change, change->options->now);

	if (change->service)
		printf(_("Command to be run:\n  systemctl %s %s\n"), change->service,
		       SRIOV_SERVICE);
	if (change_is_due(change) && why)
		printf(_("At the next boot: %s has %u VFs (now %zu), because %s\n"), address,
		       change->vfs, change->sriov.n_vfs, why);
	else if (change_is_due(change))
		printf(_("At once: %s has %u VFs (now %zu)\n"), address, change->vfs,
		       change->sriov.n_vfs);
	fflush(stdout);
}

static int show(const struct change *change)
{
	int err = edits_show(&change->edits);

	if (!err)
		print_plan(change);
	return err;
}

/* A person is asked whether it may go on under what uses it. */
static bool may_reset(const struct change *change)
{
	const struct setup_options *options = change->options;

	if (!change->usage.n || options->now)
		return true;
	if (options->yes || !json_can_ask(options->json))
		return false;
	return confirm_ask(change->vfs ? _("Make the VFs now, too? [y/N] ")
				       : _("Remove the VFs now, too? [y/N] "));
}

/* The number is changed at once where that harms nothing, or was asked for. */
static void decide_now(struct change *change)
{
	const char *address = bdf_text(&change->pf), *why;

	if (!change_is_due(change))
		return;
	why = why_later(change, may_reset(change));
	change->now = !why;
	if (why)
		log_info(_("%s: %u VFs from the next boot on, because %s; now: host-setup sriov %s "
			   "%u --now"),
			 address, change->vfs, why, address, change->vfs);
}

static int carry_out(struct change *change)
{
	const struct setup_options *options = change->options;
	int err = 0, code;

	supervise_allow(SUPERVISE_FOREVER);
	if (change_is_due(change) && change->usage.n)
		say_usage(change);
	if (options->dry_run || !options->yes)
		err = show(change);
	if (err)
		return change_say_failed(change, err);
	if (options->dry_run)
		return ENABLE_DONE;
	if (!confirm(options))
		return ENABLE_REFUSED;
	decide_now(change);
	code = change_make(change);
	if (!code && change->vfs && change->down)
		log_warning(_("%s is down, so the VFs of %s have no link: ip link set %s up"),
			    change->down, bdf_text(&change->pf), change->down);
	return code;
}

/* There is no entry to take out. */
static int say_nothing_to_undo(const struct change *change)
{
	const char *address = bdf_text(&change->pf);

	log_info(_("nothing to undo: %s is not set up; see: host-setup sriov"), address);
	if (change->sriov.n_vfs)
		log_info(_("its %zu VFs were made by something else; to remove them, once nothing "
			   "uses them: echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs"),
			 change->sriov.n_vfs, address);
	return ENABLE_DONE;
}

static bool is_as_wanted(const struct change *change)
{
	return change->vfs && !change->edits.n && !change->service && !change_is_due(change);
}

int change_run(const struct fs_root *root, const struct setup_options *options,
	       const struct sriov_above *above, const struct bdf *pf, unsigned int vfs)
{
	auto_change struct change change = {
		.root = root,
		.options = options,
		.above = above,
		.pf = *pf,
		.vfs = vfs,
		.sriov = {.autoprobe = -1},
		.edits = {.root = root},
	};
	int code = read_conf(&change);
	int err = code ? 0 : read_pf(&change);

	if (code)
		return code;
	if (err)
		return change_say_failed(&change, err);
	if (!vfs && !change.configured)
		return say_nothing_to_undo(&change);
	code = change_check(&change);
	if (code)
		return code;
	err = plan(&change);
	if (!err && change_is_due(&change))
		err = pf_use_read(root, pf, &change.usage);
	if (err)
		return change_say_failed(&change, err);
	if (is_as_wanted(&change)) {
		log_info(_("%s has %u VFs, now and at every boot: nothing to change"), bdf_text(pf),
			 vfs);
		return ENABLE_DONE;
	}
	return carry_out(&change);
}
