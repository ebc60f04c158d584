// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/byhand.h"
#include "host/base/log.h"

#include <string.h>

static const struct {
	const char *name;
	const char *part; /* of its value; NULL: any */
} words[] = {
	{"intel_iommu", "on"},	{"amd_iommu", "on"},
	{"iommu", "pt"},	{"pcie_acs_override", NULL},
	{"pci", "realloc=off"}, {"vfio_iommu_type1.allow_unsafe_interrupts", NULL},
	{"vfio_pci.ids", NULL},
};

static const char *const modules[] = {"vfio", "vfio_iommu_type1", "vfio_pci", "vfio_virqfd"};

static const struct {
	const char *module;
	const char *option;
} options[] = {{"vfio_iommu_type1", "allow_unsafe_interrupts"}, {"kvm", "ignore_msrs"}};

bool byhand_is_word(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *value = cmdline_value(word, words[i].name);

		if (value && (!words[i].part || cmdline_value_has(value, words[i].part)))
			return true;
	}
	return false;
}

bool byhand_is_module(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		if (!strcmp(modules[i], name))
			return true;
	return false;
}

/* Where line LINE, counted from 1, begins; the end of TEXT when there are fewer. */
static const char *line_at(const char *text, unsigned int line)
{
	while (--line && *text) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return text;
}

/*
 * TEXT without WORD on its line LINE, and without the space that separates it from the other words.
 * Returns 0 with a new string; -ENOENT when the word is not written there literally; -ENOMEM.
 */
static int without_word(const char *text, unsigned int line, const char *word, char **ret)
{
	const char *start = line_at(text, line);
	const char *end = start + strcspn(start, "\n");
	size_t len = strlen(word);

	for (const char *at = start; (at = strstr(at, word)) && at + len <= end; at++) {
		const char *next = at + len;
		const char *from = at;

		if ((at > start && !strchr(" \t\"'=", at[-1])) ||
		    (*next && !strchr(" \t\r\n\"'\\", *next)))
			continue;
		if (at > start && strchr(" \t", at[-1]))
			from--;
		else if (*next == ' ' || *next == '\t')
			next++;
		*ret = fs_path("%.*s%s", (int)(from - text), text, next);
		return *ret ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

/* TEXT without its line LINE. A new string, or NULL without memory. */
static char *without_line(const char *text, unsigned int line)
{
	const char *start = line_at(text, line);
	const char *end = start + strcspn(start, "\n");

	return fs_path("%.*s%s", (int)(start - text), text, *end ? end + 1 : end);
}

static void tell(const struct conf_item *item)
{
	log_warning(_("set by hand, and stays: %s (/%s:%u)"), item->text, item->file, item->line);
}

void byhand_tell(const struct bootcfg *bootcfg)
{
	for (size_t i = 0; i < bootcfg->words.n; i++)
		if (byhand_is_word(bootcfg->words.items[i].text))
			tell(&bootcfg->words.items[i]);
	for (size_t i = 0; i < bootcfg->modules.n; i++)
		if (byhand_is_module(bootcfg->modules.items[i].text))
			tell(&bootcfg->modules.items[i]);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct conf_item *line = bootcfg_option(bootcfg, options[i].module,
							      options[i].option);

		if (line)
			tell(line);
	}
}

/* Whether AFTER has the words of BEFORE in their order, except one that was WORD. */
static bool is_only_that_gone(const struct conf_items *before, const struct conf_items *after,
			      const char *word)
{
	size_t gone = 0;

	if (after->n + 1 != before->n)
		return false;
	while (gone < after->n && !strcmp(before->items[gone].text, after->items[gone].text))
		gone++;
	for (size_t i = gone; i < after->n; i++)
		if (strcmp(before->items[i + 1].text, after->items[i].text))
			return false;
	return !strcmp(before->items[gone].text, word);
}

/* Whether the word sets something else, too, as pci=realloc=off,noaer does. */
static bool has_other_parts(const char *word)
{
	const char *value = strchr(word, '=');

	return !cmdline_value(word, "pcie_acs_override") && !cmdline_value(word, "vfio_pci.ids") &&
	       value && strchr(value, ',');
}

/* Removes one word of NOW. Returns 0; -ENOENT, having said so, when it stays; -errno. */
static int remove_word(struct edits *edits, const struct bootloader *bootloader,
		       const struct bootcfg *now, const struct conf_item *word)
{
	auto_free char *before = NULL, *shorter = NULL;
	auto_bootcfg struct bootcfg after = {0};
	int err;

	if (has_other_parts(word->text)) {
		log_warning(_("remove it by hand: %s also sets something else (nano +%u /%s)"),
			    word->text, word->line, word->file);
		return -ENOENT;
	}
	err = edits_text(edits, word->file, &before);
	if (!err)
		err = before ? without_word(before, word->line, word->text, &shorter) : -ENOENT;
	err = err ?: edits_add(edits, word->file, shorter);
	err = err ?: bootcfg_read(edits, bootloader, &after);
	/* Other words may depend on it. */
	if (!err &&
	    (after.unclear.file || !is_only_that_gone(&now->words, &after.words, word->text)))
		err = edits_add(edits, word->file, before) ?: -ENOENT;
	if (err == -ENOENT)
		log_warning(_("remove it by hand: %s is not written literally (nano +%u /%s)"),
			    word->text, word->line, word->file);
	return err;
}

/* Removes the words that can be. The configuration is read again after each, because the others may
 * then be on other lines. */
static int remove_words(struct edits *edits, const struct bootloader *bootloader)
{
	for (size_t i = 0;;) {
		auto_bootcfg struct bootcfg now = {0};
		int err = bootcfg_read(edits, bootloader, &now);

		if (!err && now.unclear.file)
			log_warning(_("/%s:%u: %s: words that were set by hand cannot be found in "
				      "this text, and stay"),
				    now.unclear.file, now.unclear.line, now.unclear.what);
		while (i < now.words.n && !byhand_is_word(now.words.items[i].text))
			i++;
		if (err || i >= now.words.n)
			return err;
		err = remove_word(edits, bootloader, &now, &now.words.items[i]);
		if (err == -ENOENT)
			i++;
		else if (err)
			return err;
	}
}

static int remove_module(struct edits *edits, const struct conf_item *line)
{
	auto_free char *before = NULL, *after = NULL;
	int err = edits_text(edits, line->file, &before);

	if (err || !before)
		return err;
	after = without_line(before, line->line);
	return after ? edits_add(edits, line->file, after) : -ENOMEM;
}

/* TEXT without the word of its line LINE that sets OPTION, and without that line when it sets
 * nothing else. Returns 0 with a new string; -ENOENT when the word is not on that line; -ENOMEM. */
static int without_option(const char *text, const struct conf_item *line, const char *option,
			  char **ret)
{
	auto_free char *word = NULL, *shorter = NULL;
	size_t len, name = strlen(option), n = 0;
	int err;

	for (const char *at = line->text; (at = cmdline_next(at, &len)); at += len, n++)
		if (!word && !strncmp(at, option, name) && (len == name || at[name] == '='))
			word = strndup(at, len);
	err = word ? without_word(text, line->line, word, &shorter) : -ENOENT;
	if (err)
		return err;
	/* "options", the module, and that one. */
	*ret = n == 3 ? without_line(text, line->line) : TAKE_PTR(shorter);
	return *ret ? 0 : -ENOMEM;
}

/* Removes an option from the lines that set it, the last one first, until none does. */
static int remove_option(struct edits *edits, const struct bootloader *bootloader,
			 const char *module, const char *option)
{
	for (;;) {
		auto_bootcfg struct bootcfg now = {0};
		auto_free char *before = NULL, *after = NULL;
		const struct conf_item *line;
		int err = bootcfg_read(edits, bootloader, &now);

		line = err ? NULL : bootcfg_option(&now, module, option);
		if (!line)
			return err;
		err = edits_text(edits, line->file, &before);
		if (err || !before)
			return err;
		err = without_option(before, line, option, &after);
		if (err == -ENOENT) {
			log_warning(_("remove it by hand: %s (nano +%u /%s)"), line->text,
				    line->line, line->file);
			return 0;
		}
		err = err ?: edits_add(edits, line->file, after);
		if (err)
			return err;
	}
}

int byhand_remove(struct edits *edits, const struct bootloader *bootloader,
		  const struct bootcfg *bootcfg)
{
	int err = remove_words(edits, bootloader);

	/* From the last to the first: a line's number counts those before it. */
	for (size_t i = bootcfg->modules.n; i-- && !err;)
		if (byhand_is_module(bootcfg->modules.items[i].text))
			err = remove_module(edits, &bootcfg->modules.items[i]);
	for (size_t i = 0; i < ARRAY_SIZE(options) && !err; i++)
		err = remove_option(edits, bootloader, options[i].module, options[i].option);
	return err;
}
