// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/nextboot.h"

#include "host/pci/iommu.h"
#include "host/pci/modules.h"
#include "host/setup/loader/bootlist.h"
#include "host/setup/boot/byhand.h"
#include "host/setup/boot/problems_length.h"
#include "host/setup/conf/effects.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/setup/check/startedby.h"
#include "host/setup/enable.h"
#include "host/setup/wanted.h"

#include <string.h>

void nextboot_free(struct nextboot *next)
{
	bootcfg_free(&next->bootcfg);
	conf_items_free(&next->words);
	free(next->evidence);
	conf_items_free(&next->running);
	problems_free(&next->problems);
	cures_free(&next->cures);
	free(next->stale);
	free(next->up_to_date);
	free(next->loss);
	free(next->loss_cure);
	*next = (struct nextboot){0};
}

/* The words that decide about passthrough: of those that are configured, the ones for it; of those
 * that the next boot lacks, the ones against it. */
static int pick_words(const struct conf_items *running, const struct conf_items *next,
		      struct conf_items *ret_wanted, struct conf_items *ret_gone)
{
	auto_conf_items struct conf_items lost = {0};
	auto_free unsigned int *effects = NULL;
	int err = cmdline_subtract(running, next, &lost);

	err = err ?: effects_find(&lost, &effects);
	for (size_t i = 0; i < next->n && !err; i++) {
		const char *word = next->items[i].text;

		if (byhand_is_word(word))
			err = conf_items_add(ret_wanted, word, NULL, 0);
	}
	for (size_t i = 0; i < lost.n && !err; i++)
		if (effects[i])
			err = conf_items_add(ret_gone, lost.items[i].text, NULL, 0);
	return err;
}

/* Whether the boot loader's entries are as configured. */
static int compare_entries(const struct bootplaces *places, const struct conf_items *wanted,
			   const struct conf_items *gone, struct nextboot *next)
{
	int err = bootplaces_check_gone(places, gone, &next->stale);

	err = err ?: bootplaces_check(places, wanted, &next->stale);
	if (err == -ENODATA)
		return 0;
	free(TAKE_PTR(next->stale));
	if (err)
		return err == -ENOMEM ? err : 0;
	next->up_to_date = fs_path("%s%s", places->items[0].name,
				   places->n > 1 ? _(" and others") : "");
	return next->up_to_date ? 0 : -ENOMEM;
}

/* Where the words of the next boot are read. A new string; NULL without memory. */
static char *describe_source(const struct bootloader *bootloader, const struct bootplace *place,
			     const struct nextboot *next)
{
	const char *title = bootloader_title(bootloader);
	const char *file = bootloader_config_file(bootloader->kind);

	if (place)
		return fs_path("%s, %s", title, place->name);
	if (!file)
		return fs_path(_("%s, because\n%s"), title, bootloader->evidence);
	if (next->as_running)
		return fs_path(_("%s; without /%s it takes the words of the running kernel"), title,
			       file);
	return fs_path(next->bootcfg.missing ? _("%s, and there is no /%s")
					     : _("%s, configured in /%s"),
		       title, file);
}

/* Of WORDS, those that the kernel keeps; and whether the running one has kept all of its own. */
static int keep_words(const struct fs_root *root, const struct conf_items *words,
		      struct nextboot *next)
{
	const struct conf_items none = {0};
	struct conf_items kept = *words;
	size_t before, length, running;
	int err = length_before(root, words, &before);

	if (err)
		return err;
	kept.n = cmdline_kept(words, before, &length);
	next->cut = kept.n < words->n;
	(void)cmdline_kept(&next->running, 0, &running);
	next->running_cut = running == CMDLINE_KEPT;
	if (next->cut && running + 1 + strlen(words->items[kept.n].text) > CMDLINE_KEPT)
		next->running_cut = !cmdline_find(&next->running, words->items[kept.n].text);
	return cmdline_subtract(&kept, &none, &next->words);
}

/*
 * The words of the next boot: those of grub.cfg, which is what GRUB reads, or else those that are
 * configured, or, without a file, those of the running kernel (bootcfg_read()).
 */
static int choose_words(const struct fs_root *root, const struct bootloader *bootloader,
			const struct bootplaces *places, struct nextboot *next)
{
	const struct bootplace *place = places->every ? bootplaces_first(places) : NULL;
	const struct conf_items *words = &next->bootcfg.words;

	next->as_running = bootloader->kind == BOOTLOADER_SYSTEMD_BOOT && next->bootcfg.missing &&
			   next->running.n;
	next->known = place || next->as_running ||
		      (bootloader->kind != BOOTLOADER_OTHER && !next->bootcfg.missing &&
		       !next->bootcfg.unclear.file);
	next->evidence = describe_source(bootloader, place, next);
	if (!next->evidence)
		return -ENOMEM;
	if (place || next->as_running)
		words = place ? &place->entries[0] : &next->running;
	return keep_words(root, words, next);
}

/* Reads the boot loader's entries, when they matter. */
static int read_entries(const struct fs_root *root, const struct bootloader *bootloader,
			struct nextboot *next)
{
	auto_conf_items struct conf_items wanted = {0}, gone = {0};
	auto_bootplaces struct bootplaces places = {0};
	bool clear = !next->bootcfg.unclear.file;
	int err = clear ? pick_words(&next->running, &next->bootcfg.words, &wanted, &gone) : 0;

	if (!err && (bootloader->kind == BOOTLOADER_GRUB || wanted.n || gone.n))
		err = bootlist_read(root, bootloader, &places);
	if (!err && (wanted.n || gone.n))
		err = compare_entries(&places, &wanted, &gone, next);
	return err ?: choose_words(root, bootloader, &places, next);
}

/* What the words of both boots do. */
struct sides {
	unsigned int running, next;
	unsigned int *each_next; /* by word */
	enum processor_vendor vendor;
};

/* Whether the next boot asks for an Intel IOMMU that the running one does not ask for. */
static bool asks_anew(const struct sides *sides, const struct nextboot *next)
{
	return (sides->vendor == PROCESSOR_INTEL || sides->vendor == PROCESSOR_AUTO) &&
	       !next->cures.iommu_seen && cmdline_covers(&next->words, "intel_iommu=on", NULL) &&
	       !cmdline_covers(&next->running, "intel_iommu=on", NULL);
}

static void find_mended(const struct fs_root *root, const struct bootloader *bootloader,
			const struct sides *sides, struct nextboot *next)
{
	unsigned int gone = sides->running & ~sides->next;

	if (next->stale || !next->known)
		return;
	next->mends_remapping = gone & EFFECT_REMAPPING_OFF;
	next->mends_iommu = iommu_table(root) && !(sides->next & EFFECTS_IOMMU_OFF) &&
			    (gone & EFFECTS_IOMMU_OFF || asks_anew(sides, next));
	next->in_vain = (next->mends_iommu || next->mends_remapping) &&
			startedby_older_grub(root, bootloader);
	if (next->in_vain)
		next->mends_iommu = next->mends_remapping = false;
}

/* The next boot has a word against passthrough. */
static int lose_by_word(const struct sides *sides, const struct bootloader *bootloader,
			unsigned int bad, struct nextboot *next)
{
	size_t i = 0;

	while (!(sides->each_next[i] & bad))
		i++;
	next->loss = fs_path(_("the next boot has %s: %s"), next->words.items[i].text,
			     effects_text(sides->each_next[i] & bad));
	/* It may be in an old entry only. */
	next->loss_cure = next->stale && !cmdline_find(&next->bootcfg.words,
						       next->words.items[i].text)
				  ? strdup("host-setup enable")
				  : fs_path(_("remove it from /%s, then: %s"),
					    bootloader_config_file(bootloader->kind),
					    "host-setup enable");
	return next->loss && next->loss_cure ? 0 : -ENOMEM;
}

/* The running kernel was told to turn its IOMMU on, and the next boot's is not. */
static int lose_by_silence(const struct fs_root *root, const struct sides *sides,
			   struct nextboot *next)
{
	auto_free char *release = NULL;
	enum answer by_itself = ANSWER_UNKNOWN;

	if (sides->vendor == PROCESSOR_AMD || sides->vendor == PROCESSOR_OTHER ||
	    iommu_is_active(root) <= 0 || !cmdline_covers(&next->running, "intel_iommu=on", NULL) ||
	    cmdline_covers(&next->words, "intel_iommu=on", NULL))
		return 0;
	if (!modules_release(root, &release))
		by_itself = kernelinfo_intel_default_on(root, release);
	if (by_itself == ANSWER_YES)
		return 0;
	next->loss = strdup(
		by_itself == ANSWER_NO
			? _("the next boot is without intel_iommu=on, and this kernel does not turn "
			    "the IOMMU on by itself")
			: _("the next boot is without intel_iommu=on, and whether this kernel turns "
			    "the IOMMU on by itself is unknown (no /boot/config of it)"));
	next->loss_cure = strdup("host-setup enable");
	return next->loss && next->loss_cure ? 0 : -ENOMEM;
}

static int find_loss(const struct fs_root *root, const struct bootloader *bootloader,
		     const struct sides *sides, struct nextboot *next)
{
	unsigned int bad = EFFECTS_IOMMU_OFF | EFFECT_MODULE;

	if (!bootcfg_allows_unsafe(&next->bootcfg))
		bad |= EFFECT_REMAPPING_OFF;
	bad &= sides->next;
	if (!next->known)
		return 0;
	return bad ? lose_by_word(sides, bootloader, bad, next)
		   : lose_by_silence(root, sides, next);
}

/* The running word that leaves the integrated GPU out. */
static int find_igpu_word(const struct sides *sides, struct nextboot *next)
{
	auto_free unsigned int *effects = NULL;
	int err = effects_find(&next->running, &effects);

	next->igpu_word = -1;
	if (err || !next->known || !(sides->running & ~sides->next & EFFECT_IGPU_OFF))
		return err;
	for (size_t i = 0; i < next->running.n; i++)
		if (effects[i] & EFFECT_IGPU_OFF)
			next->igpu_word = (int)i;
	return 0;
}

static int compare_boots(const struct fs_root *root, const struct bootloader *bootloader,
			 struct nextboot *next)
{
	struct sides sides = {.vendor = wanted_vendor(root)};
	int running = effects_of(&next->running, sides.vendor);
	int words = effects_of(&next->words, sides.vendor);
	int err = effects_find(&next->words, &sides.each_next);

	if (!err && (running < 0 || words < 0))
		err = -ENOMEM;
	sides.running = (unsigned int)running & wanted_effects(root, sides.vendor);
	sides.next = (unsigned int)words;
	if (!err)
		find_mended(root, bootloader, &sides, next);
	err = err ?: find_loss(root, bootloader, &sides, next);
	err = err ?: find_igpu_word(&sides, next);
	free(sides.each_next);
	return err;
}

bool nextboot_has_problem(const struct nextboot *next)
{
	for (size_t i = 0; i < next->problems.n; i++)
		if (next->problems.items[i].severity >= PROBLEM_ENABLE)
			return true;
	return false;
}

/* Whether the problem is one of the next entries, even if those that there are were written
 * before. */
static bool spoils(const struct problem *problem, bool as_running)
{
	static const char *const names[] = {"contradiction", "settings-broken", "settings-absent"};

	if (problem->severity < PROBLEM_ENABLE)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(problem->name, names[i]))
			return true;
	return problem->severity >= PROBLEM_BOOT ||
	       (!as_running && !strcmp(problem->name, "kernel-cmdline"));
}

bool nextboot_is_spoilt(const struct nextboot *next)
{
	bool spoilt = next->loss;

	for (size_t i = 0; i < next->problems.n; i++)
		spoilt = spoilt || spoils(&next->problems.items[i], next->as_running);
	for (size_t i = 0; i < next->bootcfg.contradictions.n; i++)
		spoilt = spoilt || modconf_line_effect(next->bootcfg.contradictions.items[i].text);
	return spoilt;
}

const char *nextboot_cure_in_vain(void)
{
	return _(
		"start the host again, and choose the first entry of GRUB's menu; which one it takes "
		"by itself: grep GRUB_DEFAULT /etc/default/grub; grub-editenv list");
}

/* A reboot alone would be another one like this. */
static int cure_in_vain(char **cure)
{
	free(*cure);
	*cure = strdup(nextboot_cure_in_vain());
	return *cure ? 0 : -ENOMEM;
}

/* What turns the IOMMU on, and interrupt remapping, given the configuration. */
static int choose_cures(struct nextboot *next)
{
	size_t i = 0;

	if (next->in_vain && !next->cures.iommu_seen && !nextboot_has_problem(next))
		return cure_in_vain(&next->cures.iommu) ?: cure_in_vain(&next->cures.remapping);
	while (i < next->problems.n &&
	       (next->problems.items[i].severity < PROBLEM_ENABLE || !next->problems.items[i].cure))
		i++;
	if (!next->cures.iommu_seen && (next->mends_iommu || i < next->problems.n)) {
		free(next->cures.iommu);
		next->cures.iommu = next->mends_iommu
					    ? strdup("reboot")
					    : problems_cure(&next->problems.items[i],
							    "host-setup enable && reboot");
		if (!next->cures.iommu)
			return -ENOMEM;
	}
	/* A boot entry that was not brought up to date: enable does that. */
	if (next->stale && next->cures.iommu && !strcmp(next->cures.iommu, "reboot"))
		free(TAKE_PTR(next->cures.iommu));
	if (next->stale && next->cures.remapping && !strcmp(next->cures.remapping, "reboot")) {
		free(next->cures.remapping);
		next->cures.remapping = strdup("host-setup enable && reboot");
		return next->cures.remapping ? 0 : -ENOMEM;
	}
	return 0;
}

int nextboot_read(const struct fs_root *root, const struct bootloader *bootloader,
		  struct nextboot *ret)
{
	const struct edits none = {.root = root};
	auto_nextboot struct nextboot next = {0};
	int err = bootcfg_read(&none, bootloader, &next.bootcfg);

	err = err ?: kernelinfo_cmdline(root, &next.running);
	err = err ?: enable_find_problems(root, bootloader, &next.problems);
	err = err ?: cures_read(root, &next.bootcfg, &next.cures);
	err = err ?: read_entries(root, bootloader, &next);
	err = err ?: compare_boots(root, bootloader, &next);
	err = err ?: choose_cures(&next);
	if (err)
		return err;
	*ret = next;
	next = (struct nextboot){0};
	return 0;
}
