// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/bootcfg.h"
#include "host/base/strbuf.h"

#include <string.h>

#define TEXT_MAX ((size_t)1024 * 1024)

/* Where it is read from: the root, seen through files that have other texts. */
struct view {
	const struct fs_root *root;
	const struct bootcfg_file *files;
	size_t n;
};

/* Folders of drop-ins, the first that has a name hides it in the others (modprobe.d(5),
 * modules-load.d(5)). */
static const char *const dropin_dirs[] = {"etc", "run", "usr/local/lib", "usr/lib", "lib"};

/* Reads a text; *RET is NULL when there is none. */
static int read_text(const struct view *view, const char *path, char **ret)
{
	int err;

	if (!path)
		return -ENOMEM;
	*ret = NULL;
	for (size_t i = 0; i < view->n; i++) {
		if (strcmp(view->files[i].path, path))
			continue;
		if (view->files[i].text)
			*ret = strdup(view->files[i].text);
		return view->files[i].text && !*ret ? -ENOMEM : 0;
	}
	err = fs_read(view->root, path, TEXT_MAX, ret, NULL);
	return err == -ENOENT || err == -ENOTDIR ? 0 : err;
}

static bool has_name(const struct fs_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->items[i], name))
			return true;
	return false;
}

static int add_name(struct fs_names *names, const char *name)
{
	char *copy = strdup(name);

	if (!copy || !array_grow(names->items, names->n)) {
		free(copy);
		return -ENOMEM;
	}
	names->items[names->n++] = copy;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A directory's names as they will be, sorted as the shell sorts a glob in the C locale. */
static int list_names(const struct view *view, const char *dir, struct fs_names *ret)
{
	size_t len = strlen(dir);
	int err = fs_list(view->root, dir, ret);

	if (err)
		return err;
	for (size_t i = 0; i < view->n && !err; i++) {
		const char *path = view->files[i].path;

		if (strncmp(path, dir, len) || path[len] != '/')
			continue;
		if (view->files[i].text && !has_name(ret, path + len + 1))
			err = add_name(ret, path + len + 1);
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_names);
	return err;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return *name != '.' && len > end && !strcmp(name + len - end, suffix);
}

/* Takes what one file of a directory of drop-ins says. */
typedef int dropin_reader(struct bootcfg *result, const char *file, char *text);

static int read_modules(struct bootcfg *result, const char *file, char *text)
{
	return modconf_read_modules(&result->modules, file, text);
}

static int read_modprobe(struct bootcfg *result, const char *file, char *text)
{
	return modconf_read_modprobe(&result->options, &result->contradictions, file, text);
}

/* All files below {etc,run,...}/FOLDER named *.conf that are not hidden, with their texts. */
static int read_dropins(const struct view *view, const char *dir, dropin_reader *reader,
			struct bootcfg *result)
{
	auto_names struct fs_names seen = {0};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dropin_dirs) && !err; i++) {
		auto_free char *path = fs_path("%s/%s", dropin_dirs[i], dir);
		auto_names struct fs_names names = {0};

		if (!path)
			return -ENOMEM;
		err = list_names(view, path, &names);
		for (size_t j = 0; j < names.n && !err; j++) {
			auto_free char *file = fs_path("%s/%s", path, names.items[j]);
			auto_free char *text = NULL;

			if (!ends_in(names.items[j], ".conf") || has_name(&seen, names.items[j]))
				continue;
			err = add_name(&seen, names.items[j]) ?: read_text(view, file, &text);
			if (!err && text)
				err = reader(result, file, text);
		}
	}
	return err;
}

const char *bootcfg_word_effect(const char *word)
{
	static const struct {
		const char *name;
		const char *effect;
	} offs[] = {
		{"intel_iommu", N_("it turns an Intel IOMMU off")},
		{"amd_iommu", N_("it turns an AMD IOMMU off")},
		{"iommu", N_("it turns the IOMMU off")},
	};
	static const char *const lists[] = {"module_blacklist", "modprobe.blacklist",
					    "rd.driver.blacklist"};
	const char *value;

	for (size_t i = 0; i < ARRAY_SIZE(offs); i++) {
		value = cmdline_value(word, offs[i].name);
		if (value && cmdline_value_has(value, "off"))
			return _(offs[i].effect);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		value = cmdline_value(word, lists[i]);
		for (size_t len; value && *value; value += len + (value[len] != '\0')) {
			len = strcspn(value, ",\"");
			if (modconf_is_vfio(value, len))
				return _("a module that passthrough needs is then not loaded");
		}
	}
	return NULL;
}

static int judge_words(struct bootcfg *result)
{
	int err = 0;

	for (size_t i = 0; i < result->words.n && !err; i++) {
		const struct cmdline_word *word = &result->words.items[i];
		const char *effect = bootcfg_word_effect(word->text);

		if (!strcmp(word->text, "--"))
			break;
		if (effect)
			err = modconf_add(&result->contradictions, word->text,
					  word->file ? word->file : "", word->line, effect);
	}
	return err;
}

/* The files that grub-mkconfig reads, in its order. */
static int grub_files(const struct view *view, struct fs_names *ret)
{
	auto_names struct fs_names names = {0};
	int err = add_name(ret, "etc/default/grub")
			  ?: list_names(view, "etc/default/grub.d", &names);

	for (size_t i = 0; i < names.n && !err; i++) {
		auto_free char *path = fs_path("etc/default/grub.d/%s", names.items[i]);

		if (!path)
			return -ENOMEM;
		if (ends_in(names.items[i], ".cfg"))
			err = add_name(ret, path);
	}
	return err;
}

static int read_grub(const struct view *view, struct bootcfg *result)
{
	auto_names struct fs_names files = {0}, texts = {0};
	auto_free struct grubcfg_source *sources = NULL;
	auto_grubcfg struct grubcfg grub = {0};
	int err = grub_files(view, &files);

	sources = calloc(files.n + 1, sizeof(*sources));
	if (!sources)
		return -ENOMEM;
	for (size_t i = 0; i < files.n && !err; i++) {
		auto_free char *text = NULL;

		err = read_text(view, files.items[i], &text) ?: add_name(&texts, text ? text : "");
		if (!err)
			sources[i] = (struct grubcfg_source){files.items[i], texts.items[i]};
	}
	err = err ?: grubcfg_evaluate(sources, files.n, &grub);
	if (err)
		return err;
	result->words = grub.words;
	result->unclear = grub.unclear;
	grub = (struct grubcfg){0};
	return 0;
}

/* Whether a line of TEXT that is no comment mentions the variables. */
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
	const struct view view = {.root = root};
	auto_names struct fs_names files = {0};
	auto_strbuf struct strbuf list = {0};
	int err = grub_files(&view, &files);

	for (size_t i = 0; i < files.n && !err; i++) {
		auto_free char *text = NULL;

		err = read_text(&view, files.items[i], &text);
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

static int read_kernel_cmdline(const struct view *view, struct bootcfg *result)
{
	auto_free char *text = NULL;
	int err = read_text(view, "etc/kernel/cmdline", &text);

	return err || !text ? err : cmdline_split(&result->words, text, "etc/kernel/cmdline");
}

int bootcfg_read_with(const struct fs_root *root, const struct bootloader *bootloader,
		      const struct bootcfg_file *files, size_t n, struct bootcfg *ret)
{
	const struct view view = {root, files, n};
	auto_bootcfg struct bootcfg result = {0};
	auto_free char *modules = NULL;
	int err;

	err = bootloader->kind == BOOTLOADER_GRUB ? read_grub(&view, &result)
						  : read_kernel_cmdline(&view, &result);
	err = err ?: judge_words(&result);
	err = err ?: read_text(&view, "etc/modules", &modules);
	if (!err && modules)
		err = read_modules(&result, "etc/modules", modules);
	err = err ?: read_dropins(&view, "modules-load.d", read_modules, &result);
	err = err ?: read_dropins(&view, "modprobe.d", read_modprobe, &result);
	if (err)
		return err;
	*ret = result;
	result = (struct bootcfg){0};
	return 0;
}

int bootcfg_read(const struct fs_root *root, const struct bootloader *bootloader,
		 struct bootcfg *ret)
{
	return bootcfg_read_with(root, bootloader, NULL, 0, ret);
}

const struct bootcfg_line *bootcfg_module(const struct bootcfg *bootcfg, const char *module)
{
	for (size_t i = 0; i < bootcfg->modules.n; i++) {
		const struct bootcfg_line *line = &bootcfg->modules.items[i];

		if (modconf_name_is(module, line->text, strlen(line->text)))
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

const struct bootcfg_line *bootcfg_option(const struct bootcfg *bootcfg, const char *module,
					  const char *option)
{
	const struct bootcfg_line *found = NULL;

	for (size_t i = 0; i < bootcfg->options.n; i++) {
		const struct bootcfg_line *line = &bootcfg->options.items[i];
		const char *name = line->text + strcspn(line->text, " \t");
		size_t len;
		int value;

		name += strspn(name, " \t");
		len = strcspn(name, " \t");
		value = modconf_name_is(module, name, len) ? option_in(name + len, option) : -1;
		if (value >= 0)
			found = value ? line : NULL;
	}
	return found;
}

void bootcfg_free(struct bootcfg *bootcfg)
{
	cmdline_free(&bootcfg->words);
	modconf_lines_free(&bootcfg->modules);
	modconf_lines_free(&bootcfg->contradictions);
	modconf_lines_free(&bootcfg->options);
	free(bootcfg->unclear.file);
	*bootcfg = (struct bootcfg){0};
}
