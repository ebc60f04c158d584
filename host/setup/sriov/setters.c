// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/setters.h"

#include <string.h>

#include "host/pci/module_text.h"
#include "host/setup/boot/bootcfg.h"

/* ---- parameters of modules ---- */

/* i915 and xe only limit the number by max_vfs. */
static bool limits_only(const char *module)
{
	return !strcmp(module, "i915") || !strcmp(module, "xe");
}

/* Whether VALUE, "7,7", has a number that is not 0. */
static bool is_more_than_none(const char *value)
{
	return strcspn(value, "123456789") < strcspn(value, " \t");
}

/* Whether TEXT, "max_vfs=7" and more after it, sets the number. */
static bool sets_vfs(const char *text)
{
	const char *value = after_prefix(text, "max_vfs=") ?: after_prefix(text, "num_vfs=");

	return value && is_more_than_none(value);
}

/* A word of a kernel command line: "igb.max_vfs=7". */
static bool word_sets(const struct setters_pf *pf, const char *word)
{
	const char *dot = strchr(word, '.');

	return dot && sets_vfs(dot + 1) &&
	       (!pf->module || module_name_is(word, (size_t)(dot - word), pf->module));
}

/* A line of modprobe.d: "options igb max_vfs=7". */
static bool options_set(const struct setters_pf *pf, const char *line)
{
	const char *name = line + strcspn(line, " \t");
	size_t len;

	name += strspn(name, " \t");
	len = strcspn(name, " \t");
	if (pf->module && !module_name_is(name, len, pf->module))
		return false;
	for (const char *at = name + len; *at; at += strcspn(at, " \t")) {
		at += strspn(at, " \t");
		if (sets_vfs(at))
			return true;
	}
	return false;
}

static int add_words(const struct setters_pf *pf, const struct conf_items *words, const char *where,
		     struct conf_items *ret)
{
	int err = 0;

	for (size_t i = 0; !err && i < words->n; i++) {
		const struct conf_item *word = &words->items[i];

		if (word_sets(pf, word->text))
			err = conf_items_add(ret, word->text, word->file ?: where, word->line);
	}
	return err;
}

static int add_running(const struct fs_root *root, const struct setters_pf *pf,
		       struct conf_items *ret)
{
	auto_conf_items struct conf_items words = {0};
	auto_free char *text = NULL;
	int err = fs_read_attr(root, "proc/cmdline", &text);

	if (fs_is_absent(err))
		return 0;
	err = err ?: cmdline_split(&words, text, "proc/cmdline");
	return err ?: add_words(pf, &words, "proc/cmdline", ret);
}

static int add_parameters(const struct fs_root *root, const char *bootloader,
			  const struct setters_pf *pf, struct conf_items *ret)
{
	auto_bootloader struct bootloader loader = {0};
	auto_bootcfg struct bootcfg next = {0};
	const struct edits none = {.root = root};
	auto_free char *why = NULL;
	size_t before = ret->n;
	int err;

	if (pf->module && limits_only(pf->module))
		return 0;
	err = bootloader_detect(root, bootloader, &loader, &why);
	/* Of a loader that is not known the running kernel's words are all that is known. */
	if (err && err != -ENOTUNIQ)
		return err;
	err = bootcfg_read(&none, &loader, &next);
	err = err ?: add_words(pf, &next.words, "proc/cmdline", ret);
	for (size_t i = 0; !err && i < next.options.n; i++) {
		const struct conf_item *line = &next.options.items[i];

		if (options_set(pf, line->text))
			err = conf_items_add(ret, line->text, line->file, line->line);
	}
	/* What is configured to go is no cure until the next boot. */
	return err || ret->n > before ? err : add_running(root, pf, ret);
}

int setters_find(const struct fs_root *root, const char *bootloader, const struct setters_pf *pf,
		 struct setters *ret)
{
	int err = add_parameters(root, bootloader, pf, &ret->active);

	return err ?: setters_find_in_files(root, pf, ret);
}

int setters_find_at(const struct fs_root *root, const char *bootloader, const struct bdf *bdf,
		    struct setters *ret)
{
	auto_setters_pf struct setters_pf pf = {0};
	int err = setters_pf_read(root, bdf, &pf);

	return err ?: setters_find(root, bootloader, &pf, ret);
}
