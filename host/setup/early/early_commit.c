// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/early/early_commit.h"

#include <string.h>

#include "host/base/log.h"
#include "host/pci/early/early.h"
#include "host/setup/outcome.h"
#include "host/setup/early/early_images.h"
#include "host/setup/early/early_refuse.h"
#include "host/setup/early/early_script.h"

/* ---- the files ---- */

/* A file in our place that is not ours is not overwritten. */
static int check_foreign(const struct early_change *change, const char *path)
{
	const struct edits none = {.root = change->root};
	auto_free char *text = NULL;
	int err = edits_text(&none, path, &text);

	if (err)
		return early_say_failed(err);
	if (!text || strstr(text, "\n" EARLY_MARK))
		return 0;
	outcome_refuse(
		change->options, REASON_FILE, NULL,
		_("refused: /%s exists, and host-setup did not write it; give it another name: mv "
		  "/%s /root/"),
		path, path);
	outcome_cure(change->options, NULL, "mv /%s /root/", path);
	return ENABLE_REFUSED;
}

/* initramfs-tools runs only what can be run. */
static int add_program(struct edits *edits, const char *path, const char *text)
{
	size_t n = edits->n;
	int err = edits_add(edits, path, text);

	if (!err && edits->n > n && !edits->items[n].before)
		edits->items[n].owner.mode = 0755;
	return err;
}

static int add_conf(struct edits *edits, const struct sriov_conf *conf)
{
	auto_free char *text = NULL;

	if (!sriov_conf_is_needed(conf))
		return edits_add(edits, SRIOV_CONF_PATH, NULL);
	text = sriov_conf_text(conf);
	return text ? edits_add(edits, SRIOV_CONF_PATH, text) : -ENOMEM;
}

static int plan(struct edits *edits, const struct sriov_conf *conf)
{
	bool holds = early_list_holds(&conf->early);
	auto_free char *script = holds ? early_script_text(&conf->early) : NULL;
	int err = holds && !script ? -ENOMEM : 0;

	/* What undoes the rest is written first, and removed last. */
	if (holds)
		err = err ?: add_conf(edits, conf);
	err = err ?: add_program(edits, EARLY_SCRIPT_PATH, script);
	err = err ?: add_program(edits, EARLY_HOOK_PATH, holds ? early_hook_text() : NULL);
	if (!holds)
		err = err ?: add_conf(edits, conf);
	return err;
}

/* ---- the result ---- */

static int check_held(const struct fs_root *root, char **ret_why)
{
	return early_images_check(root, true, ret_why);
}

static int check_gone(const struct fs_root *root, char **ret_why)
{
	return early_images_check(root, false, ret_why);
}

static void say_held(const struct early_change *change, const struct bdf_set *held)
{
	auto_strbuf struct strbuf list = {0}, words = {0};

	for (size_t i = 0; i < change->n_targets; i++)
		strbuf_add_item(&list, "%s", bdf_text(&change->targets[i].id.bdf));
	for (size_t i = 0; i < held->n; i++)
		strbuf_add(&words, " %s", bdf_text(&held->items[i]));
	log_info(_("from the next boot on no driver of the host has %s: reboot"),
		 list.text ? list.text : "");
	log_info(
		_("for one boot without that: %s on the kernel command line (in the boot menu: e)"),
		EARLY_OFF_WORD);
	log_info(_("to undo it: host-setup early --remove%s"), words.text ? words.text : "");
}

static void say_end(const struct early_change *change, const struct bdf_set *held)
{
	if (held)
		say_held(change, held);
	else if (early_list_holds(&change->conf.early))
		log_info(_(
			"it takes effect at the next boot; others are still held; see: host-setup "
			"early"));
	else
		log_info(_("from the next boot on nothing is held early"));
}

/* The directory goes with the file, when it was made for it. */
static int remove_directory(const struct early_change *change)
{
	int there = fs_probe(change->root, SRIOV_CONF_PATH);

	if (there || !change->conf.made_directory)
		return there < 0 ? there : 0;
	return fs_remove_empty_dir(change->root, SRIOV_CONF_DIR);
}

/* The directory is remembered before it is made; a run that was cut short has done so. */
static int remember_directory(struct early_change *change, struct commit *commit)
{
	int there = fs_probe(change->root, SRIOV_CONF_DIR);

	if (there < 0)
		return there;
	change->conf.made_directory |= !there || fs_names_has(&commit->before.dirs, SRIOV_CONF_DIR);
	return change->conf.made_directory ? fs_names_add(&commit->during.dirs, SRIOV_CONF_DIR) : 0;
}

/* `enable` and `disable` find their state as it was, but that all commands have been run. */
static int keep_state(struct commit *commit)
{
	const struct hoststate *before = &commit->before;
	struct hoststate *after = &commit->after;
	const struct hoststate words = {.words = before->words};
	int err = hoststate_merge(after, &words);

	for (size_t i = 0; !err && i < before->dirs.n; i++)
		if (strcmp(before->dirs.items[i], SRIOV_CONF_DIR))
			err = fs_names_add(&after->dirs, before->dirs.items[i]);
	after->exists = before->exists && (!before->pending || after->words.n || after->dirs.n);
	return err;
}

/* Without memory: NULL. */
static char *make_command(const struct setup_options *options)
{
	auto_strbuf struct strbuf text = {0};

	strbuf_add(&text, "host-setup early%s", options->remove ? " --remove" : "");
	for (size_t i = 0; options->addresses && options->addresses[i]; i++)
		strbuf_add(&text, " %s", options->addresses[i]);
	return strbuf_take(&text);
}

static int begin(struct early_change *change, struct commit *commit, bool holds)
{
	auto_free char *command = make_command(change->options);
	int code = command ? commit_begin(change->root, change->options, command, commit)
			   : commit_say_failed(-ENOMEM);
	int err;

	if (code)
		return code;
	commit->also = holds ? check_held : check_gone;
	commit->undo_by = "host-setup early --remove ADDRESS";
	err = keep_state(commit) ?: remember_directory(change, commit);
	err = err ?: plan(&commit->edits, &change->conf);
	return err ? early_say_failed(err) : 0;
}

int early_commit(struct early_change *change, const struct bdf_set *held)
{
	auto_commit struct commit commit = {0};
	int code = check_foreign(change, EARLY_SCRIPT_PATH)
			   ?: check_foreign(change, EARLY_HOOK_PATH);
	int err;

	code = code ?: begin(change, &commit, early_list_holds(&change->conf.early));
	if (code)
		return code;
	if (!commit.edits.n && !commit.before.pending) {
		log_info(_("nothing to change: it is set up so already"));
		return ENABLE_DONE;
	}
	code = early_refuse_off(change) ?: commit_carry_out(&commit);
	if (change->options->dry_run)
		return code;
	err = remove_directory(change);
	if (err)
		log_warning(_("/%s could not be removed: %s"), SRIOV_CONF_DIR, log_strerror(err));
	if (!code)
		say_end(change, held);
	return code;
}
