// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/readiness.h"
#include "host/base/strbuf.h"

#include "host/setup/boot/bootcfg.h"
#include "host/setup/boot/bootloader.h"
#include "host/setup/boot/bootplace.h"
#include "host/setup/boot/byhand.h"
#include "host/setup/boot/kernelinfo.h"
#include "host/setup/check/check_host.h"
#include "host/setup/check/kernlog.h"
#include "host/setup/boot/problems.h"
#include "host/setup/wanted.h"
#include "host/pci/iommu.h"

#include <string.h>

/* Words that a boot loader adds by itself, or that name the root: not a setting of the
 * administrator. */
static bool is_loaders_own(const char *word)
{
	static const char *const names[] = {"BOOT_IMAGE", "root", "initrd", "ro", "rw", "boot"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (cmdline_value(word, names[i]))
			return true;
	return false;
}

/* The words that are in ONE and not in OTHER, with spaces between; NULL without memory. */
static char *words_only_in(const struct conf_items *one, const struct conf_items *other)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < one->n; i++) {
		const char *word = one->items[i].text;

		if (!is_loaders_own(word) && !cmdline_find(other, word))
			strbuf_add(&text, "%s%s", text.len ? " " : "", word);
	}
	return strbuf_take(&text);
}

/* The words that the next boot adds and those that it lacks, either of which may be empty. */
static char *describe_change(const char *gained, const char *lost)
{
	if (!*lost)
		return fs_path(_("the next boot will be started differently: with %s"), gained);
	if (!*gained)
		return fs_path(_("the next boot will be started differently: without %s"), lost);
	return fs_path(_("the next boot will be started differently: with %s, without %s"), gained,
		       lost);
}

static int compare_with_running(const struct conf_items *running, const struct conf_items *next,
				struct checklist *list)
{
	auto_free char *gained = words_only_in(next, running);
	auto_free char *lost = words_only_in(running, next);

	if (!gained || !lost)
		return -ENOMEM;
	if (!running->n || (!*gained && !*lost))
		return 0;
	return check_add(list, "cmdline-differs", CHECK_NOTE, describe_change(gained, lost), NULL,
			 NULL);
}

static bool turns_iommu_off(const struct conf_items *words)
{
	static const char *const off[] = {"intel_iommu=off", "amd_iommu=off", "iommu=off"};

	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		if (cmdline_find(words, off[i]))
			return true;
	return false;
}

/* Whether a boot with the words of NEXT turns on an IOMMU that is off now. */
static bool next_boot_turns_on(const struct fs_root *root, const struct conf_items *running,
			       const struct conf_items *next)
{
	if (!iommu_table(root) || turns_iommu_off(next))
		return false;
	return turns_iommu_off(running) ||
	       (cmdline_find(next, "intel_iommu=on") && !cmdline_find(running, "intel_iommu=on"));
}

/* The files that load vfio-pci's modules at boot; "" when none does. */
static char *loads_at_boot(const struct bootcfg *bootcfg)
{
	const struct conf_item *pci = bootcfg_module(bootcfg, "vfio_pci");
	const struct conf_item *type1 = bootcfg_module(bootcfg, "vfio_iommu_type1");

	if (!pci || !type1)
		return strdup("");
	return strcmp(pci->file, type1->file) ? fs_path(_("/%s and /%s"), pci->file, type1->file)
					      : fs_path("/%s", pci->file);
}

/* The words that decide about passthrough: of those that are configured, the ones for it; of those
 * that the next boot lacks, the ones that turn the IOMMU off. */
static int pick_words(const struct conf_items *running, const struct conf_items *next,
		      struct conf_items *ret_wanted, struct conf_items *ret_gone)
{
	auto_conf_items struct conf_items lost = {0};
	int err = cmdline_subtract(running, next, &lost);

	for (size_t i = 0; i < next->n && !err; i++) {
		const char *word = next->items[i].text;

		if (byhand_is_word(word))
			err = conf_items_add(ret_wanted, word, NULL, 0);
	}
	for (size_t i = 0; i < lost.n && !err; i++) {
		const char *word = lost.items[i].text;
		const struct conf_items one = {&lost.items[i], 1};

		if (turns_iommu_off(&one))
			err = conf_items_add(ret_gone, word, NULL, 0);
	}
	return err;
}

/* The commands that bring the boot entries up to date, on one line; NULL without memory. */
static char *refresh_commands(const struct bootloader *bootloader)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < bootloader->refresh.n; i++)
		strbuf_add(&text, "%s%s", i ? " && " : "", bootloader->refresh.items[i]);
	if (!text.len)
		strbuf_add(&text, "host-setup enable");
	return strbuf_take(&text);
}

/* What is known of the next boot. */
struct next {
	struct bootcfg bootcfg;	   /* what is configured */
	struct conf_items words;   /* what it is started with, as far as known */
	char *evidence;		   /* where that was read */
	struct conf_items running; /* what the running kernel was started with */
	struct problems problems;
	char *stale; /* why the boot entries are not up to date; NULL: they are, as far as known */
	char *up_to_date; /* the entries that are known to be; NULL: none */
	char *iommu_cure; /* of an IOMMU that is off; NULL: host-setup enable */
	bool known;	  /* whether the words are */
	bool turns_on;	  /* it turns on an IOMMU that is off now */
};

static void next_free(struct next *next)
{
	bootcfg_free(&next->bootcfg);
	conf_items_free(&next->words);
	free(next->evidence);
	conf_items_free(&next->running);
	problems_free(&next->problems);
	free(next->stale);
	free(next->up_to_date);
	free(next->iommu_cure);
}

/* Whether the boot loader's entries are as configured. */
static int compare_entries(const struct bootplaces *places, const struct conf_items *wanted,
			   const struct conf_items *gone, struct next *next)
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

/* The words of the next boot: those of grub.cfg, which is what GRUB reads, or else those that are
 * configured. */
static int choose_words(const struct bootloader *bootloader, const struct bootplaces *places,
			struct next *next)
{
	const struct bootplace *place = places->every ? bootplaces_first(places) : NULL;
	const struct conf_items none = {0};

	const char *file = bootloader_config_file(bootloader->kind);

	next->known = place || (file && !next->bootcfg.unclear.file);
	if (place)
		next->evidence = fs_path("%s, %s", bootloader_title(bootloader), place->name);
	else if (file)
		next->evidence = fs_path(_("%s, configured in /%s"), bootloader_title(bootloader),
					 file);
	else
		next->evidence = fs_path(_("%s, because\n%s"), bootloader_title(bootloader),
					 bootloader->evidence);
	if (!next->evidence)
		return -ENOMEM;
	return cmdline_subtract(place ? &place->entries[0] : &next->bootcfg.words, &none,
				&next->words);
}

/* Reads the boot loader's entries, when they matter. */
static int read_entries(const struct fs_root *root, const struct bootloader *bootloader,
			struct next *next)
{
	auto_conf_items struct conf_items wanted = {0}, gone = {0};
	auto_bootplaces struct bootplaces places = {0};
	bool clear = !next->bootcfg.unclear.file;
	int err = clear ? pick_words(&next->running, &next->bootcfg.words, &wanted, &gone) : 0;

	if (!err && (bootloader->kind == BOOTLOADER_GRUB || wanted.n || gone.n))
		err = bootplaces_read(root, bootloader, &places);
	if (!err && (wanted.n || gone.n))
		err = compare_entries(&places, &wanted, &gone, next);
	return err ?: choose_words(bootloader, &places, next);
}

/* What turns the IOMMU on, given the configuration. */
static int choose_cure(struct next *next)
{
	size_t i = 0;

	while (i < next->problems.n && next->problems.items[i].severity < PROBLEM_ENABLE)
		i++;
	if (next->turns_on)
		next->iommu_cure = strdup("reboot");
	else if (i < next->problems.n)
		next->iommu_cure = fs_path(_("%s, then: %s"), next->problems.items[i].cure,
					   "host-setup enable && reboot");
	else
		return 0;
	return next->iommu_cure ? 0 : -ENOMEM;
}

static int read_next(const struct fs_root *root, const struct bootloader *bootloader,
		     struct next *next)
{
	const struct edits none = {.root = root};
	int err = bootcfg_read(&none, bootloader, &next->bootcfg);

	err = err ?: kernelinfo_cmdline(root, &next->running);
	err = err
		      ?: problems_find(root, bootloader, &next->bootcfg, wanted_vendor(root),
				       &next->problems);
	err = err ?: read_entries(root, bootloader, next);
	if (err)
		return err;
	next->turns_on = !next->stale && next_boot_turns_on(root, &next->running, &next->words);
	return choose_cure(next);
}

/* The checklist, given the next boot. */
static int check_with(const struct fs_root *root, const struct next *next, struct checklist *list)
{
	auto_free char *joined = cmdline_join(&next->words);
	auto_free char *at_boot = loads_at_boot(&next->bootcfg);

	if (!joined || !at_boot)
		return -ENOMEM;
	return check_host(root,
			  &(struct check_next_boot){.cmdline = next->known ? joined : NULL,
						    .evidence = next->evidence,
						    .enable_cure = next->iommu_cure,
						    .modules_at_boot = *at_boot ? at_boot : NULL},
			  list);
}

static int add_entries(const struct bootloader *bootloader, const struct next *next,
		       struct checklist *list)
{
	if (next->stale)
		return check_add(list, "boot-entries", CHECK_WARNING,
				 fs_path(_("the boot entries are not up to date: %s"), next->stale),
				 NULL, refresh_commands(bootloader));
	if (!next->up_to_date)
		return 0;
	return check_add(list, "boot-entries", CHECK_OK,
			 strdup(_("the boot entries are up to date")), strdup(next->up_to_date),
			 NULL);
}

static int add_problems(const struct problems *problems, struct checklist *list)
{
	int err = 0;

	for (size_t i = 0; i < problems->n && !err; i++) {
		const struct problem *problem = &problems->items[i];
		bool note = problem->severity == PROBLEM_NOTE;

		err = check_add(list, problem->name, note ? CHECK_NOTE : CHECK_WARNING,
				strdup(problem->what), NULL,
				note || !problem->cure ? NULL
						       : fs_path(_("%s, then: %s"), problem->cure,
								 "host-setup enable"));
	}
	return err;
}

static bool only_iommu_is_missing(const struct checklist *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].status == CHECK_MISSING &&
		    strcmp(list->items[i].name, "iommu-active"))
			return false;
	return true;
}

/* With the boot loader known: what its configuration says. */
static int read_with(const struct fs_root *root, const struct bootloader *bootloader,
		     struct checklist *list, enum check_verdict *verdict)
{
	cleanup_with(next_free) struct next next = {0};
	int err = read_next(root, bootloader, &next);

	err = err ?: check_with(root, &next, list);
	if (!err && next.known)
		err = compare_with_running(&next.running, &next.words, list);
	err = err ?: add_entries(bootloader, &next, list);
	err = err ?: add_problems(&next.problems, list);
	if (err)
		return err;
	if (!checklist_misses(list, NULL))
		*verdict = VERDICT_READY;
	else if (next.turns_on && only_iommu_is_missing(list))
		*verdict = VERDICT_AFTER_REBOOT;
	else
		*verdict = VERDICT_NOT_READY;
	return check_log(root, list);
}

int readiness_read(const struct fs_root *root, const char *override, struct checklist *ret_list,
		   enum check_verdict *ret_verdict, char **ret_why)
{
	auto_bootloader struct bootloader bootloader = {0};
	auto_free char *why = NULL;
	int err = bootloader_detect(root, override, &bootloader, &why);

	if (!err)
		return read_with(root, &bootloader, ret_list, ret_verdict);
	if (err == -EINVAL)
		*ret_why = TAKE_PTR(why);
	if (err != -ENOTUNIQ)
		return err;
	err = check_host(
		root, &(struct check_next_boot){.evidence = why ? why : _("no boot loader found")},
		ret_list);
	err = err ?: check_log(root, ret_list);
	*ret_verdict = checklist_misses(ret_list, NULL) ? VERDICT_NOT_READY : VERDICT_READY;
	return err;
}
