// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/enable.h"
#include "host/setup/bootplace.h"
#include "host/setup/commit.h"
#include "host/setup/current.h"
#include "host/setup/dropins.h"
#include "host/iommu.h"
#include "host/log.h"
#include "host/setup/moduleset.h"
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

/* Refuses what cannot be understood. */
static int refuse_problems(const struct bootcfg *bootcfg)
{
	for (size_t i = 0; i < bootcfg->n_problems; i++)
		log_error(_("/%s:%u cannot be understood: %s\n"
			    "write it as a plain assignment, NAME=\"words\""),
			  bootcfg->problems[i].file, bootcfg->problems[i].line,
			  bootcfg->problems[i].what);
	return bootcfg->n_problems ? ENABLE_REFUSED : 0;
}

/* Whether a contradiction is about the other vendor's IOMMU, which this host has not. */
static bool is_other_vendor(const struct enabling *it, const struct bootcfg_line *line)
{
	return cmdline_value(line->text, it->wanted.intel ? "amd_iommu" : "intel_iommu");
}

static int refuse_contradictions(const struct enabling *it, const struct bootcfg *bootcfg)
{
	int code = 0;

	for (size_t i = 0; i < bootcfg->contradictions.n; i++) {
		const struct bootcfg_line *line = &bootcfg->contradictions.items[i];

		if (is_other_vendor(it, line)) {
			log_warning(_("/%s:%u: %s: %s, which this host has not"), line->file,
				    line->line, line->text, line->effect);
			continue;
		}
		log_error(
			_("/%s:%u: %s: %s\n"
			  "take it out there (in an editor: nano +%u /%s), then: host-setup enable"),
			line->file, line->line, line->text, line->effect, line->line, line->file);
		code = ENABLE_REFUSED;
	}
	return code;
}

/* Which words are not there yet; says which are. */
static int find_missing_words(struct enabling *it)
{
	int err = 0;

	for (size_t i = 0; i < it->wanted.words.n && !err; i++) {
		const char *word = it->wanted.words.items[i].text;
		const struct cmdline_word *hand;

		if (cmdline_covers(&it->by_hand.words, word, &hand))
			log_info(_("already there: %s (/%s:%u)"), word, hand->file, hand->line);
		else
			err = cmdline_add(&it->words, word, strlen(word), NULL, 0);
	}
	return err;
}

static int edit_words(struct enabling *it)
{
	auto_free char *text = NULL;
	const char *trouble;
	int err;

	it->n_ours += it->words.n;
	if (it->current.bootloader.kind == BOOTLOADER_GRUB)
		return dropins_write_grub(&it->edits, it->root, &it->words);
	err = fs_read(it->root, KERNEL_CMDLINE, TEXT_MAX, &text, NULL);
	if (err && err != -ENOENT && err != -ENOTDIR)
		return err;
	trouble = dropins_cmdline_trouble(text);
	if (trouble) {
		log_error("/" KERNEL_CMDLINE ": %s", trouble);
		return -EBADMSG;
	}
	err = dropins_write_cmdline(&it->edits, it->root, &it->current.state, &it->words);
	for (size_t i = 0; i < it->words.n && !err; i++)
		err = hoststate_add(&it->after.words, it->words.items[i].text);
	return err;
}

static int edit_modules(struct enabling *it)
{
	const char *missing[ARRAY_SIZE(it->wanted.modules)] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < it->wanted.n_modules; i++) {
		const char *module = it->wanted.modules[i];
		const struct bootcfg_line *hand = bootcfg_module(&it->by_hand, module);

		if (hand)
			log_info(_("already there: %s (/%s:%u)"), module, hand->file, hand->line);
		else
			missing[n++] = module;
	}
	it->n_ours += n;
	return dropins_write_modules(&it->edits, it->root, missing, n);
}

static int edit_options(struct enabling *it)
{
	struct wanted_option missing[ARRAY_SIZE(it->wanted.options)];
	size_t n = 0;

	for (size_t i = 0; i < it->wanted.n_options; i++) {
		const struct wanted_option *option = &it->wanted.options[i];
		const struct bootcfg_line *hand = bootcfg_option(&it->by_hand, option->module,
								 option->option);

		if (hand)
			log_info(_("already there: %s (/%s:%u)"), hand->text, hand->file,
				 hand->line);
		else
			missing[n++] = *option;
	}
	it->n_ours += n;
	return dropins_write_options(&it->edits, it->root, missing, n);
}

/* Folders that the edits will make. */
static int remember_folders(struct enabling *it)
{
	int err = 0;

	for (size_t i = 0; i < it->edits.n && !err; i++) {
		const char *path = it->edits.items[i].path;
		auto_free char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));

		if (!folder)
			return -ENOMEM;
		if (it->edits.items[i].after && !fs_exists(it->root, folder))
			err = hoststate_add(&it->after.folders, folder);
	}
	return err;
}

/* What is remembered while it is under way: what was ours, and what will be. */
static int make_states(struct enabling *it)
{
	struct hoststate *during = &it->during;
	int err = 0;

	for (size_t i = 0; i < it->current.state.folders.n && !err; i++)
		err = hoststate_add(&it->after.folders, it->current.state.folders.items[i]);
	err = err ?: remember_folders(it);
	for (size_t i = 0; i < it->current.state.words.n && !err; i++)
		err = hoststate_add(&during->words, it->current.state.words.items[i]);
	for (size_t i = 0; i < it->after.words.n && !err; i++)
		err = hoststate_add(&during->words, it->after.words.items[i]);
	for (size_t i = 0; i < it->after.folders.n && !err; i++)
		err = hoststate_add(&during->folders, it->after.folders.items[i]);
	during->exists = during->pending = it->after.exists = true;
	return err;
}

/* Works the edits out. Returns 0, -EBADMSG having said why they cannot be, or -errno. */
static int plan(struct enabling *it)
{
	auto_edits struct edits bare = {0};
	auto_free struct bootcfg_file *files = NULL;
	int err = dropins_remove(&bare, it->root, &it->current.state);

	files = edits_files(&bare);
	if (err || !files)
		return err ? err : -ENOMEM;
	err = bootcfg_read_with(it->root, &it->current.bootloader, files, bare.n, &it->by_hand);
	if (err)
		return err;
	/* What an earlier run wrote and nobody asks for now goes; the rest takes its place again.
	 */
	err = dropins_remove(&it->edits, it->root, &it->current.state) ?: find_missing_words(it);
	err = err ?: edit_modules(it);
	err = err ?: edit_options(it);
	err = err ?: edit_words(it);
	return err ? err : make_states(it);
}

/* Refuses to write over a file that somebody else has put where ours would be. */
static int refuse_foreign(const struct enabling *it)
{
	for (size_t i = 0; i < it->edits.n; i++) {
		const char *path = it->edits.items[i].path;

		if (!strcmp(path, KERNEL_CMDLINE) || !it->edits.items[i].after ||
		    !dropins_is_foreign(it->root, path))
			continue;
		log_error(_("/%s is there, and host-setup did not write it\n"
			    "give it another name: mv /%s /%s.mine"),
			  path, path, path);
		return ENABLE_REFUSED;
	}
	return 0;
}

/* Looks at the configuration as it would be. Returns 0 or an exit code. */
static int judge_plan(struct enabling *it)
{
	auto_bootcfg struct bootcfg planned = {0}, now = {0};
	auto_free struct bootcfg_file *files = edits_files(&it->edits);
	int code, err;

	if (!files)
		return current_say_failed(-ENOMEM);
	err = bootcfg_read_with(it->root, &it->current.bootloader, files, it->edits.n, &planned);
	err = err ?: bootcfg_read(it->root, &it->current.bootloader, &now);
	err = err ?: cmdline_subtract(&now.words, &planned.words, &it->gone);
	if (err)
		return current_say_failed(err);
	code = refuse_problems(&it->by_hand);
	code = code ?: refuse_contradictions(it, &planned);
	code = code ?: refuse_foreign(it);
	for (size_t i = 0; i < it->wanted.words.n && !code; i++) {
		const char *word = it->wanted.words.items[i].text;

		if (cmdline_covers(&planned.words, word, NULL))
			continue;
		log_error(
			_("%s would not reach the kernel: a file in /etc/default/grub.d that is read "
			  "after /%s sets GRUB_CMDLINE_LINUX_DEFAULT anew, or a word -- "
			  "stands before it, or a quote in the value is not closed\n"
			  "append there instead: GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_"
			  "DEFAULT ...\""),
			word, DROPIN_GRUB);
		code = ENABLE_REFUSED;
	}
	return code;
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
	int code = begin(&it, options);
	int err;

	if (code)
		return code;
	log_info(_("boot loader: %s, because\n%s"), bootloader_name(it.current.bootloader.kind),
		 it.current.bootloader.evidence);
	wanted_warn(root, options);
	err = plan(&it);
	if (err == -EBADMSG)
		return ENABLE_REFUSED;
	if (err)
		return current_say_failed(err);
	code = judge_plan(&it);
	return code ? code : go(&it, options);
}
