// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/trial/trial_verb.h"

#include "host/base/log.h"
#include "host/process/program.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/setup/state/hostlock.h"
#include "host/setup/options.h"
#include "host/setup/trial/trial_motd.h"
#include "host/setup/trial/trial_state.h"

#include <string.h>

static int fail(int err)
{
	log_error(_("nothing is confirmed: /%s: %s"), TRIAL_PATH, log_strerror(err));
	return ENABLE_FAILED;
}

static int end(const struct fs_root *root)
{
	int err = trial_remove(root);

	if (err)
		return fail(err);
	trial_motd_remove(root);
	return ENABLE_DONE;
}

static int say_other_boot(const struct trial *trial)
{
	auto_strbuf struct strbuf words = {0};

	for (size_t i = 0; i < trial->words.n; i++)
		strbuf_add_item(&words, "%s", trial->words.items[i]);
	log_error(
		_("refused: this boot is not the one that is to be confirmed: it is one of a "
		  "recovery entry, or its kernel has not all of %s; start the other entry, or, to "
		  "undo the change: host-setup disable"),
		words.text ? words.text : "");
	return ENABLE_REFUSED;
}

static int confirm_due(const struct fs_root *root, const struct trial *trial, enum trial_due due)
{
	int code;

	switch (due) {
	case TRIAL_NOTHING: log_info(_("nothing is to be confirmed")); return ENABLE_DONE;
	case TRIAL_NOT_BOOTED:
		log_error(_(
			"refused: the change has not been tried yet; first: systemctl reboot; or, "
			"to undo it: host-setup disable"));
		return ENABLE_REFUSED;
	case TRIAL_OTHER_BOOT: return say_other_boot(trial);
	case TRIAL_TOLD:
		log_warning(
			_("too late: the change was not confirmed in time; see: host-setup check"));
		code = end(root);
		return code ? code : ENABLE_REFUSED;
	case TRIAL_BEGINS:
	case TRIAL_RUNS:
	case TRIAL_AGAIN: break;
	}
	code = end(root);
	if (!code)
		log_info(
			_("confirmed: the host goes on booting like this; to undo it all the same: "
			  "host-setup disable"));
	return code;
}

int trial_confirm(const struct fs_root *root)
{
	auto_conf_items struct conf_items running = {0};
	auto_trial struct trial trial = {0};
	auto_free char *boot_id = NULL;
	auto_close int lock = -1;
	int err;

	if (!program_may_act(root)) {
		log_error(_("refused: --root %s is not the running system: no boot of it is to be "
			    "confirmed"),
			  root->path);
		return ENABLE_REFUSED;
	}
	lock = hostlock_take(root);
	if (lock < 0)
		return ENABLE_FAILED;
	err = trial_read(root, &trial) ?: trial_boot_id(root, &boot_id);
	err = err ?: kernelinfo_cmdline(root, &running);
	return err ? fail(err) : confirm_due(root, &trial, trial_judge(&trial, boot_id, &running));
}

int trial_check(const struct fs_root *root, struct checklist *list)
{
	auto_trial struct trial trial = {0};
	int err = trial_read(root, &trial);

	if (err == -ENOMEM)
		return err;
	if (err)
		return check_add(list, "confirm", CHECK_WARNING,
				 fs_path(_("whether a change of the boot is to be confirmed is not "
					   "known: /%s: %s"),
					 TRIAL_PATH, log_strerror(err)),
				 NULL, err == -EBADMSG ? fs_path("rm /%s", TRIAL_PATH) : NULL);
	if (trial.stage == TRIAL_UNDOING || trial.stage == TRIAL_NOT_DONE)
		return check_add(
			list, "confirm", CHECK_WARNING,
			strdup(_("the last change of the boot was not confirmed, and undoing "
				 "it has not come to its end")),
			fs_path("/%s", TRIAL_PATH),
			strdup(_("to undo it: host-setup disable; to keep it: host-setup "
				 "enable")));
	if (trial.stage != TRIAL_ARMED)
		return 0;
	return check_add(list, "confirm", CHECK_WARNING,
			 fs_path(_("a change of the boot is undone, with a reboot, unless it is "
				   "confirmed within %u minutes after the end of its first boot"),
				 trial.minutes),
			 fs_path("/%s", TRIAL_PATH), strdup("host-setup confirm"));
}
