// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/readiness.h"
#include "host/text/strbuf.h"

#include "host/setup/conf/effects.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/setup/check/check_host.h"
#include "host/setup/check/kernlog.h"
#include "host/setup/check/nextboot.h"

#include <string.h>

/* The words that are in ONE and not in OTHER, with spaces between; NULL without memory. */
static char *words_only_in(const struct conf_items *one, const struct conf_items *other)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < one->n; i++) {
		const char *word = one->items[i].text;

		if (!cmdline_is_loaders(word) && !cmdline_find(other, word))
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

/* What keeps one of them from being loaded then; "" when nothing does. */
static char *kept_at_boot(const struct bootcfg *bootcfg)
{
	for (size_t i = 0; i < bootcfg->contradictions.n; i++) {
		const struct conf_item *line = &bootcfg->contradictions.items[i];

		if (modconf_line_effect(line->text))
			return fs_path("/%s:%u: %s", line->file, line->line, line->text);
	}
	return strdup("");
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

/* The checklist, given the next boot. */
static int check_with(const struct fs_root *root, const struct nextboot *next,
		      struct checklist *list)
{
	auto_free char *joined = cmdline_join(&next->words);
	auto_free char *at_boot = loads_at_boot(&next->bootcfg);
	auto_free char *kept = kept_at_boot(&next->bootcfg);
	struct check_cures cures = cures_of_essentials(&next->cures);
	auto_free char *seen = NULL;
	auto_free char *lines = NULL;
	int err = next->cures.iommu_seen ? check_log_of_iommu(root, &lines) : 0;

	if (!joined || !at_boot || !kept || err)
		return -ENOMEM;
	if (lines) {
		seen = fs_path("%s\n%s", next->cures.iommu_seen, lines);
		cures.iommu_seen = seen;
	}
	return check_host(root,
			  &(struct check_next_boot){.cmdline = next->known ? joined : NULL,
						    .evidence = next->evidence,
						    .cut = next->cut,
						    .running_cut = next->running_cut,
						    .cures = &cures,
						    .modules_at_boot = *at_boot ? at_boot : NULL,
						    .modules_kept = *kept ? kept : NULL},
			  list);
}

/* Whether entries that are brought up to date now may not boot. */
static bool would_not_boot(const struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		if (problems->items[i].severity >= PROBLEM_BOOT)
			return true;
	return false;
}

static int add_entries(const struct bootloader *bootloader, const struct nextboot *next,
		       struct checklist *list)
{
	if (next->stale)
		return check_add(
			list, "boot-entries", CHECK_WARNING,
			fs_path(_("the boot entries are not up to date: %s"), next->stale), NULL,
			would_not_boot(&next->problems) ? NULL : refresh_commands(bootloader));
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
				note || !problem->cure
					? NULL
					: problems_cure(problem, "host-setup enable"));
	}
	return err;
}

/* Whether a problem of the configuration says already what the next boot loses. */
static bool is_said(const struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		if (problems->items[i].severity >= PROBLEM_ENABLE &&
		    !strcmp(problems->items[i].name, "contradiction"))
			return true;
	return false;
}

/* What the next boot loses and gains, where no problem of the configuration says it. */
static int add_next_boot(const struct nextboot *next, struct checklist *list)
{
	int err = 0;

	if (next->loss && !is_said(&next->problems))
		err = check_add(list, "next-boot", CHECK_WARNING,
				fs_path(_("%s: no device can then be passed through"), next->loss),
				strdup(next->evidence), strdup(next->loss_cure));
	if (!err && next->in_vain)
		err = check_add(
			list, "entry-not-started", CHECK_WARNING,
			strdup(_(
				"/boot/grub/grub.cfg was the same before this boot, which was not by "
				"its first entry: another entry, or another boot loader, starts this "
				"host")),
			strdup(_("the file is older than this boot, and /proc/cmdline differs")),
			strdup(nextboot_cure_in_vain()));
	if (!err && next->igpu_word >= 0 && !next->stale)
		err = check_add(list, "contradiction", CHECK_WARNING,
				fs_path("/proc/cmdline: %s: %s",
					next->running.items[next->igpu_word].text,
					effects_text(EFFECT_IGPU_OFF)),
				strdup(_("the next boot is without it")), strdup("reboot"));
	return err;
}

/* Whether the next boot mends all that is missing. */
static bool next_boot_mends(const struct nextboot *next, const struct checklist *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *name = list->items[i].name;

		if (list->items[i].status != CHECK_MISSING)
			continue;
		if (!(next->mends_iommu && !strcmp(name, "iommu-active")) &&
		    !(next->mends_remapping && !strcmp(name, "interrupt-remapping")))
			return false;
	}
	return true;
}

static enum check_verdict judge(const struct nextboot *next, const struct checklist *list)
{
	bool spoilt = nextboot_is_spoilt(next);

	if (!checklist_misses(list, NULL))
		return spoilt ? VERDICT_UNTIL_REBOOT : VERDICT_READY;
	if (!spoilt && !nextboot_has_problem(next) && next_boot_mends(next, list))
		return VERDICT_AFTER_REBOOT;
	return VERDICT_NOT_READY;
}

/* With the boot loader known: what its configuration says. */
static int read_with(const struct fs_root *root, const struct bootloader *bootloader,
		     struct checklist *list, enum check_verdict *verdict)
{
	auto_nextboot struct nextboot next = {0};
	int err = nextboot_read(root, bootloader, &next);

	err = err ?: check_with(root, &next, list);
	if (!err && next.known)
		err = compare_with_running(&next.running, &next.words, list);
	err = err ?: add_entries(bootloader, &next, list);
	err = err ?: add_problems(&next.problems, list);
	err = err ?: add_next_boot(&next, list);
	if (err)
		return err;
	*verdict = judge(&next, list);
	return check_log(root, list);
}

/* Which boot loader starts the host is not known, and so is what it starts it with. */
static int read_without(const struct fs_root *root, const char *why, struct checklist *list,
			enum check_verdict *verdict)
{
	auto_cures struct cures cures = {0};
	struct check_cures known;
	int err = cures_read(root, NULL, &cures);

	known = cures_of_essentials(&cures);
	/* enable alone would only ask which it is. */
	if (!known.iommu)
		known.iommu = _("host-setup enable --bootloader=grub && reboot (or "
				"--bootloader=systemd-boot; if it is neither, host-setup enable "
				"prints the words to add)");
	err = err
		      ?: check_host(root,
				    &(struct check_next_boot){
					    .evidence = why ? why : _("no boot loader found"),
					    .cures = &known},
				    list);
	err = err ?: check_log(root, list);
	*verdict = checklist_misses(list, NULL) ? VERDICT_NOT_READY : VERDICT_READY;
	return err;
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
	return err == -ENOTUNIQ ? read_without(root, why, ret_list, ret_verdict) : err;
}
