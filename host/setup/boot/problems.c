// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/problems.h"
#include "host/setup/loader/bootlist.h"
#include "host/setup/boot/dropins.h"
#include "host/setup/conf/effects.h"
#include "host/setup/boot/problems_files.h"
#include "host/setup/boot/problems_length.h"
#include "host/setup/boot/problems_root.h"
#include "host/setup/boot/problems_text.h"
#include "host/setup/wanted.h"

#include <string.h>

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

/* What words can do here, and whether remapping may be off. */
struct judge {
	unsigned int possible;
	bool unsafe;
};

static enum problem_severity severity_of(const struct judge *judge, unsigned int effects)
{
	unsigned int here = effects & judge->possible;
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
	unsigned int here = effects & judge->possible;
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
		err = add_contradiction(
			judge, where ? where : "", line->text, word < 0 ? 0 : effects[word],
			effects_removal(line, word < 0 ? 0 : effects[word]), problems);
	}
	return err;
}

/* An entry that is longer than what the kernel keeps. */
static int find_entry_length(const struct fs_root *root, const struct bootplace *place,
			     const char *setters, struct problems *problems)
{
	auto_free char *mend = fs_path(_("%s; and run update-grub"), setters);

	return mend ? problems_find_in_length(root, &place->entries[0], place->name, mend, problems)
		    : -ENOMEM;
}

/* What in GRUB's entries prevents passthrough, where the text of its settings is unclear. */
static int find_in_entries(const struct fs_root *root, const struct bootloader *bootloader,
			   const struct judge *judge, struct problems *problems)
{
	auto_bootplaces struct bootplaces places = {0};
	auto_free unsigned int *effects = NULL;
	auto_free char *setters = NULL;
	const struct bootplace *place;
	int err = bootlist_read(root, bootloader, &places);

	err = err ?: bootcfg_grub_setters(root, &setters);
	place = bootplaces_first(&places);
	if (!err && place)
		err = effects_find(&place->entries[0], &effects);
	for (size_t i = 0; !err && place && i < place->entries[0].n; i++) {
		const char *word = place->entries[0].items[i].text;

		if (!(effects[i] & judge->possible))
			continue;
		err = add_contradiction(
			judge, place->name, word, effects[i],
			fs_path(_("remove '%s' where it is set (%s) and run update-grub"), word,
				setters),
			problems);
	}
	return err || !place ? err : find_entry_length(root, place, setters, problems);
}

static int find_unclear(const struct bootcfg *bootcfg, struct problems *problems)
{
	const struct grubcfg_unclear *unclear = &bootcfg->unclear;

	if (unclear->broken)
		return problems_add(
			problems, "settings-broken", PROBLEM_ENABLE,
			fs_path(_("/%s:%u: %s: update-grub fails on it, or makes entries that lack "
				  "words"),
				unclear->file, unclear->line, unclear->what),
			fs_path(_("correct that line, as in NAME=\"one two\" (nano +%u /%s)"),
				unclear->line, unclear->file));
	return problems_add(
		problems, "settings-unclear", PROBLEM_NOTE,
		fs_path(_("/%s:%u: %s: what the kernel is started with cannot be told from the "
			  "text of GRUB's settings, only from what update-grub makes of it"),
			unclear->file, unclear->line, unclear->what),
		NULL);
}

int problems_find(const struct fs_root *root, const struct bootloader *bootloader,
		  const struct bootcfg *bootcfg, enum processor_vendor vendor, struct problems *ret)
{
	const struct judge judge = {wanted_effects(root, vendor), bootcfg_allows_unsafe(bootcfg)};
	auto_problems struct problems problems = {0};
	auto_bootcfg struct bootcfg by_hand = {0};
	const struct conf_items none = {0};
	int err = read_by_hand(root, bootloader, &by_hand);

	err = err ?: problems_find_in_files(root, bootloader, bootcfg, vendor, &problems);
	err = err ?: problems_find_in_text(root, bootloader, &problems);
	err = err ?: problems_find_in_root(root, bootloader, bootcfg, &problems);
	err = err ?: problems_find_in_configured_length(root, bootloader, bootcfg, &problems);
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
