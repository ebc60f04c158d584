// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/trial/trial_boot.h"

#include <string.h>
#include <time.h>

#include "host/base/clock.h"
#include "host/base/log.h"
#include "host/process/program.h"
#include "host/process/supervise.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/setup/state/hostlock.h"
#include "host/setup/state/hoststate.h"
#include "host/setup/trial/trial_motd.h"
#include "host/setup/trial/trial_state.h"

int trial_look_ms = 1000, trial_minute_ms = 60000;

/* Of look(): there is something to wait for. */
#define GO_ON (-1)

struct job {
	const struct fs_root *root;
	int (*undo)(const struct fs_root *root, const struct setup_options *options);
	char *boot_id;
	struct conf_items running;
	int64_t began; /* this run */
	bool told;     /* that the clock runs */
	bool unread;   /* and that it cannot be read now */
};

static int could_not(const char *path, int err)
{
	log_error("/%s: %s", path, log_strerror(err));
	return ENABLE_FAILED;
}

/* Without it nothing may be undone: it could be done again and again. */
static int say_unwritten(const struct fs_root *root, int err)
{
	auto_free char *text = fs_path(
		_("/%s could not be written: %s; so the change of the boot, which is to be "
		  "confirmed, stays for now\nto keep it: host-setup confirm; to undo it: "
		  "host-setup disable"),
		TRIAL_PATH, log_strerror(err));

	trial_motd_say(root, true, text);
	return ENABLE_FAILED;
}

/* ---- the clock ---- */

/* The time of day in MS milliseconds. */
static void time_in(int64_t ms, char *ret, size_t size)
{
	time_t at = time(NULL) + (time_t)(ms / 1000);
	struct tm tm;

	if (!localtime_r(&at, &tm) || !strftime(ret, size, "%H:%M", &tm))
		*ret = '\0';
}

static int64_t left_ms(const struct trial *trial)
{
	return trial->since_ms + (int64_t)trial->minutes * trial_minute_ms - clock_now_ms();
}

static void tell_clock(struct job *job, const struct trial *trial)
{
	auto_free char *text = NULL;
	char until[16];

	if (job->told)
		return;
	job->told = true;
	time_in(left_ms(trial), until, sizeof(until));
	text = fs_path(
		_("the boot of this host was changed, and is on trial; if all works, confirm it "
		  "before %s: host-setup confirm\nif nobody does, or the host is started again "
		  "before that, the change is undone, and the host reboots"),
		until);
	trial_motd_say(job->root, false, text);
}

static int start_clock(struct job *job, struct trial *trial)
{
	int err;

	trial->tried_in = strdup(job->boot_id);
	trial->since_ms = job->began;
	err = trial->tried_in ? trial_write(job->root, trial) : -ENOMEM;
	if (err)
		return say_unwritten(job->root, err);
	tell_clock(job, trial);
	return GO_ON;
}

/* ---- the undo ---- */

static int set_stage(const struct fs_root *root, struct trial *trial, enum trial_stage stage)
{
	int err;

	trial->stage = stage;
	err = trial_write(root, trial);
	return err ? could_not(TRIAL_PATH, err) : 0;
}

static int reboot_host(const struct fs_root *root)
{
	const char *const args[] = {"systemctl", "reboot", NULL};
	const struct program program = {.args = args};
	auto_program_end struct program_end end = {0};
	auto_free char *why = NULL, *text = NULL;
	int err = program_act(root, &program, &end);

	if (!err)
		return ENABLE_DONE;
	why = program_explain(root, &program, err, &end);
	text = fs_path(_("the change was undone, and the host could not be told to reboot: %s; "
			 "then: systemctl reboot"),
		       why ? why : strerror(-err));
	trial_motd_say(root, true, text);
	return ENABLE_FAILED;
}

/* It is disarmed before anything else, so that whatever happens it is done once at most. */
static int take_back(struct job *job, struct trial *trial)
{
	const struct setup_options options = {.yes = true, .bootloader = trial->bootloader};
	int err;

	log_warning(_("the change of the boot was not confirmed: it is undone now"));
	trial->stage = TRIAL_UNDOING;
	err = trial_write(job->root, trial);
	if (err)
		return say_unwritten(job->root, err);
	if (job->undo(job->root, &options)) {
		auto_free char *text = fs_path(
			_("the change of the boot was not confirmed, and could not be undone: "
			  "everything stays, and the host does not reboot\nto see why: journalctl "
			  "-b -u %s; then, to undo it: host-setup disable; or, to keep it: "
			  "host-setup enable"),
			TRIAL_UNIT);

		(void)!set_stage(job->root, trial, TRIAL_NOT_DONE);
		trial_motd_say(job->root, true, text);
		return ENABLE_FAILED;
	}
	/* Only the next boot's message depends on it. */
	(void)!set_stage(job->root, trial, TRIAL_UNDONE);
	trial_motd_say(job->root, false,
		       _("the change of the boot was not confirmed and is undone: the host "
			 "reboots"));
	return reboot_host(job->root);
}

/* ---- other boots ---- */

/* Once what enable added is gone, there is nothing to be confirmed in any later boot. */
static int leave(const struct job *job)
{
	auto_hoststate struct hoststate state = {0};
	int err = hoststate_read(job->root, &state);

	if (err || state.exists) {
		log_info(_(
			"this boot is not the one that is to be confirmed, and nothing is undone in "
			"it: it is one of a recovery entry, or its kernel command line lacks the new "
			"words"));
		return ENABLE_DONE;
	}
	err = trial_remove(job->root);
	return err ? could_not(TRIAL_PATH, err) : ENABLE_DONE;
}

static int tell_end(const struct job *job, const struct trial *trial)
{
	int err;

	if (trial->stage == TRIAL_UNDONE)
		trial_motd_say(job->root, false,
			       _("the last change of the boot was not confirmed, and was undone by "
				 "`host-setup disable`"));
	else
		trial_motd_say(
			job->root, true,
			_("the last change of the boot was not confirmed, and undoing it did "
			  "not come to its end\nhow the host boots now: host-setup check; to "
			  "undo it: host-setup disable; to keep it: host-setup enable"));
	err = trial_remove(job->root);
	return err ? could_not(TRIAL_PATH, err) : ENABLE_DONE;
}

/* ---- all of it ---- */

/* What is written is written under the lock, by what was read under it. */
static int act(struct job *job, struct trial *trial, enum trial_due due)
{
	switch (due) {
	case TRIAL_BEGINS: return start_clock(job, trial);
	case TRIAL_OTHER_BOOT: return leave(job);
	case TRIAL_TOLD: return tell_end(job, trial);
	case TRIAL_RUNS: return left_ms(trial) > 0 ? GO_ON : take_back(job, trial);
	case TRIAL_AGAIN: return take_back(job, trial);
	case TRIAL_NOTHING:
	case TRIAL_NOT_BOOTED: break;
	}
	return ENABLE_DONE;
}

static int read_due(const struct job *job, struct trial *ret, enum trial_due *ret_due)
{
	int err = trial_read(job->root, ret);

	*ret_due = TRIAL_NOTHING;
	if (!err)
		*ret_due = trial_judge(ret, job->boot_id, &job->running);
	return err;
}

/* Nothing else undoes the change in this boot, so what fails is tried again; a damaged text stays
 * so. */
static int wait_for_text(struct job *job, int err)
{
	auto_free char *text = NULL;

	if (err == -EBADMSG)
		text = fs_path(_("/%s is damaged: whether the boot of this host is on trial is not "
				 "known, and nothing is undone; to end that: rm /%s"),
			       TRIAL_PATH, TRIAL_PATH);
	else if (!job->unread)
		text = fs_path(
			_("/%s could not be read: %s; as long as it cannot, nothing is undone"),
			TRIAL_PATH, log_strerror(err));
	if (text)
		trial_motd_say(job->root, true, text);
	job->unread = true;
	return err == -EBADMSG ? ENABLE_FAILED : GO_ON;
}

/* Looks once. Returns an exit code, or GO_ON. */
static int look(struct job *job)
{
	auto_trial struct trial trial = {0}, locked = {0};
	enum trial_due due;
	auto_close int lock = -1;
	int err = read_due(job, &trial, &due);

	if (err)
		return wait_for_text(job, err);
	/* What logins show may be that it could not be read. */
	job->told = job->told && !job->unread;
	job->unread = false;
	if (due == TRIAL_NOTHING || due == TRIAL_NOT_BOOTED) {
		trial_motd_remove(job->root);
		return ENABLE_DONE;
	}
	if (due == TRIAL_RUNS) {
		tell_clock(job, &trial);
		if (left_ms(&trial) > 0)
			return GO_ON;
	}
	/* Who has it is at this host. */
	lock = hostlock_try(job->root);
	if (lock == -EWOULDBLOCK)
		return GO_ON;
	if (lock < 0)
		return could_not(hostlock_dir(job->root), lock);
	err = read_due(job, &locked, &due);
	return err ? wait_for_text(job, err) : act(job, &locked, due);
}

int trial_boot(const struct fs_root *root,
	       int (*undo)(const struct fs_root *root, const struct setup_options *options))
{
	struct job job = {.root = root, .undo = undo, .began = clock_now_ms()};
	int code = ENABLE_FAILED;
	int err;

	if (!program_may_act(root)) {
		log_error(_("--root %s is not the running system: nothing is undone there"),
			  root->path);
		return ENABLE_REFUSED;
	}
	supervise_allow(SUPERVISE_FOREVER);
	err = trial_boot_id(root, &job.boot_id) ?: kernelinfo_cmdline(root, &job.running);
	if (err)
		log_error(_("this boot's id and command line could not be read: %s"),
			  log_strerror(err));
	else
		while ((code = look(&job)) == GO_ON)
			clock_sleep_ms(trial_look_ms);
	free(job.boot_id);
	conf_items_free(&job.running);
	return code;
}
