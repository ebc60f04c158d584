// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/commit.h"
#include "host/setup/outcome.h"
#include "host/setup/confirm.h"
#include "host/setup/boot/bootcfg.h"
#include "host/setup/boot/problems_length.h"
#include "host/setup/loader/bootplace.h"
#include "host/setup/loader/bootspace.h"
#include "host/setup/boot/dropins.h"
#include "host/setup/loader/initramfs.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/base/log.h"
#include "host/pci/modules.h"
#include "host/process/program.h"
#include "host/process/progress.h"
#include "host/process/supervise.h"

#include <stdio.h>
#include <string.h>

#define INITRAMFS "update-initramfs -u -k all"

int commit_say_failed(int err)
{
	log_error(_("the host's configuration could not be read: %s; nothing was changed"),
		  log_strerror(err));
	return ENABLE_FAILED;
}

/* For a loader that is not known at all. */
static void say_words(const struct wanted *wanted)
{
	auto_free char *words = cmdline_join(&wanted->words);

	if (words && *words)
		log_error(_("if it is neither: add %s to the kernel command line where that boot "
			    "loader reads it, and reboot"),
			  words);
}

int commit_begin(const struct fs_root *root, const struct setup_options *options,
		 const char *command, struct commit *ret)
{
	auto_free char *why = NULL;
	int err = bootloader_detect(root, options->bootloader, &ret->bootloader, &why);

	ret->root = ret->edits.root = root;
	ret->options = options;
	if (err == -EINVAL || err == -ENOTUNIQ) {
		outcome_refuse(options, REASON_BOOTLOADER, NULL, "%s", why);
		if (err == -ENOTUNIQ && ret->wanted)
			say_words(ret->wanted);
		return err == -EINVAL ? ENABLE_USAGE : ENABLE_REFUSED;
	}
	err = err ?: hoststate_read(root, &ret->before);
	if (err == -EBADMSG) {
		outcome_refuse(
			options, REASON_FILE, NULL,
			_("/%s is damaged, so which words an earlier enable added is not known; "
			  "nothing was changed\nrestore it, or delete it and remove those words by "
			  "hand from /%s"),
			HOSTSTATE_PATH, KERNEL_CMDLINE);
		return ENABLE_REFUSED;
	}
	/* Until the end, all that was there before may still be there. */
	ret->during.exists = ret->during.pending = true;
	ret->during.command = fs_path("%s%s%s", command,
				      options->bootloader ? " --bootloader=" : "",
				      options->bootloader ? options->bootloader : "");
	if (!ret->during.command)
		err = err ?: -ENOMEM;
	err = err ?: hoststate_merge(&ret->during, &ret->before);
	return err ? commit_say_failed(err) : 0;
}

void commit_free(struct commit *commit)
{
	bootloader_free(&commit->bootloader);
	hoststate_free(&commit->before);
	hoststate_free(&commit->during);
	hoststate_free(&commit->after);
	edits_free(&commit->edits);
	conf_items_free(&commit->gone);
}

/* Command number I of those that make a change take effect; NULL after the last. The initramfs
 * comes first: the boot loader's tools copy it. */
static const char *command_at(const struct commit *commit, size_t i)
{
	const struct fs_names *refresh = &commit->bootloader.refresh;

	if (!i)
		return INITRAMFS;
	return i <= refresh->n ? refresh->items[i - 1] : NULL;
}

/* Whether the commands are there and the disks have room. */
static int check(const struct commit *commit)
{
	auto_bootplaces struct bootplaces places = {0};
	auto_free char *why = NULL;
	const char *command;
	int err;

	if (!fs_root_is_running_system(commit->root))
		return 0;
	if (!commit->bootloader.refresh.n && commit->bootloader.kind != BOOTLOADER_OTHER) {
		log_error(
			_("no kernel with its image in /boot was found below /lib/modules, so the "
			  "entries of %s cannot be updated"),
			bootloader_name(commit->bootloader.kind));
		return ENABLE_FAILED;
	}
	for (size_t i = 0; (command = command_at(commit, i)); i++) {
		auto_free char *name = strndup(command, strcspn(command, " "));

		if (name && program_is_there(name))
			continue;
		log_error(
			_("`%s` is needed, and is not found on PATH; nothing was changed\n"
			  "as root, with root's PATH (su - or sudo -i), try again; or install the "
			  "package that has it"),
			command);
		return ENABLE_FAILED;
	}
	err = bootplaces_read(commit->root, &commit->bootloader, &places);
	err = err ?: bootplaces_check_space(commit->root, &commit->bootloader, &places, &why);
	if (!err)
		return 0;
	log_error(_("%s; nothing was changed"), why ? why : strerror(-err));
	return ENABLE_FAILED;
}

static void print_commands(const struct commit *commit)
{
	const char *command;

	for (size_t i = 0; (command = command_at(commit, i)); i++)
		printf("  %s\n", command);
	fflush(stdout);
}

/* Prints what would be changed and run. */
static int show(const struct commit *commit)
{
	int err = edits_show(&commit->edits);

	if (err)
		return err;
	if (!commit->edits.n)
		puts(_("No file would change; the boot entries are not up to date."));
	puts(fs_root_is_running_system(commit->root) ? _("Commands to be run:")
						     : _("Commands to be run in that system:"));
	print_commands(commit);
	return 0;
}

/* Runs COMMAND in the foreground, and says what went wrong. */
static int run_command(const struct fs_root *root, const char *command)
{
	auto_free char *text = strdup(command), *why = NULL;
	auto_program_end struct program_end end = {0};
	const char *words[PROGRAM_WORDS] = {NULL};
	const struct program program = {.args = words};
	int err = text ? program_split(text, words) : -ENOMEM;

	if (!err)
		err = program_act(root, &program, &end);
	if (!err)
		return 0;
	why = words[0] ? program_explain(root, &program, err, &end) : NULL;
	log_error(_("`%s` failed: %s"), command, why ? why : strerror(-err));
	return ENABLE_FAILED;
}

/* Runs them all; at the first that fails, says so and ends. */
static int run_commands(const struct commit *commit)
{
	const char *command;

	for (size_t i = 0; (command = command_at(commit, i)); i++) {
		int err, took;

		log_info(_("running: %s"), command);
		progress_begin(_("running: %s"), command);
		err = run_command(commit->root, command);
		took = progress_end();
		if (err)
			return err;
		log_info(_("done: %s (%d s)"), command, took);
	}
	return 0;
}

/* Whether the lists of modules and the boot entries are as they should be: 0; -ENODATA with
 * *RET_WHY; -errno. */
static int check_result(const struct commit *commit, char **ret_why)
{
	auto_bootplaces struct bootplaces places = {0};
	auto_bootcfg struct bootcfg now = {0};
	auto_conf_items struct conf_items running = {0};
	const struct edits none = {.root = commit->root};
	const struct wanted *wanted = commit->wanted;
	int err = bootcfg_read(&none, &commit->bootloader, &now);

	for (size_t i = 0; wanted && i < wanted->n_modules && !err; i++) {
		if (bootcfg_module(&now, wanted->modules[i]))
			continue;
		*ret_why = fs_path(_("%s is on no list of modules that are loaded at boot"),
				   wanted->modules[i]);
		return *ret_why ? -ENODATA : -ENOMEM;
	}
	/* Words that are given to another loader by hand are in none of the entries that we know.
	 */
	if (err || commit->bootloader.kind == BOOTLOADER_OTHER)
		return err;
	err = bootplaces_read(commit->root, &commit->bootloader, &places);
	err = err ?: kernelinfo_cmdline(commit->root, &running);
	if (!err && cmdline_last(&running, "root"))
		err = bootplaces_check_root(&places, ret_why);
	err = err ?: bootplaces_check_gone(&places, &commit->gone, ret_why);
	if (!err && wanted)
		err = bootplaces_check(&places, &wanted->words, ret_why);
	/* Else it is known before anything is written. */
	if (!err && wanted && now.unclear.file)
		err = length_check_entries(commit->root, &places, ret_why);
	return err;
}

/* Where GRUB's command line is set: the line that undoes ours, or else the files. */
static void say_setters(const struct commit *commit)
{
	const struct edits none = {.root = commit->root};
	auto_conf_items struct conf_items later = {0};
	auto_free char *setters = NULL;

	if (bootcfg_grub_later(&none, DROPIN_GRUB, &later) ||
	    bootcfg_grub_setters(commit->root, &setters))
		return;
	log_error(_("GRUB's command line is set in: %s"), setters);
	for (size_t i = 0; i < later.n; i++)
		log_error(
			_("/%s:%u is read after /%s and sets the variable anew: append there instead, "
			  "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT ...\""),
			later.items[i].file, later.items[i].line, DROPIN_GRUB);
}

/*
 * Whether the initramfs images are others than those of the stamp BEFORE (NULL: not known). There
 * are ways in which update-initramfs does nothing and reports success: its settings, a /boot that
 * is mounted read-only, a program in its place. It leaves alone what it has not made; and what is
 * removed is removed all the same.
 */
static int check_made_anew(const struct commit *commit, const char *before)
{
	auto_free char *after = NULL, *same = NULL;
	bool any;

	if (!before || initramfs_stamp(commit->root, &after) ||
	    initramfs_find_same(before, after, &same, &any) || !same)
		return 0;
	if (any || (!commit->wanted && !commit->also)) {
		log_warning(_("%s was not made anew, and has what it had; to see why: %s"), same,
			    INITRAMFS);
		return 0;
	}
	log_error(_("%s was not made anew by `%s`; why, it may say itself: run it by hand"), same,
		  INITRAMFS);
	return ENABLE_FAILED;
}

/* Checks the result. What cannot be read is a warning, and no failure. */
static int verify(const struct commit *commit)
{
	auto_free char *why = NULL;
	int err;

	progress_begin("%s", _("checking the boot entries and initramfs images"));
	err = check_result(commit, &why);
	if (!err && commit->also)
		err = commit->also(commit->root, &why);
	progress_end();
	if (err == -ENODATA) {
		log_error(_("the commands ran, but %s"), why);
		if (commit->bootloader.kind == BOOTLOADER_GRUB)
			say_setters(commit);
		return ENABLE_FAILED;
	}
	if (err)
		log_warning(_("could not verify the boot entries: %s\n"
			      "after the reboot, see: host-setup check"),
			    why ? why : strerror(-err));
	else if (commit->wanted && commit->bootloader.kind != BOOTLOADER_OTHER)
		log_info(_("the boot entries have the words"));
	else if (commit->gone.n)
		log_info(_("the boot entries no longer have the words"));
	return 0;
}

/* Removes the directories that were made, those that are now empty, the last made first. */
static int remove_dirs(const struct fs_root *root, const struct hoststate *state)
{
	int err = 0;

	for (size_t i = state->dirs.n; i-- && !err;)
		err = fs_remove_empty_dir(root, state->dirs.items[i]);
	return err;
}

/* Writes the state; when it does not exist, removes it and the directories that were made. */
static int write_state(const struct commit *commit, const struct hoststate *state)
{
	int err;

	if (state->exists)
		return hoststate_write(commit->root, state);
	err = remove_dirs(commit->root, &commit->during);
	return err ? err : hoststate_remove(commit->root);
}

/* Restores the first DONE files and, when commands were run, runs them again. */
static int undo(const struct commit *commit, size_t done, bool rerun)
{
	int err = edits_undo(&commit->edits, done);
	bool either;

	if (err) {
		log_error(_("not everything could be put back; run `%s` when the cause is gone"),
			  commit->undo_by ? commit->undo_by : "host-setup disable");
		return ENABLE_FAILED;
	}
	log_info(_("every file was put back as it was"));
	either = rerun && run_commands(commit);
	if (either)
		log_error(_(
			"the files are as they were, but the commands failed on them too: the host "
			"may boot with either\nwhen the cause is gone, run them by hand"));
	/* Then the state stays pending: whatever is run next, the undo of a trial, too, runs the
	 * commands. */
	err = either ? 0 : write_state(commit, &commit->before);
	if (err)
		log_error(_("/%s could not be put back: %s"), HOSTSTATE_PATH, strerror(-err));
	/* A boot that may have the new words stays on trial. */
	err = commit->trial && !either ? trial_write(commit->root, &commit->trial->before) : 0;
	if (err)
		log_error(_("/%s could not be put back: %s"), TRIAL_PATH, strerror(-err));
	return ENABLE_FAILED;
}

int commit_finish(const struct commit *commit)
{
	int err;

	supervise_allow(SUPERVISE_FOREVER);
	err = dropins_clean(commit->root) ?: write_state(commit, &commit->after);
	if (!err)
		return ENABLE_DONE;
	log_error(_("/%s could not be written: %s; all else is done"), HOSTSTATE_PATH,
		  strerror(-err));
	return ENABLE_FAILED;
}

/* Runs the commands, and looks whether they had their effect. Returns 0 or ENABLE_FAILED. */
static int take_effect(const struct commit *commit)
{
	bool anew = commit->edits.n || commit->before.pending;
	auto_free char *before = NULL;

	/* Without it, nothing is compared. */
	if (anew)
		(void)!initramfs_stamp(commit->root, &before);
	return run_commands(commit) ?: check_made_anew(commit, before) ?: verify(commit);
}

static int run(const struct commit *commit)
{
	bool running = fs_root_is_running_system(commit->root);
	size_t done = 0;
	int err;

	err = hoststate_write(commit->root, &commit->during);
	if (err) {
		log_error(_("/%s could not be written: %s; nothing was changed"), HOSTSTATE_PATH,
			  log_strerror(err));
		(void)!write_state(commit, &commit->before);
		return ENABLE_FAILED;
	}
	err = commit->trial ? trial_write(commit->root, &commit->trial->after) : 0;
	if (err) {
		log_error(_("/%s could not be written: %s"), TRIAL_PATH, log_strerror(err));
		return undo(commit, 0, false);
	}
	err = edits_apply(&commit->edits, &done);
	if (err) {
		log_error(_("/%s could not be written: %s"), commit->edits.items[done].path,
			  strerror(-err));
		return undo(commit, done + 1, false);
	}
	if (!running) {
		log_info(_("this system is not the running one: in it, run"));
		print_commands(commit);
		/* They have yet to be run: the state stays pending. */
		return commit->after.exists ? ENABLE_DONE : commit_finish(commit);
	}
	if (take_effect(commit))
		return undo(commit, commit->edits.n, true);
	return commit_finish(commit);
}

int commit_carry_out(const struct commit *commit)
{
	const struct setup_options *options = commit->options;
	int code = check(commit);
	int err = 0;

	if (code)
		return code;
	/* Whoever reads or is asked has time, and what changes something is not killed halfway. */
	supervise_allow(SUPERVISE_FOREVER);
	if (options->dry_run || options->manual_too || !options->yes)
		err = show(commit);
	if (err)
		return commit_say_failed(err);
	if (options->dry_run)
		return ENABLE_DONE;
	return confirm(options) ? run(commit) : ENABLE_REFUSED;
}

int commit_load_modules(const struct fs_root *root, const char *const *names, size_t n)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	int err = modules_open(root, &modules);

	for (size_t i = 0; i < n && !err; i++) {
		if (module_is_loaded(root, names[i]) > 0)
			continue;
		err = modules_load(modules, names[i]);
		if (err)
			log_warning(_("%s could not be loaded: %s\nto see why: modprobe %s"),
				    names[i], module_strerror(err), names[i]);
		else
			log_info(_("loaded: %s"), names[i]);
	}
	return err;
}
