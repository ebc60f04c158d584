// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/problems_files.h"
#include "host/pci/iommu.h"
#include "host/setup/boot/byhand.h"
#include "host/setup/conf/kernelinfo.h"

#include <string.h>

#define KERNEL_CMDLINE "etc/kernel/cmdline"
#define GRUB_DEFAULTS  "etc/default/grub"
#define INSTALL_CONF   "etc/kernel/install.conf"
#define REFIND_WORDS   "boot/refind_linux.conf"
#define UKI_CONF       "etc/kernel/uki.conf"
#define TEXT_MAX       ((size_t)1024 * 1024)

const char *problems_cmdline_trouble(const char *text, const struct conf_items *words,
				     bool first_line)
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
		if (first_line && (words->items[i].line != 1 || strchr(words->items[i].text, '\n')))
			return _("it holds more than one line, of which only the first would "
				 "count; make it one line");
		if (!first_line && *words->items[i].text == '#')
			return _("it has a comment (#), whose words kernel-install passes to the "
				 "kernel before systemd 257, and drops since");
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
	int err = fs_root_was_running(root) ? kernelinfo_cmdline(root, &running) : 0;

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
	trouble = problems_cmdline_trouble(text, &words, bootloader->esps.n);
	if (trouble)
		return problems_add(
			problems, "kernel-cmdline", severity,
			fs_path(severity == PROBLEM_BOOT && bootloader->esps.n
					? _("/%s: %s; the first has no root=, so the next "
					    "boot would not find its root file system")
					: "/%s: %s",
				KERNEL_CMDLINE, trouble),
			fs_path(_("edit it (nano /%s)"), KERNEL_CMDLINE));
	if (severity != PROBLEM_BOOT)
		return 0;
	return problems_add(
		problems, "root-missing", severity,
		fs_path(_("/%s:1: it has no root=, while the running kernel was started with %s: "
			  "with this line the next boot would not find its root file system%s"),
			KERNEL_CMDLINE, running,
			bootloader->esps.n
				? _(", and proxmox-boot-tool fails on it, at each kernel "
				    "upgrade, too")
				: ""),
		fs_path(_("add '%s' at the end of that line (nano /%s)"), running, KERNEL_CMDLINE));
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
		fs_path(_("omit --bootloader=grub; if GRUB does start this host, cp "
			  "/usr/share/grub/default/grub /%s"),
			GRUB_DEFAULTS));
}

/* On a host that GRUB starts, proxmox-boot-tool looks into the other loader's file all the same. */
static int find_in_stray_cmdline(const struct fs_root *root, struct problems *problems)
{
	auto_conf_items struct conf_items words = {0};
	auto_free char *text = NULL;
	int err = fs_read(root, KERNEL_CMDLINE, TEXT_MAX, &text, NULL);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	err = cmdline_split(&words, text, NULL);
	if (err || *root_of(&words, false))
		return err;
	return problems_add(
		problems, "root-missing", PROBLEM_BOOT,
		fs_path(_("/%s:1: it has no root=: GRUB does not read it, but proxmox-boot-tool fails "
			  "on it, at each kernel upgrade, too"),
			KERNEL_CMDLINE),
		fs_path(_("give it another name: mv /%s /%s.unused"), KERNEL_CMDLINE,
			KERNEL_CMDLINE));
}

/* The word for passthrough that is written first in TEXT, outside comments, with quotes as spaces:
 * a new string, and its line; NULL: none. */
static char *find_word(const char *text, unsigned int *ret_line)
{
	static const char ends[] = " \t\r\n\"'";
	unsigned int line = 1;

	while (*text) {
		size_t len = strcspn(text, ends);
		auto_free char *word = strndup(text, len);
		/* NAME=intel_iommu=on, without quotes */
		const char *value = word ? strchr(word, '=') : NULL;

		if (*text == '#')
			len = strcspn(text, "\n");
		else if (value && byhand_is_word(value + 1))
			return *ret_line = line, strdup(value + 1);
		else if (word && byhand_is_word(word))
			return *ret_line = line, TAKE_PTR(word);
		line += text[len] == '\n';
		text += len + (text[len] != '\0');
	}
	return NULL;
}

static int find_in_unread(const struct fs_root *root, const struct bootloader *bootloader,
			  const struct bootcfg *bootcfg, const char *file,
			  struct problems *problems)
{
	const char *reads = bootloader_config_file(bootloader->kind);
	auto_free char *text = NULL, *word = NULL;
	unsigned int line;
	bool elsewhere;
	int err = fs_read(root, file, TEXT_MAX, &text, NULL);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	word = find_word(text, &line);
	if (!word)
		return 0;
	elsewhere = cmdline_covers(&bootcfg->words, word, NULL);
	return problems_add(
		problems, "file-not-read", elsewhere ? PROBLEM_NOTE : PROBLEM_WARNING,
		reads ? fs_path(_("/%s:%u: %s: that file is not read: %s starts this host, "
				  "with the words of /%s"),
				file, line, word, bootloader_title(bootloader), reads)
		      : fs_path(_("/%s:%u: %s: that file is not read: %s starts this host"), file,
				line, word, bootloader_title(bootloader)),
		NULL);
}

/* Which files this boot loader may read: when in doubt, it may. */
static bool reads_kernel_cmdline(const struct bootloader *bootloader)
{
	return bootloader->kind == BOOTLOADER_SYSTEMD_BOOT ||
	       bootloader->other.kind == OTHERLOADER_UKI;
}

static bool reads_refind(const struct bootloader *bootloader)
{
	return bootloader->other.kind == OTHERLOADER_REFIND ||
	       bootloader->other.kind == OTHERLOADER_EFI_STUB;
}

/* Files in directories that kernels get no words from: what dracut takes from them is its own,
 * unless it makes a unified kernel image. */
static int list_unread_dirs(const struct fs_root *root, struct fs_names *ret)
{
	static const char *const dirs[] = {"etc/kernel/cmdline.d", "etc/cmdline.d",
					   "etc/dracut.conf.d"};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dirs) && !err; i++) {
		auto_names struct fs_names names = {0};

		err = fs_list(root, dirs[i], &names);
		if (err == -ENOTDIR)
			err = 0;
		for (size_t k = 0; k < names.n && !err; k++) {
			auto_free char *path = fs_path("%s/%s", dirs[i], names.items[k]);

			err = path ? fs_names_add(ret, path) : -ENOMEM;
		}
	}
	return err;
}

/* Files with words that only another boot loader would read. */
static int find_unread(const struct fs_root *root, const struct bootloader *bootloader,
		       const struct bootcfg *bootcfg, struct problems *problems)
{
	const struct edits none = {.root = root};
	auto_names struct fs_names files = {0};
	int err = bootloader->kind == BOOTLOADER_GRUB ? 0 : bootcfg_grub_files(&none, &files);

	if (!err && !reads_kernel_cmdline(bootloader))
		err = fs_names_add(&files, KERNEL_CMDLINE);
	if (!err && !reads_refind(bootloader))
		err = fs_names_add(&files, REFIND_WORDS);
	/* kernel-install runs ukify(1) with the other file, and so without the command line in
	 * this. */
	if (!err && bootloader->other.kind != OTHERLOADER_UKI)
		err = fs_names_add(&files, UKI_CONF);
	if (!err && bootloader->other.kind != OTHERLOADER_UKI && !fs_probe(root, INSTALL_CONF))
		err = list_unread_dirs(root, &files);
	for (size_t i = 0; i < files.n && !err; i++)
		err = find_in_unread(root, bootloader, bootcfg, files.items[i], problems);
	return err;
}

int problems_add_by_hand(const struct bootloader *bootloader, const struct conf_items *words,
			 struct problems *problems)
{
	auto_free char *joined = cmdline_join(words);
	auto_free char *cure = joined ? otherloader_cure(&bootloader->other, joined) : NULL;

	if (!cure)
		return -ENOMEM;
	return problems_add(
		problems, PROBLEM_BY_HAND, PROBLEM_ENABLE,
		fs_path(_("%s starts this host, and host-setup edits the configuration of GRUB and "
			  "systemd-boot only (--bootloader=grub or --bootloader=systemd-boot, should "
			  "that be wrong)"),
			bootloader_title(bootloader)),
		fs_path(_("%s; reboot"), cure));
}

/* Another boot loader has to be given the words that the kernel lacks, when its IOMMU is off. */
static int find_by_hand(const struct fs_root *root, const struct bootloader *bootloader,
			const struct bootcfg *bootcfg, enum processor_vendor vendor,
			struct problems *problems)
{
	static const char *const wanted[] = {"intel_iommu=on", "iommu=pt"};
	auto_conf_items struct conf_items words = {0};
	int err = 0;

	for (size_t i = vendor != PROCESSOR_INTEL; i < ARRAY_SIZE(wanted) && !err; i++)
		if (!cmdline_covers(&bootcfg->words, wanted[i], NULL))
			err = conf_items_add(&words, wanted[i], NULL, 0);
	if (err || !words.n || iommu_is_active(root) > 0)
		return err;
	return problems_add_by_hand(bootloader, &words, problems);
}

int problems_find_in_files(const struct fs_root *root, const struct bootloader *bootloader,
			   const struct bootcfg *bootcfg, enum processor_vendor vendor,
			   struct problems *problems)
{
	int err = 0;

	if (bootloader->kind == BOOTLOADER_SYSTEMD_BOOT)
		err = find_in_kernel_cmdline(root, bootloader, problems);
	else if (bootloader->kind == BOOTLOADER_OTHER)
		err = find_by_hand(root, bootloader, bootcfg, vendor, problems);
	else
		err = find_absent_grub(root, problems);
	if (!err && bootloader->kind == BOOTLOADER_GRUB && bootloader->esps.n)
		err = find_in_stray_cmdline(root, problems);
	return err ?: find_unread(root, bootloader, bootcfg, problems);
}
