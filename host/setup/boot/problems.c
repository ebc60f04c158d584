// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/problems.h"
#include "host/base/log.h"
#include "host/setup/boot/bootplace.h"
#include "host/setup/boot/kernelinfo.h"

#include <string.h>

#define KERNEL_CMDLINE "etc/kernel/cmdline"
#define TEXT_MAX       ((size_t)1024 * 1024)

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

/* Whether a word is about the IOMMU of the vendor that this host does not have. */
static bool is_of_other_vendor(const char *word, enum processor_vendor vendor)
{
	return (vendor == PROCESSOR_INTEL && cmdline_value(word, "amd_iommu")) ||
	       (vendor == PROCESSOR_AMD && cmdline_value(word, "intel_iommu"));
}

static int find_contradictions(const struct bootcfg *bootcfg, enum processor_vendor vendor,
			       struct problems *problems)
{
	int err = 0;

	for (size_t i = 0; i < bootcfg->contradictions.n && !err; i++) {
		const struct conf_item *line = &bootcfg->contradictions.items[i];
		bool other = is_of_other_vendor(line->text, vendor);

		err = problems_add(
			problems, "contradiction", other ? PROBLEM_NOTE : PROBLEM_ENABLE,
			fs_path(other ? _("/%s:%u: %s: %s, which this host does not have")
				      : "/%s:%u: %s: %s",
				line->file, line->line, line->text, bootcfg_effect(line->text)),
			fs_path(_("remove '%s' from line %u of /%s"), line->text, line->line,
				line->file));
	}
	return err;
}

/* What in GRUB's entries prevents passthrough, where the text of its settings is unclear. */
static int find_in_entries(const struct fs_root *root, const struct bootloader *bootloader,
			   enum processor_vendor vendor, struct problems *problems)
{
	auto_bootplaces struct bootplaces places = {0};
	auto_free char *setters = NULL;
	const struct bootplace *place;
	int err = bootplaces_read(root, bootloader, &places);

	err = err ?: bootcfg_grub_setters(root, &setters);
	place = bootplaces_first(&places);
	for (size_t i = 0; !err && place && i < place->entries[0].n; i++) {
		const char *word = place->entries[0].items[i].text;
		const char *effect = bootcfg_effect(word);

		if (!effect || is_of_other_vendor(word, vendor))
			continue;
		err = problems_add(
			problems, "contradiction", PROBLEM_ENABLE,
			fs_path("%s: %s: %s", place->name, word, effect),
			fs_path(_("remove '%s' where it is set (%s) and run update-grub"), word,
				setters));
	}
	return err;
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
	auto_problems struct problems problems = {0};
	int err = 0;

	if (bootloader->kind == BOOTLOADER_SYSTEMD_BOOT)
		err = find_in_kernel_cmdline(root, bootloader, &problems);
	err = err ?: find_contradictions(bootcfg, vendor, &problems);
	if (!err && bootcfg->unclear.file)
		err = find_unclear(bootcfg, &problems)
			      ?: find_in_entries(root, bootloader, vendor, &problems);
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
			if (problem->severity == PROBLEM_NOTE && stops == PROBLEM_ENABLE)
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
