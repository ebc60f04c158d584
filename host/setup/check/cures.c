// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/check/cures.h"

#include "host/text/strbuf.h"
#include "host/pci/arch.h"
#include "host/pci/iommu.h"
#include "host/pci/modules.h"
#include "host/setup/conf/effects.h"
#include "host/setup/conf/kernelinfo.h"
#include "host/setup/wanted.h"

#include <string.h>

/* The words of the running kernel, and where words are configured. */
struct words {
	struct conf_items running;
	const struct bootcfg *configured[2];
	size_t n;
	enum processor_vendor vendor;
};

/* Adds how to undo each configured word that has one of the EFFECTS. */
static int add_removals(const struct bootcfg *bootcfg, unsigned int effects, struct strbuf *text)
{
	auto_free unsigned int *found = NULL;
	int err = effects_find(&bootcfg->words, &found);

	for (size_t i = 0; i < bootcfg->words.n && !err; i++) {
		auto_free char *removal = NULL;

		if (!(found[i] & effects))
			continue;
		removal = effects_removal(&bootcfg->words.items[i], found[i]);
		if (!removal)
			return -ENOMEM;
		strbuf_add_item(text, "%s", removal);
	}
	return err;
}

/*
 * The cure of what words of the running kernel do: to remove them where they are configured; where
 * they are not, that has been done, and the next boot is without them. *RET is NULL when no running
 * word does it.
 */
static int cure_words(const struct words *words, unsigned int effects, char **ret)
{
	int running = effects_of(&words->running, words->vendor);
	auto_strbuf struct strbuf text = {0};
	int err = running < 0 ? running : 0;

	*ret = NULL;
	if (err || !((unsigned int)running & effects))
		return err;
	for (size_t i = 0; i < words->n && !err; i++)
		err = add_removals(words->configured[i], effects, &text);
	if (err)
		return err;
	if (text.len) {
		auto_free char *removals = strbuf_take(&text);

		*ret = fs_path(_("%s, then: %s"), removals ? removals : "",
			       "host-setup enable && reboot");
	} else {
		*ret = strdup("reboot");
	}
	return *ret ? 0 : -ENOMEM;
}

/* Why the running kernel should have turned the IOMMU on; NULL when it should not have. */
static const char *why_on(const struct fs_root *root, const struct words *words)
{
	auto_free char *release = NULL;

	if (!words->running.n)
		return NULL;
	if (words->vendor == PROCESSOR_AMD)
		return _("an AMD IOMMU is on by itself");
	if (cmdline_covers(&words->running, "intel_iommu=on", NULL))
		return _("intel_iommu=on is in /proc/cmdline already");
	if (words->vendor == PROCESSOR_INTEL && !modules_release(root, &release) &&
	    kernelinfo_intel_default_on(root, release) == ANSWER_YES)
		return _("this kernel turns an Intel IOMMU on by itself");
	return NULL;
}

/* An IOMMU that is off although all words are right. */
static int cure_by_firmware(const struct fs_root *root, const struct words *words,
			    struct cures *cures)
{
	const char *why = why_on(root, words);

	if (!why)
		return 0;
	cures->iommu_seen = fs_path(_("%s, so no word of the kernel command line turns it on"),
				    why);
	cures->iommu = fs_path(
		arch_machine(root) == MACHINE_REAL
			? _("see why in the kernel's log: %s\n"
			    "in the firmware setup (BIOS), turn VT-d or AMD-Vi (IOMMU) off and on again, "
			    "save, and start the host cold; else look for a newer firmware")
			: _("see why in the kernel's log: %s\n"
			    "this host is itself a VM: shut it down, and look at its virtual IOMMU "
			    "where it runs (on Proxmox VE: qm config ID, machine: q35,viommu=intel)"),
		"journalctl -k -b -g 'DMAR|AMD-Vi|IOMMU'");
	return cures->iommu && cures->iommu_seen ? 0 : -ENOMEM;
}

static int find_cures(const struct fs_root *root, const struct words *words, struct cures *cures)
{
	int err = cure_words(words, EFFECTS_IOMMU_OFF, &cures->iommu);

	if (!err && !cures->iommu)
		err = cure_by_firmware(root, words, cures);
	err = err ?: cure_words(words, EFFECT_REMAPPING_OFF, &cures->remapping);
	err = err ?: cure_words(words, EFFECT_MODULE, &cures->module);
	err = err ?: cure_words(words, EFFECT_IGPU_OFF, &cures->igpu);
	if (err || cures->igpu || words->vendor != PROCESSOR_INTEL ||
	    cmdline_covers(&words->running, "intel_iommu=on", NULL))
		return err;
	/* Kernels may leave it out unless they are told (kernelinfo_intel_default_on()). */
	cures->igpu = fs_path("%s\n%s",
			      _("intel_iommu=on on the kernel command line includes the integrated "
				"GPU"),
			      "host-setup enable && reboot");
	return cures->igpu ? 0 : -ENOMEM;
}

int cures_read(const struct fs_root *root, const struct bootcfg *bootcfg, struct cures *ret)
{
	static const enum bootloader_kind kinds[] = {BOOTLOADER_GRUB, BOOTLOADER_SYSTEMD_BOOT};
	const struct edits none = {.root = root};
	auto_bootcfg struct bootcfg grub = {0}, systemd_boot = {0};
	struct bootcfg *const both[] = {&grub, &systemd_boot};
	auto_cures struct cures cures = {0};
	struct words words = {
		.configured = {bootcfg}, .n = bootcfg ? 1 : 0, .vendor = wanted_vendor(root)};
	int err = kernelinfo_cmdline(root, &words.running);

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !err && !bootcfg; i++) {
		const struct bootloader loader = {.kind = kinds[i]};

		err = bootcfg_read(&none, &loader, both[i]);
		/* Without a file the words are those of the running kernel. */
		if (!err && !both[i]->missing)
			words.configured[words.n++] = both[i];
	}
	err = err ?: find_cures(root, &words, &cures);
	conf_items_free(&words.running);
	if (err)
		return err;
	*ret = cures;
	cures = (struct cures){0};
	return 0;
}

void cures_free(struct cures *cures)
{
	free(cures->iommu);
	free(cures->iommu_seen);
	free(cures->remapping);
	free(cures->module);
	free(cures->igpu);
	*cures = (struct cures){0};
}

struct check_cures cures_of_essentials(const struct cures *cures)
{
	return (struct check_cures){cures->iommu, cures->iommu_seen, cures->remapping,
				    cures->module};
}

int cures_check_essentials(const struct fs_root *root, struct checklist *list)
{
	auto_checklist struct checklist first = {0};
	auto_cures struct cures cures = {0};
	struct check_cures known;
	int err = check_essentials(root, NULL, &first);

	if (!err && !checklist_misses(&first, NULL)) {
		*list = first;
		first = (struct checklist){0};
		return 0;
	}
	err = err ?: cures_read(root, NULL, &cures);
	known = cures_of_essentials(&cures);
	return err ?: check_essentials(root, &known, list);
}
