// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/dropins.h"
#include "host/base/strbuf.h"

#include "host/base/fs_write.h"

#include <stdio.h>
#include <string.h>

#define MARK "# Written by `host-setup enable`; `host-setup disable` removes this file.\n"

#define TEXT_MAX ((size_t)1024 * 1024)

/* The lists of modules first, the command line last: each write leaves a host that boots. */
static const char *const own_files[] = {DROPIN_MODULES, DROPIN_OPTIONS, DROPIN_GRUB};

static bool is_ours(const char *text)
{
	return !strncmp(text, MARK, strlen(MARK));
}

bool dropins_is_foreign(const struct fs_root *root, const char *path)
{
	auto_free char *text = NULL;

	if (fs_read(root, path, TEXT_MAX, &text, NULL))
		return fs_probe(root, path) > 0;
	return !is_ours(text);
}

/* The remembered words out of the command line. */
static int remove_words(struct edits *edits, const struct fs_root *root,
			const struct hoststate *state)
{
	auto_free char *text = NULL;
	auto_free char *without = NULL;
	int err;

	if (!state->words.n)
		return 0;
	err = edits_text(edits, root, KERNEL_CMDLINE, &text);
	if (err || !text)
		return err;
	without = cmdline_remove(text, (const char *const *)state->words.items, state->words.n);
	return without ? edits_add(edits, root, KERNEL_CMDLINE, without) : -ENOMEM;
}

int dropins_remove(struct edits *edits, const struct fs_root *root, const struct hoststate *state)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(own_files) && !err; i++)
		if (fs_probe(root, own_files[i]) > 0 && !dropins_is_foreign(root, own_files[i]))
			err = edits_add(edits, root, own_files[i], NULL);
	return err ? err : remove_words(edits, root, state);
}

int dropins_write_grub(struct edits *edits, const struct fs_root *root, const struct cmdline *words)
{
	auto_free char *joined = cmdline_join(words);
	auto_free char *text = NULL;

	if (!words->n)
		return 0;
	text = fs_path("%sGRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT %s\"\n", MARK,
		       joined ? joined : "");
	return joined && text ? edits_add(edits, root, DROPIN_GRUB, text) : -ENOMEM;
}

/* Divides the remembered words that are really there into those to keep and those to drop. */
static int divide_words(const char *text, const struct hoststate *state,
			const struct cmdline *wanted, struct fs_names *keep, struct fs_names *drop)
{
	auto_cmdline struct cmdline there = {0};
	int err = cmdline_split(&there, text, NULL);

	for (size_t i = 0; i < state->words.n && !err; i++) {
		const char *word = state->words.items[i];

		if (!cmdline_find(&there, word))
			continue;
		err = hoststate_add(cmdline_find(wanted, word) ? keep : drop, word);
	}
	return err;
}

int dropins_write_cmdline(struct edits *edits, const struct fs_root *root,
			  const struct hoststate *state, const struct cmdline *words)
{
	auto_names struct fs_names keep = {0}, drop = {0}, add = {0};
	auto_free char *text = NULL;
	auto_free char *without = NULL;
	auto_free char *after = NULL;
	int err;

	err = edits_text(&(struct edits){0}, root, KERNEL_CMDLINE, &text);
	if (err || !text)
		return err;
	err = divide_words(text, state, words, &keep, &drop);
	for (size_t i = 0; i < words->n && !err; i++) {
		bool kept = false;

		for (size_t j = 0; j < keep.n; j++)
			kept = kept || !strcmp(keep.items[j], words->items[i].text);
		if (!kept)
			err = hoststate_add(&add, words->items[i].text);
	}
	if (err)
		return err;
	without = cmdline_remove(text, (const char *const *)drop.items, drop.n);
	if (without)
		after = cmdline_append(without, (const char *const *)add.items, add.n);
	return after ? edits_add(edits, root, KERNEL_CMDLINE, after) : -ENOMEM;
}

int dropins_write_modules(struct edits *edits, const struct fs_root *root,
			  const char *const *modules, size_t n)
{
	auto_strbuf struct strbuf buf = {0};
	auto_free char *text = NULL;

	if (!n)
		return 0;
	strbuf_add(&buf, "%s", MARK);
	for (size_t i = 0; i < n; i++)
		strbuf_add(&buf, "%s\n", modules[i]);
	text = strbuf_take(&buf);
	return text ? edits_add(edits, root, DROPIN_MODULES, text) : -ENOMEM;
}

int dropins_write_options(struct edits *edits, const struct fs_root *root,
			  const struct wanted_option *options, size_t n)
{
	auto_strbuf struct strbuf buf = {0};
	auto_free char *text = NULL;

	if (!n)
		return 0;
	strbuf_add(&buf, "%s", MARK);
	for (size_t i = 0; i < n; i++)
		strbuf_add(&buf, "options %s %s=1\n", options[i].module, options[i].option);
	text = strbuf_take(&buf);
	return text ? edits_add(edits, root, DROPIN_OPTIONS, text) : -ENOMEM;
}

/* fs_replace_durably() writes to ".NAME.new" first. */
static int remove_leftover(const struct fs_root *root, const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = strndup(path, (size_t)(slash - path));
	auto_free char *name = fs_path(".%s.new", slash + 1);

	return dir && name ? fs_remove(root, dir, name) : -ENOMEM;
}

int dropins_clean(const struct fs_root *root)
{
	int err = remove_leftover(root, KERNEL_CMDLINE) ?: remove_leftover(root, hoststate_path());

	for (size_t i = 0; i < ARRAY_SIZE(own_files) && !err; i++)
		err = remove_leftover(root, own_files[i]);
	return err == -ENOTDIR ? 0 : err;
}
