// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/enable.h"
#include "host/setup/boot/bootplace.h"
#include "host/setup/commit.h"
#include "host/setup/boot/dropins.h"
#include "host/pci/iommu.h"
#include "host/base/log.h"
#include "host/setup/boot/moduleset.h"
#include "host/setup/boot/problems.h"
#include "host/setup/wanted.h"

#include <string.h>

#define TEXT_MAX ((size_t)1024 * 1024)

/* One run of enable: what is, what is wanted, and what is to be changed for it. */
struct enabling {
	const struct fs_root *root;
	struct current current;
	struct wanted wanted;
	struct hoststate during, after;
	struct bootcfg by_hand; /* the configuration without what is ours */
	struct cmdline words;	/* those that are ours to add */
	struct cmdline gone;	/* those that will no longer be there */
	struct edits edits;
	size_t n_ours; /* words, modules and options that are ours */
};

static void enabling_free(struct enabling *it)
{
	current_free(&it->current);
	wanted_free(&it->wanted);
	hoststate_free(&it->during);
	hoststate_free(&it->after);
	bootcfg_free(&it->by_hand);
	cmdline_free(&it->words);
	cmdline_free(&it->gone);
	edits_free(&it->edits);
}

/* Reads what is and works out what is wanted. Returns 0 or an exit code. */
static int begin(struct enabling *it, const struct enable_options *options)
{
	auto_free char *why = NULL;
	int err = wanted_make(it->root, options, &it->wanted, &why);

	if (err == -EINVAL || err == -ENODATA) {
		log_error("%s", why);
		return err == -EINVAL ? ENABLE_USAGE : ENABLE_REFUSED;
	}
	return err ? current_say_failed(err)
		   : current_read(it->root, options->bootloader, &it->current);
}

/* Whether something that is wanted has been set by hand; says so. */
static bool is_there(const struct bootcfg_line *hand)
{
	if (hand)
		log_info(_("already there: %s (/%s:%u)"), hand->text, hand->file, hand->line);
	return hand;
}

/* Adds the words that are not there yet. Those that cannot be told are added: twice is no harm. */
static int edit_words(struct enabling *it)
{
	int err = 0;

	for (size_t i = 0; i < it->wanted.words.n && !err; i++) {
		char *word = it->wanted.words.items[i].text;
		const struct cmdline_word *hand;

		if (cmdline_covers(&it->by_hand.words, word, &hand))
			(void)is_there(&(struct bootcfg_line){word, hand->file, hand->line, NULL});
		else
			err = cmdline_add(&it->words, word, strlen(word), NULL, 0);
	}
	it->n_ours += it->words.n;
	if (!err && it->current.bootloader.kind == BOOTLOADER_GRUB)
		return dropins_write_grub(&it->edits, it->root, &it->words);
	err = err ?: dropins_write_cmdline(&it->edits, it->root, &it->current.state, &it->words);
	for (size_t i = 0; i < it->words.n && !err; i++)
		err = hoststate_add(&it->after.words, it->words.items[i].text);
	return err;
}

static int edit_modules(struct enabling *it)
{
	const char *missing[ARRAY_SIZE(it->wanted.modules)] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < it->wanted.n_modules; i++)
		if (!is_there(bootcfg_module(&it->by_hand, it->wanted.modules[i])))
			missing[n++] = it->wanted.modules[i];
	it->n_ours += n;
	return dropins_write_modules(&it->edits, it->root, missing, n);
}

static int edit_options(struct enabling *it)
{
	struct wanted_option missing[ARRAY_SIZE(it->wanted.options)];
	size_t n = 0;

	for (size_t i = 0; i < it->wanted.n_options; i++) {
		const struct wanted_option *option = &it->wanted.options[i];

		if (!is_there(bootcfg_option(&it->by_hand, option->module, option->option)))
			missing[n++] = *option;
	}
	it->n_ours += n;
	return dropins_write_options(&it->edits, it->root, missing, n);
}

/* Folders that the edits will make. */
static int remember_dirs(struct enabling *it)
{
	int err = 0;

	for (size_t i = 0; i < it->edits.n && !err; i++) {
		const char *path = it->edits.items[i].path;
		auto_free char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));

		if (!dir)
			return -ENOMEM;
		if (it->edits.items[i].after && fs_probe(it->root, dir) <= 0)
			err = hoststate_add(&it->after.dirs, dir);
	}
	return err;
}

/* What is remembered while it is under way: what was ours, and what will be. */
static int make_states(struct enabling *it)
{
	const struct hoststate dirs = {.dirs = it->current.state.dirs};
	int err = hoststate_merge(&it->after, &dirs) ?: remember_dirs(it);

	it->during.exists = it->during.pending = it->after.exists = true;
	err = err ?: hoststate_merge(&it->during, &it->current.state);
	return err ?: hoststate_merge(&it->during, &it->after);
}

/* Works the edits out. */
static int plan(struct enabling *it)
{
	auto_edits struct edits bare = {0};
	int err = dropins_remove(&bare, it->root, &it->current.state);

	err = err ?: edits_read(&bare, it->root, &it->current.bootloader, &it->by_hand);
	if (err)
		return err;
	/* What an earlier run wrote and nobody asks for now goes; the rest takes its place again.
	 */
	err = dropins_remove(&it->edits, it->root, &it->current.state);
	err = err ?: edit_modules(it);
	err = err ?: edit_options(it);
	err = err ?: edit_words(it);
	return err ? err : make_states(it);
}

/* A file that somebody else has put where ours would be is not written over. */
static int find_foreign(const struct enabling *it, struct problems *problems)
{
	int err = 0;

	for (size_t i = 0; i < it->edits.n && !err; i++) {
		const char *path = it->edits.items[i].path;

		if (!strcmp(path, KERNEL_CMDLINE) || !it->edits.items[i].after ||
		    !dropins_is_foreign(it->root, path))
			continue;
		err = problems_add(problems, "file-in-the-way", PROBLEM_ENABLE,
				   fs_path(_("/%s exists, and host-setup did not write it"), path),
				   fs_path(_("give it another name: mv /%s /%s.mine"), path, path));
	}
	return err;
}

/* Words that the settings, as far as the text tells, keep from the kernel. */
static int find_lost_words(const struct enabling *it, const struct bootcfg *planned,
			   struct problems *problems)
{
	auto_free char *setters = NULL;
	int err = bootcfg_grub_setters(it->root, &setters);

	for (size_t i = 0; i < it->wanted.words.n && !err; i++) {
		const char *word = it->wanted.words.items[i].text;

		if (cmdline_covers(&planned->words, word, NULL))
			continue;
		err = problems_add(
			problems, "words-lost", PROBLEM_ENABLE,
			fs_path(_("%s would not reach the kernel: a file in /etc/default/grub.d that "
				  "is read after /%s sets GRUB_CMDLINE_LINUX_DEFAULT anew, or a word "
				  "-- stands before it, or a quote in the value is not closed (set "
				  "in %s)"),
				word, DROPIN_GRUB, setters),
			strdup(_("append there instead: GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_"
				 "LINUX_DEFAULT ...\"")));
	}
	return err;
}

/* What is wrong with the configuration as it would be. */
static int find_problems(struct enabling *it, struct problems *problems)
{
	auto_bootcfg struct bootcfg planned = {0}, now = {0};
	const struct bootloader *bootloader = &it->current.bootloader;
	int err = edits_read(&it->edits, it->root, bootloader, &planned);

	err = err ?: bootcfg_read(it->root, bootloader, &now);
	err = err ?: cmdline_subtract(&now.words, &planned.words, &it->gone);
	err = err
		      ?: problems_find(it->root, bootloader, &planned,
				       it->wanted.intel ? PROCESSOR_INTEL : PROCESSOR_AMD,
				       problems);
	err = err ?: find_foreign(it, problems);
	if (!err && bootloader->kind == BOOTLOADER_GRUB && !planned.unclear.file)
		err = find_lost_words(it, &planned, problems);
	return err;
}

/* Whether the boot loader's entries lack the words, as when update-grub was forgotten. */
static bool entries_lack_words(const struct enabling *it)
{
	auto_bootplaces struct bootplaces places = {0};
	auto_free char *why = NULL;

	return fs_root_is_running_system(it->root) &&
	       !bootplaces_read(it->root, &it->current.bootloader, &places) &&
	       bootplaces_check(&places, &it->wanted.words, &why) == -ENODATA;
}

/* Whether the kernel runs as is wanted, so that only modules may be missing. */
static bool kernel_is_ready(const struct enabling *it)
{
	auto_cmdline struct cmdline running = {0};
	auto_free char *text = NULL;

	if (iommu_is_active(it->root) <= 0 ||
	    fs_read(it->root, "proc/cmdline", TEXT_MAX, &text, NULL) ||
	    cmdline_split(&running, text, NULL))
		return false;
	for (size_t i = 0; i < it->wanted.words.n; i++)
		if (!cmdline_covers(&running, it->wanted.words.items[i].text, NULL))
			return false;
	for (size_t i = 0; i < it->edits.n; i++)
		if (!strcmp(it->edits.items[i].path, DROPIN_OPTIONS))
			return false; /* options are taken when a module is loaded */
	return true;
}

static void say_what_next(const struct enabling *it)
{
	if (!fs_root_is_running_system(it->root))
		return;
	if (kernel_is_ready(it) &&
	    !moduleset_load(it->root, it->wanted.modules, it->wanted.n_modules))
		log_info(_("the IOMMU is on and the modules are loaded: no reboot is needed"));
	else
		log_warning(
			_("a reboot is needed: systemctl reboot\nafter it, see: host-setup check"));
}

static int go(const struct enabling *it, const struct enable_options *options)
{
	const struct commit commit = {
		.root = it->root,
		.bootloader = &it->current.bootloader,
		.edits = &it->edits,
		.before = &it->current.state,
		.during = &it->during,
		.after = it->n_ours ? &it->after : NULL,
		.words = &it->wanted.words,
		.gone = &it->gone,
		.modules = it->wanted.modules,
		.n_modules = it->wanted.n_modules,
		.dry_run = options->dry_run,
		.ask = !options->yes,
	};
	int code;

	if (!it->edits.n && !it->current.state.pending && !entries_lack_words(it)) {
		log_info(_("nothing is to be changed"));
		if (options->dry_run)
			return ENABLE_DONE;
		/* Only what a crash left beside the files, if anything, is still to go. */
		code = it->current.state.exists ? commit_finish(&commit) : ENABLE_DONE;
		if (!code)
			say_what_next(it);
		return code;
	}
	code = commit_carry_out(&commit);
	if (options->dry_run)
		return code;
	if (!code)
		say_what_next(it);
	return code;
}

int enable_run(const struct fs_root *root, const struct enable_options *options)
{
	cleanup_with(enabling_free) struct enabling it = {.root = root};
	auto_problems struct problems problems = {0};
	int code = begin(&it, options);
	int err;

	if (code)
		return code;
	log_info(_("boot loader: %s, because\n%s"), bootloader_name(it.current.bootloader.kind),
		 it.current.bootloader.evidence);
	wanted_warn(root, options);
	err = plan(&it);
	err = err ?: find_problems(&it, &problems);
	if (err)
		return current_say_failed(err);
	return problems_stop(&problems, PROBLEM_ENABLE) ? ENABLE_REFUSED : go(&it, options);
}
