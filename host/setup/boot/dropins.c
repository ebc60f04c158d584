// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/dropins.h"
#include "host/setup/conf/grubcfg.h"
#include "host/text/strbuf.h"

#include <string.h>

#define MARK "# Written by `host-setup enable`; `host-setup disable` removes this file.\n"

#define TEXT_MAX ((size_t)1024 * 1024)

/* The lists of modules first, the command line last: each write leaves a host that boots. */
static const char *const own_files[] = {DROPIN_MODULES, DROPIN_OPTIONS, DROPIN_GRUB};

/* Reads a file that begins with our mark: 1 with its text, 0, -ENOENT, -errno. */
static int read_own(const struct fs_root *root, const char *path, char **ret)
{
	auto_free char *text = NULL;
	int err = fs_read(root, path, TEXT_MAX, &text, NULL);

	if (err == -EFBIG || err == -EISDIR) /* nothing that we write */
		return 0;
	if (err || strncmp(text, MARK, strlen(MARK)))
		return err;
	*ret = TAKE_PTR(text);
	return 1;
}

/* Whether a file begins with our mark: 1, 0, -ENOENT, -errno. */
static int has_mark(const struct fs_root *root, const char *path)
{
	auto_free char *text = NULL;

	return read_own(root, path, &text);
}

int dropins_is_foreign(const struct fs_root *root, const char *path)
{
	int ours = has_mark(root, path);

	if (fs_is_absent(ours))
		return 0;
	return ours < 0 ? ours : !ours;
}

int dropins_remove(struct edits *edits, const struct hoststate *state)
{
	const char *const *words = (const char *const *)state->words.items;
	auto_free char *text = NULL, *without = NULL;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(own_files) && !err; i++) {
		int ours = has_mark(edits->root, own_files[i]);

		if (ours > 0)
			err = edits_add(edits, own_files[i], NULL);
		else if (ours < 0 && !fs_is_absent(ours))
			err = ours;
	}
	if (err || !state->words.n)
		return err;
	err = edits_text(edits, KERNEL_CMDLINE, &text);
	if (err || !text)
		return err;
	without = cmdline_remove(text, words, state->words.n);
	return without ? edits_add(edits, KERNEL_CMDLINE, without) : -ENOMEM;
}

static int add_once(struct conf_items *to, const char *word)
{
	return cmdline_find(to, word) ? 0 : conf_items_add(to, word, NULL, 0);
}

/* Those of GRUB's settings if it read no other file of them. */
static int read_grub_words(const struct fs_root *root, struct conf_items *ret)
{
	auto_free char *text = NULL;
	auto_grubcfg struct grubcfg grubcfg = {0};
	int ours = read_own(root, DROPIN_GRUB, &text), err;

	if (ours <= 0)
		return fs_is_absent(ours) ? 0 : ours;
	err = grubcfg_evaluate(
		(const struct grubcfg_source[]){{"", "GRUB_CMDLINE_LINUX_DEFAULT=\n"},
						{DROPIN_GRUB, text}},
		2, &grubcfg);
	for (size_t i = 0; i < grubcfg.words.n && !err; i++)
		err = add_once(ret, grubcfg.words.items[i].text);
	return err;
}

int dropins_read_words(const struct fs_root *root, const struct hoststate *state,
		       struct conf_items *ret)
{
	const struct edits none = {.root = root};
	auto_conf_items struct conf_items present = {0};
	auto_free char *text = NULL;
	int err = read_grub_words(root, ret);

	if (err || !state->words.n)
		return err;
	err = edits_text(&none, KERNEL_CMDLINE, &text);
	if (!err && text)
		err = cmdline_split(&present, text, NULL);
	for (size_t i = 0; i < state->words.n && !err; i++)
		if (cmdline_find(&present, state->words.items[i]))
			err = add_once(ret, state->words.items[i]);
	return err;
}

int dropins_has_option(const struct fs_root *root, const struct wanted_option *option)
{
	auto_free char *text = NULL;
	auto_free char *line = fs_path("\noptions %s %s=1\n", option->module, option->option);
	int ours = line ? read_own(root, DROPIN_OPTIONS, &text) : -ENOMEM;

	if (ours <= 0)
		return fs_is_absent(ours) ? 0 : ours;
	return text && strstr(text, line);
}

int dropins_write_cmdline(struct edits *edits, const struct hoststate *state,
			  const struct conf_items *words)
{
	const struct edits none = {.root = edits->root};
	auto_conf_items struct conf_items present = {0};
	auto_names struct fs_names drop = {0}, add = {0};
	auto_free char *text = NULL, *without = NULL, *after = NULL;
	int err = edits_text(&none, KERNEL_CMDLINE, &text);

	if (err || !text)
		return err;
	err = cmdline_split(&present, text, NULL);
	for (size_t i = 0; i < state->words.n && !err; i++) {
		const char *word = state->words.items[i];

		if (cmdline_find(&present, word) && !cmdline_find(words, word))
			err = fs_names_add(&drop, word);
	}
	for (size_t i = 0; i < words->n && !err; i++) {
		const char *word = words->items[i].text;

		if (!fs_names_has(&state->words, word) || !cmdline_find(&present, word))
			err = fs_names_add(&add, word);
	}
	if (err)
		return err;
	without = cmdline_remove(text, (const char *const *)drop.items, drop.n);
	if (without)
		after = cmdline_append(without, (const char *const *)add.items, add.n);
	return after ? edits_add(edits, KERNEL_CMDLINE, after) : -ENOMEM;
}

/* Adds the edit that writes our file PATH with the lines of BUF, if there are any. */
static int write_own(struct edits *edits, const char *path, struct strbuf *buf)
{
	bool empty = !buf->len && !buf->failed;
	auto_free char *lines = strbuf_take(buf), *text = NULL;

	if (empty)
		return 0;
	text = lines ? fs_path("%s%s", MARK, lines) : NULL;
	return text ? edits_add(edits, path, text) : -ENOMEM;
}

int dropins_write_grub(struct edits *edits, const struct conf_items *words)
{
	auto_free char *joined = cmdline_join(words);
	auto_strbuf struct strbuf buf = {0};

	if (!joined)
		return -ENOMEM;
	if (*joined)
		strbuf_add(&buf, "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT %s\"\n",
			   joined);
	return write_own(edits, DROPIN_GRUB, &buf);
}

int dropins_write_modules(struct edits *edits, const char *const *modules, size_t n)
{
	auto_strbuf struct strbuf buf = {0};

	for (size_t i = 0; i < n; i++)
		strbuf_add(&buf, "%s\n", modules[i]);
	return write_own(edits, DROPIN_MODULES, &buf);
}

int dropins_write_options(struct edits *edits, const struct wanted_option *options, size_t n)
{
	auto_strbuf struct strbuf buf = {0};

	for (size_t i = 0; i < n; i++)
		strbuf_add(&buf, "options %s %s=1\n", options[i].module, options[i].option);
	return write_own(edits, DROPIN_OPTIONS, &buf);
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
	int err = remove_leftover(root, KERNEL_CMDLINE) ?: remove_leftover(root, HOSTSTATE_PATH);

	for (size_t i = 0; i < ARRAY_SIZE(own_files) && !err; i++)
		err = remove_leftover(root, own_files[i]);
	return err == -ENOTDIR ? 0 : err;
}
