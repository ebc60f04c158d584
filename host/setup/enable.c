// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/enable.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"
#include "host/pci/iommu.h"
#include "host/setup/loader/bootplace.h"
#include "host/setup/boot/dropins.h"
#include "host/setup/conf/effects.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/setup/boot/problems.h"
#include "host/setup/boot/problems_files.h"
#include "host/setup/boot/problems_initramfs.h"
#include "host/setup/boot/problems_root.h"
#include "host/setup/commit.h"
#include "host/setup/state/earlier.h"
#include "host/setup/trial/trial_arm.h"

#include <string.h>

struct enabling {
	const struct fs_root *root;
	struct commit commit;
	struct wanted wanted;
	struct bootcfg by_hand;	 /* the configuration without what host-setup added */
	struct conf_items words; /* those to be added */
	size_t n_added;		 /* words, modules and options to be added */
	bool quiet;		 /* only problems are looked for */
};

static void enabling_free(struct enabling *it)
{
	commit_free(&it->commit);
	wanted_free(&it->wanted);
	bootcfg_free(&it->by_hand);
	conf_items_free(&it->words);
}

/* Reads what is there and what is wanted. Returns 0 or an exit code. */
static int begin(struct enabling *it, const struct setup_options *options)
{
	auto_free char *why = NULL;
	int err = wanted_make(it->root, options, &it->wanted, &why);

	if (err == -EINVAL || err == -ENODATA) {
		log_error("%s", why);
		return err == -EINVAL ? ENABLE_USAGE : ENABLE_REFUSED;
	}
	it->commit.wanted = &it->wanted;
	return err ? commit_say_failed(err)
		   : commit_begin(it->root, options, "host-setup enable", &it->commit);
}

/* Whether something that is wanted has been set by hand; says so. */
static bool is_there(const struct enabling *it, const char *text, const struct conf_item *hand)
{
	if (hand && !it->quiet)
		log_info(_("already there: %s (/%s:%u)"), text, hand->file, hand->line);
	return hand;
}

/* Adds the words that are not there yet. When the settings are unclear, all are added: a word that
 * is there twice does no harm. */
static int edit_words(struct enabling *it)
{
	struct commit *commit = &it->commit;
	int err = 0;

	for (size_t i = 0; i < it->wanted.words.n && !err; i++) {
		const char *word = it->wanted.words.items[i].text;
		const struct conf_item *hand = NULL;

		(void)cmdline_covers(&it->by_hand.words, word, &hand);
		if (!is_there(it, word, hand))
			err = conf_items_add(&it->words, word, NULL, 0);
	}
	it->n_added += it->words.n;
	if (!err && commit->bootloader.kind == BOOTLOADER_GRUB)
		return dropins_write_grub(&commit->edits, &it->words);
	/* By hand: see find_problems(). */
	if (err || commit->bootloader.kind == BOOTLOADER_OTHER)
		return err;
	err = dropins_write_cmdline(&commit->edits, &commit->before, &it->words);
	for (size_t i = 0; i < it->words.n && !err; i++)
		err = fs_names_add(&commit->after.words, it->words.items[i].text);
	return err;
}

static int edit_modules(struct enabling *it)
{
	const char *missing[ARRAY_SIZE(it->wanted.modules)] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < it->wanted.n_modules; i++) {
		const char *module = it->wanted.modules[i];

		if (!is_there(it, module, bootcfg_module(&it->by_hand, module)))
			missing[n++] = module;
	}
	it->n_added += n;
	return dropins_write_modules(&it->commit.edits, missing, n);
}

static int edit_options(struct enabling *it)
{
	struct wanted_option missing[ARRAY_SIZE(it->wanted.options)];
	size_t n = 0;

	for (size_t i = 0; i < it->wanted.n_options; i++) {
		const struct wanted_option *option = &it->wanted.options[i];
		const struct conf_item *hand = bootcfg_option(&it->by_hand, option->module,
							      option->option);

		if (!is_there(it, hand ? hand->text : NULL, hand))
			missing[n++] = *option;
	}
	it->n_added += n;
	return dropins_write_options(&it->commit.edits, missing, n);
}

/* Remembers the directories that the edits will make. */
static int remember_dirs(struct commit *commit)
{
	int err = 0;

	for (size_t i = 0; i < commit->edits.n && !err; i++) {
		const struct edit *edit = &commit->edits.items[i];
		auto_free char *dir = strndup(edit->path,
					      (size_t)(strrchr(edit->path, '/') - edit->path));
		int there = edit->after ? fs_probe(commit->root, dir) : 1;

		if (there < 0) /* a NULL path, too */
			err = there;
		else if (!there)
			err = fs_names_add(&commit->after.dirs, dir);
	}
	return err;
}

/* Makes the edits: what an earlier run wrote is removed; what is still wanted is written again. */
static int plan(struct enabling *it)
{
	struct commit *commit = &it->commit;
	const struct hoststate dirs = {.dirs = commit->before.dirs};
	int err = 0;

	if (!commit->options->only)
		err = earlier_keep(it->root, &commit->before, it->quiet, &it->wanted);
	err = err ?: dropins_remove(&commit->edits, &commit->before);
	err = err ?: bootcfg_read(&commit->edits, &commit->bootloader, &it->by_hand);
	err = err ?: edit_modules(it);
	err = err ?: edit_options(it);
	err = err ?: edit_words(it);
	err = err ?: hoststate_merge(&commit->after, &dirs);
	err = err ?: remember_dirs(commit);
	commit->after.exists = it->n_added;
	return err ?: hoststate_merge(&commit->during, &commit->after);
}

/* A file that host-setup did not write is not overwritten. */
static int find_foreign(const struct commit *commit, struct problems *problems)
{
	int err = 0;

	for (size_t i = 0; i < commit->edits.n && !err; i++) {
		const char *path = commit->edits.items[i].path;

		int foreign;

		if (!strcmp(path, KERNEL_CMDLINE) || !commit->edits.items[i].after)
			continue;
		foreign = dropins_is_foreign(commit->root, path);
		if (foreign <= 0) {
			err = foreign;
			continue;
		}
		err = problems_add(problems, "file-in-the-way", PROBLEM_ENABLE,
				   fs_path(_("/%s exists, and host-setup did not write it"), path),
				   fs_path(_("give it another name: mv /%s /%s.mine"), path, path));
	}
	return err;
}

/* Why a word that is added to GRUB's settings would not reach the kernel, and what helps. */
static int add_lost_word(const struct enabling *it, const char *word, struct problems *problems)
{
	auto_free char *setters = NULL;
	auto_conf_items struct conf_items later = {0};
	int err = bootcfg_grub_setters(it->root, &setters);

	err = err ?: bootcfg_grub_later(&it->commit.edits, DROPIN_GRUB, &later);
	if (err)
		return err;
	if (later.n)
		return problems_add(
			problems, "words-lost", PROBLEM_ENABLE,
			fs_path(_("/%s:%u: %s would not reach the kernel: this line is read after /%s "
				  "and sets the variable anew"),
				later.items[0].file, later.items[0].line, word, DROPIN_GRUB),
			fs_path(_("append there instead: GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_"
				  "LINUX_DEFAULT ...\" (nano +%u /%s)"),
				later.items[0].line, later.items[0].file));
	return problems_add(
		problems, "words-lost", PROBLEM_ENABLE,
		fs_path(_("%s would not reach the kernel: there is a word -- before it, or "
			  "a quote in the value is not closed (set in %s)"),
			word, setters),
		fs_path(_("correct the value there (%s)"), setters));
}

/* Words that would not reach the kernel, as far as the text of the settings tells. */
static int find_lost_words(const struct enabling *it, const struct bootcfg *planned,
			   struct problems *problems)
{
	int err = 0;

	for (size_t i = 0; i < it->wanted.words.n && !err; i++) {
		const char *word = it->wanted.words.items[i].text;

		if (!cmdline_covers(&planned->words, word, NULL))
			err = add_lost_word(it, word, problems);
	}
	return err;
}

/* The words for another boot loader, with those that options asked for. */
static int find_words_by_hand(const struct enabling *it, struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		if (!strcmp(problems->items[i].name, PROBLEM_BY_HAND))
			return 0;
	return it->words.n ? problems_add_by_hand(&it->commit.bootloader, &it->words, problems) : 0;
}

/* The words against passthrough that the running kernel has, and that are configured no more. */
static int find_gone(const struct bootcfg *planned, struct commit *commit)
{
	auto_conf_items struct conf_items running = {0}, lost = {0};
	auto_free unsigned int *effects = NULL;
	int err = planned->unclear.file ? 0 : kernelinfo_cmdline(commit->root, &running);

	err = err ?: cmdline_subtract(&running, &planned->words, &lost);
	err = err ?: effects_find(&lost, &effects);
	for (size_t i = 0; i < lost.n && !err; i++)
		if (effects[i])
			err = conf_items_add(&commit->gone, lost.items[i].text, NULL, 0);
	return err;
}

/* What is wrong with the configuration as it would be. */
static int find_problems(struct enabling *it, struct problems *problems)
{
	struct commit *commit = &it->commit;
	auto_bootcfg struct bootcfg planned = {0}, now = {0};
	const struct edits none = {.root = it->root};
	int err = bootcfg_read(&commit->edits, &commit->bootloader, &planned);

	err = err ?: bootcfg_read(&none, &commit->bootloader, &now);
	err = err ?: cmdline_subtract(&now.words, &planned.words, &commit->gone);
	err = err ?: find_gone(&planned, commit);
	err = err
		      ?: problems_find(it->root, &commit->bootloader, &planned, it->wanted.vendor,
				       problems);
	err = err ?: find_foreign(commit, problems);
	if (!err)
		err = problems_find_in_initramfs(it->root, commit->bootloader.kind, &it->wanted,
						 commit->edits.n, problems);
	if (!err && commit->bootloader.kind == BOOTLOADER_GRUB && !planned.unclear.file)
		err = find_lost_words(it, &planned, problems);
	else if (!err && commit->bootloader.kind == BOOTLOADER_OTHER)
		err = find_words_by_hand(it, problems);
	if (!err && commit->options->root_changed)
		problems_accept(problems, PROBLEM_ROOT_DIFFERS);
	return err;
}

/* Whether the boot loader's entries lack the words, or have one that was removed by hand, as when
 * update-grub was forgotten. */
static bool entries_lack_words(const struct enabling *it)
{
	auto_bootplaces struct bootplaces places = {0};
	auto_free char *why = NULL;

	if (!fs_root_is_running_system(it->root) ||
	    bootplaces_read(it->root, &it->commit.bootloader, &places))
		return false;
	return bootplaces_check(&places, &it->wanted.words, &why) == -ENODATA ||
	       bootplaces_check_gone(&places, &it->commit.gone, &why) == -ENODATA;
}

/* Whether the running kernel has all words that are wanted, and none against them. */
static bool kernel_has_words(const struct enabling *it)
{
	auto_conf_items struct conf_items running = {0};
	int effects;

	if (kernelinfo_cmdline(it->root, &running))
		return false;
	effects = effects_of(&running, it->wanted.vendor);
	if (effects < 0 || effects & EFFECTS_IOMMU_OFF)
		return false;
	for (size_t i = 0; i < it->commit.gone.n; i++) {
		const char *word = it->commit.gone.items[i].text;

		if (cmdline_find(&running, word) && bootcfg_effect(word))
			return false;
	}
	for (size_t i = 0; i < it->wanted.words.n; i++)
		if (!cmdline_covers(&running, it->wanted.words.items[i].text, NULL))
			return false;
	return true;
}

/* Whether it has all that is wanted, so that only modules may be missing. */
static bool kernel_is_ready(const struct enabling *it)
{
	if (iommu_is_active(it->root) <= 0 || !kernel_has_words(it))
		return false;
	for (size_t i = 0; i < it->commit.edits.n; i++)
		if (!strcmp(it->commit.edits.items[i].path, DROPIN_OPTIONS))
			return false; /* options are taken when a module is loaded */
	return true;
}

static void say_what_next(const struct enabling *it)
{
	if (!fs_root_is_running_system(it->root))
		return;
	if (kernel_is_ready(it) &&
	    !commit_load_modules(it->root, it->wanted.modules, it->wanted.n_modules))
		log_info(_("the IOMMU is on and the modules are loaded: no reboot is needed"));
	else if (!iommu_is_active(it->root) && kernel_has_words(it))
		log_warning(_(
			"the running kernel has these words already, and its IOMMU is off all the "
			"same: starting the host again does not change that\nwhy, and where to look: "
			"host-setup check"));
	else
		log_warning(
			_("a reboot is needed: systemctl reboot\nafter it, see: host-setup check"));
}

/* Makes the change, on trial if that is wanted. */
static int carry_out(struct enabling *it)
{
	auto_trial_change struct trial_change trial = {0};
	struct commit *commit = &it->commit;
	int code = trial_plan(it->root, commit->options, &it->words, &trial);

	if (code)
		return code;
	if (trial.after.stage) {
		commit->trial = &trial;
		trial_tell_plan(&trial.after, commit->before.exists);
	}
	code = commit_carry_out(commit);
	if (!code && trial.after.stage && !commit->options->dry_run)
		trial_tell_armed(it->root, &commit->bootloader, &trial.after);
	commit->trial = NULL;
	return code;
}

static int go(struct enabling *it)
{
	const struct commit *commit = &it->commit;
	bool dry_run = commit->options->dry_run;
	int code = ENABLE_DONE;

	if (commit->edits.n || commit->before.pending || entries_lack_words(it)) {
		code = carry_out(it);
	} else {
		log_info(dry_run ? _("nothing would change: no file, and no command is to be run")
				 : _("nothing to change"));
		trial_tell_unchanged(it->root, commit->options);
		/* A crash may have left a temporary file. */
		if (!dry_run && commit->before.exists)
			code = commit_finish(commit);
	}
	if (code || dry_run)
		return code;
	code = trial_settle(it->root);
	say_what_next(it);
	return code;
}

/* Without knowing which words are wanted: what is wrong with those that are there. */
static int find_without_plan(const struct enabling *it, char *why, struct problems *problems)
{
	const struct edits none = {.root = it->root};
	auto_bootcfg struct bootcfg now = {0};
	int err = bootcfg_read(&none, &it->commit.bootloader, &now);

	err = err
		      ?: problems_find(it->root, &it->commit.bootloader, &now, PROCESSOR_AUTO,
				       problems);
	if (err) {
		free(why);
		return err;
	}
	return problems_add(problems, "processor-unknown", PROBLEM_ENABLE, why, NULL);
}

/* Plans with what is there, and finds what is wrong with that. */
static int find_quietly(struct enabling *it, struct problems *problems)
{
	auto_free char *why = NULL;
	int err = wanted_make(it->root, it->commit.options, &it->wanted, &why);

	if (err == -ENODATA)
		return find_without_plan(it, TAKE_PTR(why), problems);
	err = err ?: hoststate_read(it->root, &it->commit.before);
	if (err == -EBADMSG)
		return problems_add(
			problems, "state-damaged", PROBLEM_ENABLE,
			fs_path(_("/%s is damaged, so which words an earlier enable added is not "
				  "known"),
				HOSTSTATE_PATH),
			fs_path(_("restore it, or delete it and remove those words by hand from "
				  "/%s"),
				KERNEL_CMDLINE));
	err = err ?: plan(it);
	return err ?: find_problems(it, problems);
}

int enable_find_problems(const struct fs_root *root, const struct bootloader *bootloader,
			 struct problems *ret)
{
	const struct setup_options options = {0};
	auto_problems struct problems problems = {0};
	struct enabling it = {
		.root = root,
		.commit = {.root = root,
			   .options = &options,
			   .bootloader = *bootloader,
			   .edits = {.root = root}},
		.quiet = true,
	};
	int err = find_quietly(&it, &problems);

	it.commit.bootloader = (struct bootloader){0};
	enabling_free(&it);
	if (err)
		return err;
	*ret = problems;
	problems = (struct problems){0};
	return 0;
}

int enable_run(const struct fs_root *root, const struct setup_options *options)
{
	cleanup_with(enabling_free) struct enabling it = {.root = root};
	auto_problems struct problems problems = {0};
	int code = begin(&it, options);
	int err;

	if (code)
		return code;
	log_info(_("boot loader: %s, because\n%s"), bootloader_title(&it.commit.bootloader),
		 it.commit.bootloader.evidence);
	wanted_warn(root, options);
	err = plan(&it) ?: find_problems(&it, &problems);
	if (err)
		return commit_say_failed(err);
	return problems_stop(&problems, PROBLEM_ENABLE) ? ENABLE_REFUSED : go(&it);
}
