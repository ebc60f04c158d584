// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/bootcfg.h"
#include "host/pci/module_text.h"
#include "host/text/strbuf.h"
#include "host/setup/conf/effects.h"
#include "host/setup/conf/kernelinfo.h"

#include <string.h>

/* Directories of drop-ins: a file hides those of the same name in the later ones (modprobe.d(5),
 * modules-load.d(5)). */
static const char *const dropin_dirs[] = {"etc", "run", "usr/local/lib", "usr/lib", "lib"};

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return *name != '.' && len > end && !strcmp(name + len - end, suffix);
}

/* A directory's names as the edits leave them, sorted as the shell sorts a glob in the C locale. */
static int list_names(const struct edits *edits, const char *dir, struct fs_names *ret)
{
	size_t len;
	int err;

	if (!dir)
		return -ENOMEM;
	len = strlen(dir);
	err = fs_list(edits->root, dir, ret);
	if (err == -ENOENT || err == -ENOTDIR)
		err = 0;
	for (size_t i = 0; i < edits->n && !err; i++) {
		const char *path = edits->items[i].path;

		if (edits->items[i].after && !strncmp(path, dir, len) && path[len] == '/')
			err = fs_names_add(ret, path + len + 1);
	}
	fs_names_sort(ret);
	return err;
}

/* Takes from the text of a file what it configures. */
typedef int file_reader(struct bootcfg *result, const char *file, char *text);

static int read_modules(struct bootcfg *result, const char *file, char *text)
{
	return modconf_read_modules(&result->modules, file, text);
}

static int read_modprobe(struct bootcfg *result, const char *file, char *text)
{
	return modconf_read_modprobe(&result->options, &result->contradictions, file, text);
}

static int read_words(struct bootcfg *result, const char *file, char *text)
{
	return cmdline_split(&result->words, text, file);
}

static int read_first_line(struct bootcfg *result, const char *file, char *text)
{
	text[strcspn(text, "\n")] = '\0';
	return read_words(result, file, text);
}

static int read_file(const struct edits *edits, const char *file, file_reader *reader,
		     struct bootcfg *result)
{
	auto_free char *text = NULL;
	int err = edits_text(edits, file, &text);

	return err || !text ? err : reader(result, file, text);
}

/* All files below {etc,run,...}/DIR named *.conf that are not hidden. */
static int read_dropins(const struct edits *edits, const char *dir, file_reader *reader,
			struct bootcfg *result)
{
	auto_names struct fs_names done = {0};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dropin_dirs) && !err; i++) {
		auto_free char *path = fs_path("%s/%s", dropin_dirs[i], dir);
		auto_names struct fs_names names = {0};

		err = list_names(edits, path, &names);
		for (size_t j = 0; j < names.n && !err; j++) {
			auto_free char *file = fs_path("%s/%s", path, names.items[j]);

			if (!ends_in(names.items[j], ".conf") ||
			    fs_names_has(&done, names.items[j]))
				continue;
			err = fs_names_add(&done, names.items[j]);
			err = err ?: read_file(edits, file, reader, result);
		}
	}
	return err;
}

const char *bootcfg_effect(const char *text)
{
	struct conf_item word = {.text = (char *)text};
	auto_free unsigned int *effects = NULL;

	if (effects_find(&(struct conf_items){&word, 1}, &effects))
		return NULL;
	return effects_text(*effects) ?: modconf_line_effect(text);
}

static int find_contradicting_words(struct bootcfg *result)
{
	auto_free unsigned int *effects = NULL;
	int err = effects_find(&result->words, &effects);

	for (size_t i = 0; i < result->words.n && !err; i++) {
		const struct conf_item *word = &result->words.items[i];

		if (effects[i])
			err = conf_items_add(&result->contradictions, word->text, word->file,
					     word->line);
	}
	return err;
}

int bootcfg_grub_files(const struct edits *edits, struct fs_names *ret)
{
	auto_names struct fs_names names = {0};
	int err = fs_names_add(ret, "etc/default/grub")
			  ?: list_names(edits, "etc/default/grub.d", &names);

	for (size_t i = 0; i < names.n && !err; i++) {
		auto_free char *path = fs_path("etc/default/grub.d/%s", names.items[i]);

		if (ends_in(names.items[i], ".cfg"))
			err = path ? fs_names_add(ret, path) : -ENOMEM;
	}
	return err;
}

static int read_grub(const struct edits *edits, struct bootcfg *result)
{
	auto_names struct fs_names files = {0}, texts = {0};
	auto_free struct grubcfg_source *sources = NULL;
	auto_grubcfg struct grubcfg grub = {0};
	int err = bootcfg_grub_files(edits, &files);

	sources = calloc(files.n + 1, sizeof(*sources));
	texts.items = calloc(files.n + 1, sizeof(*texts.items));
	if (!sources || !texts.items)
		return -ENOMEM;
	for (size_t i = 0; i < files.n && !err; i++) {
		err = edits_text(edits, files.items[i], &texts.items[texts.n++]);
		sources[i] = (struct grubcfg_source){files.items[i], texts.items[i] ?: ""};
	}
	err = err ?: grubcfg_evaluate(sources, files.n, &grub);
	if (err)
		return err;
	result->words = grub.words;
	result->unclear = grub.unclear;
	grub = (struct grubcfg){0};
	result->missing = true;
	for (size_t i = 0; i < texts.n; i++)
		result->missing = result->missing && !texts.items[i];
	return 0;
}

/* The words of the running kernel but those that the boot loader adds by itself. */
static int read_running(const struct edits *edits, struct bootcfg *result)
{
	auto_conf_items struct conf_items running = {0};
	int err = fs_root_was_running(edits->root) ? kernelinfo_cmdline(edits->root, &running) : 0;

	for (size_t i = 0; i < running.n && !err; i++) {
		const struct conf_item *word = &running.items[i];

		if (!cmdline_value(word->text, "initrd") &&
		    !cmdline_value(word->text, "BOOT_IMAGE"))
			err = conf_items_add(&result->words, word->text, word->file, word->line);
	}
	return err;
}

/* The first of the files that exists, or else the running kernel's words. */
static int read_kernel_cmdline(const struct edits *edits, const struct bootloader *bootloader,
			       struct bootcfg *result)
{
	static const char *const files[] = {"etc/kernel/cmdline", "usr/lib/kernel/cmdline"};
	size_t n = bootloader->esps.n ? 1 : ARRAY_SIZE(files);

	for (size_t i = 0; i < n; i++) {
		auto_free char *text = NULL;
		int err = edits_text(edits, files[i], &text);

		if (err)
			return err;
		if (text)
			return bootloader->esps.n ? read_first_line(result, files[i], text)
						  : read_words(result, files[i], text);
	}
	result->missing = true;
	return read_running(edits, result);
}

/* Whether a line of TEXT other than a comment mentions the variables. */
static bool mentions_cmdline(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")))
		if (line[strspn(line, " \t")] != '#' && strstr(line, "GRUB_CMDLINE_LINUX"))
			return true;
	return false;
}

int bootcfg_grub_setters(const struct fs_root *root, char **ret)
{
	const struct edits none = {.root = root};
	auto_names struct fs_names files = {0};
	auto_strbuf struct strbuf list = {0};
	int err = bootcfg_grub_files(&none, &files);

	for (size_t i = 0; i < files.n && !err; i++) {
		auto_free char *text = NULL;

		err = edits_text(&none, files.items[i], &text);
		if (!err && text && mentions_cmdline(text))
			strbuf_add_item(&list, "/%s", files.items[i]);
	}
	if (!err && !list.len)
		strbuf_add(&list, "/etc/default/grub");
	if (err)
		return err;
	*ret = strbuf_take(&list);
	return *ret ? 0 : -ENOMEM;
}

/* Adds the lines of a file that set the variable anew. */
static int add_setting_lines(const char *file, char *text, struct conf_items *ret)
{
	static const char name[] = "GRUB_CMDLINE_LINUX_DEFAULT";
	unsigned int number = 0;
	int err = 0;
	char *line;

	while (!err && (line = strsep(&text, "\n"))) {
		const char *at = line + strspn(line, " \t");

		number++;
		if (!strncmp(at, "export ", 7))
			at += 7 + strspn(at + 7, " \t");
		if (strncmp(at, name, strlen(name)) || at[strlen(name)] != '=' ||
		    strstr(at, "$GRUB_CMDLINE_LINUX_DEFAULT") ||
		    strstr(at, "${GRUB_CMDLINE_LINUX_DEFAULT"))
			continue;
		err = conf_items_add(ret, at, file, number);
	}
	return err;
}

int bootcfg_grub_later(const struct edits *edits, const char *file, struct conf_items *ret)
{
	auto_names struct fs_names files = {0};
	bool later = false;
	int err = bootcfg_grub_files(edits, &files);

	for (size_t i = 0; i < files.n && !err; i++) {
		auto_free char *text = NULL;

		if (later)
			err = edits_text(edits, files.items[i], &text);
		if (!err && text)
			err = add_setting_lines(files.items[i], text, ret);
		later = later || !strcmp(files.items[i], file);
	}
	return err;
}

int bootcfg_read(const struct edits *edits, const struct bootloader *bootloader,
		 struct bootcfg *ret)
{
	auto_bootcfg struct bootcfg result = {0};
	int err;

	if (bootloader->kind == BOOTLOADER_GRUB)
		err = read_grub(edits, &result);
	else if (bootloader->kind == BOOTLOADER_SYSTEMD_BOOT)
		err = read_kernel_cmdline(edits, bootloader, &result);
	else
		err = read_running(edits, &result);
	err = err ?: find_contradicting_words(&result);
	err = err ?: read_file(edits, "etc/modules", read_modules, &result);
	err = err ?: read_dropins(edits, "modules-load.d", read_modules, &result);
	err = err ?: read_dropins(edits, "modprobe.d", read_modprobe, &result);
	if (err)
		return err;
	*ret = result;
	result = (struct bootcfg){0};
	return 0;
}

const struct conf_item *bootcfg_module(const struct bootcfg *bootcfg, const char *module)
{
	for (size_t i = 0; i < bootcfg->modules.n; i++) {
		const struct conf_item *line = &bootcfg->modules.items[i];

		if (module_name_is(line->text, strlen(line->text), module))
			return line;
	}
	return NULL;
}

/* What a line "options MODULE ..." says of the option: 1 true, 0 false, -1 nothing. */
static int option_in(const char *line, const char *option)
{
	size_t len = strlen(option);
	int value = -1;

	for (; *line; line += strcspn(line, " \t")) {
		line += strspn(line, " \t");
		if (strncmp(line, option, len) || !strchr("= \t", line[len]))
			continue;
		/* The kernel's reading of a boolean (lib/kstrtox.c); a name alone is true. */
		value = line[len] != '=' || strchr("1yYtT", line[len + 1]) ||
			!strncasecmp(line + len + 1, "on", 2);
	}
	return value;
}

const struct conf_item *bootcfg_option(const struct bootcfg *bootcfg, const char *module,
				       const char *option)
{
	const struct conf_item *found = NULL;

	for (size_t i = 0; i < bootcfg->options.n; i++) {
		const struct conf_item *line = &bootcfg->options.items[i];
		const char *name = line->text + strcspn(line->text, " \t");
		size_t len;
		int value;

		name += strspn(name, " \t");
		len = strcspn(name, " \t");
		value = module_name_is(name, len, module) ? option_in(name + len, option) : -1;
		if (value >= 0)
			found = value ? line : NULL;
	}
	return found;
}

bool bootcfg_allows_unsafe(const struct bootcfg *bootcfg)
{
	static const char name[] = "allow_unsafe_interrupts";
	const struct conf_item *word = cmdline_last(&bootcfg->words,
						    "vfio_iommu_type1.allow_unsafe_interrupts");

	return bootcfg_option(bootcfg, "vfio_iommu_type1", name) ||
	       (word && option_in(strchr(word->text, '.') + 1, name) == 1);
}

void bootcfg_free(struct bootcfg *bootcfg)
{
	conf_items_free(&bootcfg->words);
	conf_items_free(&bootcfg->modules);
	conf_items_free(&bootcfg->contradictions);
	conf_items_free(&bootcfg->options);
	free(bootcfg->unclear.file);
	*bootcfg = (struct bootcfg){0};
}
