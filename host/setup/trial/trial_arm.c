// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/trial/trial_arm.h"

#include <string.h>

#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/setup/loader/grubmenu.h"
#include "host/setup/sriov/units.h"
#include "host/setup/trial/trial_motd.h"

#define GRUB_CFG "boot/grub/grub.cfg"
#define TEXT_MAX ((size_t)8 * 1024 * 1024)

/* ---- what is to be armed ---- */

static int say_unread(int err)
{
	if (err == -EBADMSG)
		log_error(_("/%s is damaged; nothing was changed\nto do without what it says: rm "
			    "/%s"),
			  TRIAL_PATH, TRIAL_PATH);
	else
		log_error(_("/%s could not be read: %s; nothing was changed"), TRIAL_PATH,
			  log_strerror(err));
	return ENABLE_FAILED;
}

/* Whether the option can be heeded here: 0, or an exit code. */
static int check_option(const struct fs_root *root, const struct setup_options *options)
{
	int enabled;

	if (!options->confirm_within)
		return 0;
	if (!fs_root_is_running_system(root)) {
		log_error(_("refused: --confirm-within is for the running system, not for --root"));
		return ENABLE_REFUSED;
	}
	enabled = units_enabled(root, TRIAL_UNIT);
	if (enabled > 0)
		return 0;
	if (enabled < 0)
		log_error(_("refused: whether %s is enabled, which would undo the change, is not "
			    "known: %s"),
			  TRIAL_UNIT, log_strerror(enabled));
	else
		log_error(_("refused: %s, which would undo the change, is not enabled; first: "
			    "systemctl enable %s"),
			  TRIAL_UNIT, TRIAL_UNIT);
	return ENABLE_REFUSED;
}

static int copy(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

/* The first boot after it is the one to be confirmed, also when another one was on trial. */
static int make(const struct fs_root *root, const struct setup_options *options,
		const struct conf_items *words, struct trial_change *change)
{
	const struct trial *before = &change->before;
	struct trial *after = &change->after;
	bool anew = options->confirm_within;
	int err = trial_boot_id(root, &after->armed_in);

	after->minutes = anew ? options->confirm_within : before->minutes;
	err = err ?: copy(anew ? options->bootloader : before->bootloader, &after->bootloader);
	for (size_t i = 0; !err && i < words->n; i++)
		err = fs_names_add(&after->words, words->items[i].text);
	after->stage = TRIAL_ARMED;
	return err;
}

int trial_plan(const struct fs_root *root, const struct setup_options *options,
	       const struct conf_items *words, struct trial_change *ret)
{
	auto_trial_change struct trial_change change = {0};
	int code = check_option(root, options);
	int err;

	if (code)
		return code;
	err = trial_read(root, &change.before);
	if (err)
		return say_unread(err);
	if (options->confirm_within && !words->n)
		log_warning(
			_("--confirm-within: nothing is armed, because enable has no word of the "
			  "kernel command line to add here, and so none to take back"));
	if (!words->n || (!options->confirm_within && change.before.stage != TRIAL_ARMED))
		return 0;
	err = make(root, options, words, &change);
	if (err)
		return say_unread(err);
	*ret = change;
	change = (struct trial_change){0};
	return 0;
}

/* ---- what is said ---- */

void trial_tell_unchanged(const struct fs_root *root, const struct setup_options *options)
{
	auto_trial struct trial trial = {0};

	if (trial_read(root, &trial))
		return;
	if (trial.stage == TRIAL_ARMED)
		log_warning(_("an earlier enable is still to be confirmed, within %u minutes after "
			      "the reboot: host-setup confirm"),
			    trial.minutes);
	else if (options->confirm_within)
		log_warning(_("--confirm-within: nothing is armed, because nothing changes"));
}

void trial_tell_plan(const struct trial *trial, bool earlier)
{
	log_warning(_("unless `host-setup confirm` is run within %u minutes after the reboot, "
		      "`host-setup disable` is run and the host reboots once more; guests that run "
		      "then are shut down as at any reboot of Proxmox VE"),
		    trial->minutes);
	if (earlier)
		log_warning(_("that takes back all that enable has added, in earlier runs, too"));
}

static char *join(const struct fs_names *words)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < words->n; i++)
		strbuf_add(&text, "%s%s", i ? " " : "", words->items[i]);
	return strbuf_take(&text);
}

/* The entry of GRUB's menu that has none of the words; NULL: there is none, or it is not known. */
static char *find_entry(const struct fs_root *root, const struct bootloader *bootloader,
			const struct trial *trial)
{
	auto_free char *text = NULL;
	char *title = NULL;

	/* The menu of an ESP of proxmox-boot-tool is another file. */
	if (bootloader->kind != BOOTLOADER_GRUB || bootloader->esps.n ||
	    fs_read(root, GRUB_CFG, TEXT_MAX, &text, NULL) ||
	    grubmenu_without(text, &trial->words, &title))
		return NULL;
	return title;
}

void trial_tell_armed(const struct fs_root *root, const struct bootloader *bootloader,
		      const struct trial *trial)
{
	auto_free char *entry = find_entry(root, bootloader, trial);
	auto_free char *words = join(&trial->words);

	log_info(
		_("armed: after the reboot there are %u minutes, from the end of the boot on, for: "
		  "host-setup confirm"),
		trial->minutes);
	log_info(_("if that boot is not confirmed and the host starts once more, all is taken back "
		   "at once"));
	if (entry)
		log_info(
			_("a boot that does not come to its end takes nothing back; then choose in "
			  "GRUB's menu: %s"),
			entry);
	else if (bootloader->kind == BOOTLOADER_GRUB)
		log_info(
			_("a boot that does not come to its end takes nothing back; no entry of "
			  "GRUB's menu is known to lack the words: there press e, delete %s on the "
			  "line that begins with linux, and press F10"),
			words ? words : "");
	else
		log_info(
			_("a boot that does not come to its end takes nothing back; then press e in "
			  "the boot menu, delete %s, and press Enter"),
			words ? words : "");
}

/* ---- its end ---- */

/* Removes the file and what is shown at logins. */
static int end(const struct fs_root *root)
{
	int there = fs_probe(root, TRIAL_PATH);
	int err = there > 0 ? trial_remove(root) : there;

	if (err) {
		log_error(_("/%s could not be removed: %s; all else is done; then: rm /%s"),
			  TRIAL_PATH, log_strerror(err), TRIAL_PATH);
		return ENABLE_FAILED;
	}
	if (fs_root_is_running_system(root))
		trial_motd_remove(root);
	return ENABLE_DONE;
}

int trial_drop(const struct fs_root *root)
{
	auto_trial struct trial trial = {0};
	int err = trial_read(root, &trial);
	int code = end(root);

	if (!code && !err && trial.stage == TRIAL_ARMED)
		log_info(_("nothing is to be confirmed any more"));
	return code;
}

int trial_settle(const struct fs_root *root)
{
	auto_trial struct trial trial = {0};

	if (trial_read(root, &trial) || trial.stage == TRIAL_ARMED)
		return ENABLE_DONE;
	return end(root);
}
