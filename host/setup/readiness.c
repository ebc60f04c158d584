// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/readiness.h"

#include "host/setup/bootcfg.h"
#include "host/setup/bootloader.h"
#include "host/setup/bootplace.h"
#include "host/setup/byhand.h"
#include "host/setup/check_host.h"
#include "host/iommu.h"

#include <stdio.h>
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

/* The words that are in ONE and not in OTHER, with blanks between; "" when there are none. */
static char *words_only_in(const struct cmdline *one, const struct cmdline *other)
{
	char *text = strdup("");

	for (size_t i = 0; text && i < one->n; i++) {
		const char *word = one->items[i].text;
		char *longer;

		if (is_loaders_own(word) || cmdline_find(other, word))
			continue;
		longer = fs_path("%s%s%s", text, *text ? " " : "", word);
		free(text);
		text = longer;
	}
	return text;
}

static int read_running(const struct fs_root *root, struct cmdline *ret)
{
	auto_free char *text = NULL;

	if (fs_read_attr(root, "proc/cmdline", &text))
		return 0; /* a tree without a kernel: no words */
	return cmdline_split(ret, text, "proc/cmdline");
}

/* What the next boot gains, or loses, or both; neither may be NULL. */
static char *describe_change(const char *gained, const char *lost)
{
	if (!*lost)
		return fs_path(_("the next boot will be started differently: with %s"), gained);
	if (!*gained)
		return fs_path(_("the next boot will be started differently: without %s"), lost);
	return fs_path(_("the next boot will be started differently: with %s, without %s"), gained,
		       lost);
}

static int compare_with_running(const struct cmdline *running, const struct cmdline *next,
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

static int add_contradictions(const struct bootcfg *bootcfg, struct checklist *list)
{
	for (size_t i = 0; i < bootcfg->contradictions.n; i++) {
		const struct bootcfg_line *line = &bootcfg->contradictions.items[i];
		int err = check_add(
			list, "contradiction", CHECK_WARNING,
			fs_path("/%s:%u: %s: %s", line->file, line->line, line->text, line->effect),
			NULL,
			fs_path(_("remove it from line %u of /%s, then: host-setup enable"),
				line->line, line->file));

		if (err)
			return err;
	}
	return 0;
}

static bool turns_iommu_off(const struct cmdline *words)
{
	static const char *const off[] = {"intel_iommu=off", "amd_iommu=off", "iommu=off"};

	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		if (cmdline_find(words, off[i]))
			return true;
	return false;
}

/* Whether a boot with the words of NEXT has the IOMMU that the running kernel does not have. */
static bool next_boot_turns_on(const struct fs_root *root, const struct cmdline *running,
			       const struct cmdline *next)
{
	if (!iommu_table(root) || turns_iommu_off(next))
		return false;
	return turns_iommu_off(running) ||
	       (cmdline_find(next, "intel_iommu=on") && !cmdline_find(running, "intel_iommu=on"));
}

static bool only_iommu_is_missing(const struct checklist *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].status == CHECK_MISSING &&
		    strcmp(list->items[i].name, "iommu-active"))
			return false;
	return true;
}

/* Where it stands that vfio-pci's modules are loaded at boot; "" when it does not. */
static char *loads_at_boot(const struct bootcfg *bootcfg)
{
	const struct bootcfg_line *pci = bootcfg_module(bootcfg, "vfio_pci");
	const struct bootcfg_line *type1 = bootcfg_module(bootcfg, "vfio_iommu_type1");

	if (!pci || !type1)
		return strdup("");
	return strcmp(pci->file, type1->file) ? fs_path(_("/%s and /%s"), pci->file, type1->file)
					      : fs_path("/%s", pci->file);
}

/* The words that decide about passthrough: what is for it among those that are configured, and what
 * turns the IOMMU off among those that the next boot is to be without. */
static int pick_words(const struct cmdline *running, const struct cmdline *next,
		      struct cmdline *ret_wanted, struct cmdline *ret_gone)
{
	auto_cmdline struct cmdline lost = {0};
	int err = cmdline_subtract(running, next, &lost);

	for (size_t i = 0; i < next->n && !err; i++) {
		const char *word = next->items[i].text;

		if (byhand_is_word(word))
			err = cmdline_add(ret_wanted, word, strlen(word), NULL, 0);
	}
	for (size_t i = 0; i < lost.n && !err; i++) {
		const char *word = lost.items[i].text;
		const struct cmdline one = {&lost.items[i], 1};

		if (turns_iommu_off(&one))
			err = cmdline_add(ret_gone, word, strlen(word), NULL, 0);
	}
	return err;
}

/* The commands that tell the boot loader, on one line. */
static char *refresh_commands(const struct bootloader *bootloader)
{
	char *text = NULL;

	for (size_t i = 0; i < bootloader->n_refresh; i++) {
		char *longer = fs_path("%s%s%s", text ? text : "", text ? " && " : "",
				       bootloader->refresh[i]);

		free(text);
		text = longer;
		if (!text)
			return NULL;
	}
	return text ? text : strdup("host-setup enable");
}

/* Whether the boot loader has been told of what is configured: *RET_TOLD stays when that cannot be
 * seen. */
static int check_entries(const struct fs_root *root, const struct bootloader *bootloader,
			 const struct cmdline *running, const struct cmdline *next,
			 struct checklist *list, bool *ret_told)
{
	auto_cmdline struct cmdline wanted = {0}, gone = {0};
	auto_bootplaces struct bootplaces places = {0};
	auto_free char *why = NULL;
	int err = pick_words(running, next, &wanted, &gone);

	if (err || (!wanted.n && !gone.n))
		return err;
	err = bootplaces_read(root, bootloader, &places);
	err = err ?: bootplaces_check_gone(&places, &gone, &why);
	err = err ?: bootplaces_check(&places, &wanted, &why);
	if (!err)
		return check_add(
			list, "boot-entries", CHECK_OK,
			strdup(_("the boot loader has been told of it")),
			fs_path("%s%s", places.items[0].name, places.n > 1 ? _(" and others") : ""),
			NULL);
	if (err != -ENODATA)
		return err == -ENOMEM ? err : 0;
	*ret_told = false;
	return check_add(
		list, "boot-entries", CHECK_WARNING,
		fs_path(_("the boot loader has not been told of what is configured: %s"), why),
		NULL, refresh_commands(bootloader));
}

/* The cure of an IOMMU that is off, now that it is known what stands in the configuration. */
static int adapt_cure(struct checklist *list, const struct bootcfg *bootcfg,
		      enum check_verdict verdict)
{
	const struct bootcfg_lines *off = &bootcfg->contradictions;
	auto_free char *cure = NULL;

	if (verdict == VERDICT_READY || (verdict == VERDICT_NOT_READY && !off->n))
		return 0;
	cure = verdict == VERDICT_AFTER_REBOOT
		       ? strdup("reboot")
		       : fs_path(_("remove '%s' from line %u of /%s, then: host-setup enable && reboot"),
				 off->items[0].text, off->items[0].line, off->items[0].file);
	if (!cure)
		return -ENOMEM;
	for (size_t i = 0; cure && i < list->n; i++) {
		struct check_item *item = &list->items[i];

		/* One that begins otherwise is about the firmware, where no boot loader helps. */
		if (item->status != CHECK_MISSING || strcmp(item->name, "iommu-active") ||
		    !item->cure || strncmp(item->cure, "host-setup", strlen("host-setup")))
			continue;
		free(item->cure);
		item->cure = TAKE_PTR(cure);
	}
	return 0;
}

/* The checklist, told what the next boot is configured to do. */
static int check_with(const struct fs_root *root, const struct bootloader *bootloader,
		      const struct bootcfg *bootcfg, struct checklist *list)
{
	auto_free char *joined = cmdline_join(&bootcfg->words);
	auto_free char *evidence = fs_path(_("%s, configured in /%s"),
					   bootloader_name(bootloader->kind),
					   bootloader_config_file(bootloader->kind));
	auto_free char *at_boot = loads_at_boot(bootcfg);
	struct check_next_boot next;

	if (!joined || !evidence || !at_boot)
		return -ENOMEM;
	next = (struct check_next_boot){joined, evidence, *at_boot ? at_boot : NULL};
	return check_host(root, &next, list);
}

/* With the boot loader known: what its configuration says. */
static int read_with(const struct fs_root *root, const struct bootloader *bootloader,
		     struct checklist *list, enum check_verdict *verdict)
{
	auto_bootcfg struct bootcfg bootcfg = {0};
	auto_cmdline struct cmdline running = {0};
	bool told = true;
	int err = bootcfg_read(root, bootloader, &bootcfg);

	err = err ?: read_running(root, &running);
	err = err ?: check_with(root, bootloader, &bootcfg, list);
	err = err ?: compare_with_running(&running, &bootcfg.words, list);
	err = err ?: check_entries(root, bootloader, &running, &bootcfg.words, list, &told);
	err = err ?: add_contradictions(&bootcfg, list);
	err = err ?: check_log(root, list);
	if (!checklist_has_missing(list))
		*verdict = VERDICT_READY;
	else if (told && only_iommu_is_missing(list) &&
		 next_boot_turns_on(root, &running, &bootcfg.words))
		*verdict = VERDICT_AFTER_REBOOT;
	else
		*verdict = VERDICT_NOT_READY;
	return err ?: adapt_cure(list, &bootcfg, *verdict);
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
	*ret_verdict = checklist_has_missing(ret_list) ? VERDICT_NOT_READY : VERDICT_READY;
	return err;
}
