// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/problems.h"
#include "host/base/log.h"
#include "host/setup/boot/bootplace.h"
#include "host/setup/boot/dropins.h"
#include "host/setup/boot/effects.h"
#include "host/setup/boot/kernelinfo.h"

#include <string.h>

#define GRUB_DEFAULTS "etc/default/grub"
#define TEXT_MAX      ((size_t)1024 * 1024)

int problems_add(struct problems *problems, const char *name, enum problem_severity severity,
		 char *what, char *cure)
{
	if (!what || !array_grow(problems->items, problems->n)) {
		free(what);
		free(cure);
		return -ENOMEM;
	}
	problems->items[problems->n++] = (struct problem){name, severity, what, cure};
	return 0;
}

/* The configuration without what host-setup has added: what the administrator wants. */
static int read_by_hand(const struct fs_root *root, const struct bootloader *bootloader,
			struct bootcfg *ret)
{
	auto_edits struct edits edits = {.root = root};
	auto_hoststate struct hoststate state = {0};
	int err = hoststate_read(root, &state);

	/* A damaged state names no words; that is reported elsewhere. */
	if (err && err != -EBADMSG)
		return err;
	err = dropins_remove(&edits, &state);
	return err ?: bootcfg_read(&edits, bootloader, ret);
}

/* What stands against passthrough, of which VENDOR's IOMMU, and whether remapping may be off. */
struct judge {
	enum processor_vendor vendor;
	bool unsafe;
};

static enum problem_severity severity_of(const struct judge *judge, unsigned int effects)
{
	unsigned int here = effects & effects_possible(judge->vendor);
	unsigned int harmless = EFFECT_IGPU_OFF | (judge->unsafe ? EFFECT_REMAPPING_OFF : 0);

	if (!effects) /* a line of modprobe.d */
		return PROBLEM_ENABLE;
	if (!here)
		return PROBLEM_NOTE;
	return here & ~harmless ? PROBLEM_ENABLE : PROBLEM_WARNING;
}

static int add_contradiction(const struct judge *judge, const char *where, const char *text,
			     unsigned int effects, char *cure, struct problems *problems)
{
	enum problem_severity severity = severity_of(judge, effects);
	unsigned int here = effects & effects_possible(judge->vendor);
	const char *effect = effects ? effects_text(here ?: effects) : bootcfg_effect(text);

	return problems_add(problems, "contradiction", severity,
			    fs_path(severity == PROBLEM_NOTE
					    ? _("%s: %s: %s, which this host does not have")
					    : "%s: %s: %s",
				    where, text, effect),
			    cure);
}

/* The last place in the list of an item that is the same; -1 when there is none. */
static int find_item(const struct conf_items *list, const struct conf_item *item)
{
	for (size_t i = list->n; i--;)
		if (list->items[i].line == item->line && !strcmp(list->items[i].text, item->text) &&
		    !strcmp(list->items[i].file, item->file))
			return (int)i;
	return -1;
}

/* What of BOOTCFG stands against passthrough and is not in KNOWN. */
static int find_contradictions(const struct bootcfg *bootcfg, const struct conf_items *known,
			       const struct judge *judge, struct problems *problems)
{
	auto_free unsigned int *effects = NULL;
	int err = effects_find(&bootcfg->words, &effects);

	for (size_t i = 0; i < bootcfg->contradictions.n && !err; i++) {
		const struct conf_item *line = &bootcfg->contradictions.items[i];
		auto_free char *where = fs_path("/%s:%u", line->file, line->line);
		int word = find_item(&bootcfg->words, line);

		if (find_item(known, line) >= 0)
			continue;
		err = add_contradiction(judge, where ? where : "", line->text,
					word < 0 ? 0 : effects[word],
					fs_path(_("remove '%s' from line %u of /%s"), line->text,
						line->line, line->file),
					problems);
	}
	return err;
}

/* What in GRUB's entries prevents passthrough, where the text of its settings is unclear. */
static int find_in_entries(const struct fs_root *root, const struct bootloader *bootloader,
			   const struct judge *judge, struct problems *problems)
{
	auto_bootplaces struct bootplaces places = {0};
	auto_free unsigned int *effects = NULL;
	auto_free char *setters = NULL;
	const struct bootplace *place;
	int err = bootplaces_read(root, bootloader, &places);

	err = err ?: bootcfg_grub_setters(root, &setters);
	place = bootplaces_first(&places);
	if (!err && place)
		err = effects_find(&place->entries[0], &effects);
	for (size_t i = 0; !err && place && i < place->entries[0].n; i++) {
		const char *word = place->entries[0].items[i].text;

		if (!(effects[i] & effects_possible(judge->vendor)))
			continue;
		err = add_contradiction(
			judge, place->name, word, effects[i],
			fs_path(_("remove '%s' where it is set (%s) and run update-grub"), word,
				setters),
			problems);
	}
	return err;
}

/* GRUB's settings are always there on a host that GRUB starts. */
static int find_absent_grub(const struct fs_root *root, struct problems *problems)
{
	int there = fs_probe(root, GRUB_DEFAULTS);

	if (there)
		return there < 0 ? there : 0;
	return problems_add(
		problems, "settings-absent", PROBLEM_ENABLE,
		fs_path(_("/%s does not exist: GRUB does not start this host, or is not "
			  "set up"),
			GRUB_DEFAULTS),
		fs_path(_("leave --bootloader=grub out; if GRUB does start this host, "
			  "cp /usr/share/grub/default/grub /%s"),
			GRUB_DEFAULTS));
}

static int find_unclear(const struct bootcfg *bootcfg, struct problems *problems)
{
	return problems_add(
		problems, "settings-unclear", PROBLEM_NOTE,
		fs_path(_("/%s:%u: %s: what the kernel is started with cannot be told from the "
			  "text of GRUB's settings, only from what update-grub makes of it"),
			bootcfg->unclear.file, bootcfg->unclear.line, bootcfg->unclear.what),
		NULL);
}

const char *problems_cmdline_trouble(const char *text, const struct conf_items *words)
{
	bool quoted = false;

	if (!text)
		return _("it does not exist; write into it, on one line, the words of "
			 "/proc/cmdline, except initrd=... and BOOT_IMAGE=...");
	if (!words->n)
		return _("it holds no words, so the kernel would not find its root file system");
	if (*words->items[0].text == '"' || *words->items[0].text == '\'' ||
	    !strncmp(words->items[0].text, "GRUB_", 5))
		return _("it must be one line of plain words, without quotes around it and "
			 "without a name before it");
	for (size_t i = 0; i < words->n; i++) {
		/* In quotes, a line's end is part of the word. */
		if (words->items[i].line != words->items[0].line ||
		    strchr(words->items[i].text, '\n'))
			return _("it holds more than one line, of which only the first would "
				 "count; make it one line");
		if (!strcmp(words->items[i].text, "--"))
			return _("it has a word --; what follows that is not the kernel's but "
				 "init's");
		for (const char *c = words->items[i].text; *c; c++)
			quoted = quoted != (*c == '"');
	}
	return quoted ? _("a quote \" in it is not closed") : NULL;
}

/* The value of the last root= of the words on the first line (ALL: any); "" when there is none. */
static const char *root_of(const struct conf_items *words, bool all)
{
	struct conf_items first = *words;
	const struct conf_item *word;

	for (size_t i = 0; i < words->n && !all; i++)
		if (words->items[i].line != 1) {
			first.n = i;
			break;
		}
	word = cmdline_last(&first, "root");
	return word ? cmdline_value(word->text, "root") : "";
}

/* The words by which the running kernel found its root file system; none on another root. */
static int read_running_root(const struct fs_root *root, char **ret)
{
	auto_conf_items struct conf_items running = {0};
	int err = fs_root_is_running_system(root) ? kernelinfo_cmdline(root, &running) : 0;

	*ret = NULL;
	if (err || !*root_of(&running, true))
		return err;
	*ret = fs_path("%s%s", cmdline_last(&running, "root")->text,
		       cmdline_find(&running, "boot=zfs") ? " boot=zfs" : "");
	return *ret ? 0 : -ENOMEM;
}

/* proxmox-boot-tool takes the first line of the file, kernel-install all. */
static int find_in_kernel_cmdline(const struct fs_root *root, const struct bootloader *bootloader,
				  struct problems *problems)
{
	auto_conf_items struct conf_items words = {0};
	auto_free char *text = NULL, *running = NULL;
	enum problem_severity severity = PROBLEM_ENABLE;
	const char *trouble;
	int err = fs_read(root, KERNEL_CMDLINE, TEXT_MAX, &text, NULL);

	if (err == -ENOENT || err == -ENOTDIR)
		err = 0;
	err = err ?: cmdline_split(&words, text ? text : "", NULL);
	err = err ?: read_running_root(root, &running);
	if (err)
		return err;
	if (text && running && !*root_of(&words, !bootloader->esps.n))
		severity = PROBLEM_BOOT;
	trouble = problems_cmdline_trouble(text, &words);
	if (trouble)
		return problems_add(problems, "kernel-cmdline", severity,
				    fs_path("/%s: %s", KERNEL_CMDLINE, trouble),
				    fs_path(_("edit it (nano /%s)"), KERNEL_CMDLINE));
	if (severity != PROBLEM_BOOT)
		return 0;
	return problems_add(
		problems, "root-missing", severity,
		fs_path(_("/%s:1: it has no root=, while the running kernel was started with %s: "
			  "with this line the next boot would not find its root file system"),
			KERNEL_CMDLINE, running),
		fs_path(_("add '%s' at the end of that line (nano /%s)"), running, KERNEL_CMDLINE));
}

int problems_find(const struct fs_root *root, const struct bootloader *bootloader,
		  const struct bootcfg *bootcfg, enum processor_vendor vendor, struct problems *ret)
{
	const struct judge judge = {vendor, bootcfg_allows_unsafe(bootcfg)};
	auto_problems struct problems problems = {0};
	auto_bootcfg struct bootcfg by_hand = {0};
	const struct conf_items none = {0};
	int err = read_by_hand(root, bootloader, &by_hand);

	if (!err && bootloader->kind == BOOTLOADER_SYSTEMD_BOOT)
		err = find_in_kernel_cmdline(root, bootloader, &problems);
	else if (!err)
		err = find_absent_grub(root, &problems);
	err = err ?: find_contradictions(&by_hand, &none, &judge, &problems);
	err = err ?: find_contradictions(bootcfg, &by_hand.contradictions, &judge, &problems);
	if (!err && bootcfg->unclear.file)
		err = find_unclear(bootcfg, &problems)
			      ?: find_in_entries(root, bootloader, &judge, &problems);
	if (err)
		return err;
	*ret = problems;
	problems = (struct problems){0};
	return 0;
}

bool problems_stop(const struct problems *problems, enum problem_severity stops)
{
	const char *verb = stops == PROBLEM_ENABLE ? "host-setup enable" : "host-setup disable";
	bool stop = false;

	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *problem = &problems->items[i];

		if (problem->severity < stops) {
			if (stops == PROBLEM_ENABLE)
				log_warning("%s", problem->what);
			continue;
		}
		log_error(_("%s\n%s, then: %s"), problem->what, problem->cure, verb);
		stop = true;
	}
	return stop;
}

void problems_free(struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		free(problems->items[i].what);
		free(problems->items[i].cure);
	}
	free(problems->items);
	*problems = (struct problems){0};
}
