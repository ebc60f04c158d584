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

/* Where line LINE begins; the end of TEXT when there are fewer. */
static const char *line_at(const char *text, unsigned int line)
{
	while (--line && *text) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return text;
}

int byhand_remove_word(const char *text, unsigned int line, const char *word, char **ret)
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

char *byhand_remove_line(const char *text, unsigned int line)
{
	const char *start = line_at(text, line);
	const char *end = start + strcspn(start, "\n");

	return fs_path("%.*s%s", (int)(start - text), text, *end ? end + 1 : end);
}

static void tell(const char *text, const char *file, unsigned int line)
{
	log_warning(_("set by hand, and stays: %s (/%s:%u)"), text, file, line);
}

void byhand_tell(const struct bootcfg *bootcfg)
{
	for (size_t i = 0; i < bootcfg->words.n; i++) {
		const struct cmdline_word *word = &bootcfg->words.items[i];

		if (byhand_is_word(word->text))
			tell(word->text, word->file, word->line);
	}
	for (size_t i = 0; i < bootcfg->modules.n; i++) {
		const struct bootcfg_line *line = &bootcfg->modules.items[i];

		if (byhand_is_module(line->text))
			tell(line->text, line->file, line->line);
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct bootcfg_line *line = bootcfg_option(bootcfg, options[i].module,
								 options[i].option);

		if (line)
			tell(line->text, line->file, line->line);
	}
}

/* Whether AFTER has the words of BEFORE in their order, but for one that was WORD. */
static bool is_only_that_gone(const struct cmdline *before, const struct cmdline *after,
			      const char *word)
{
	size_t i = 0;

	if (after->n + 1 != before->n)
		return false;
	while (i < after->n && !strcmp(before->items[i].text, after->items[i].text))
		i++;
	if (strcmp(before->items[i].text, word))
		return false;
	for (; i < after->n; i++)
		if (strcmp(before->items[i + 1].text, after->items[i].text))
			return false;
	return true;
}

/* Whether the word sets something else, too, as pci=realloc=off,noaer does. */
static bool has_other_parts(const char *word)
{
	const char *value = strchr(word, '=');

	return !cmdline_value(word, "pcie_acs_override") && !cmdline_value(word, "vfio_pci.ids") &&
	       value && strchr(value, ',');
}

/*
 * Gives the file of WORD, one of those in WAS, the text AFTER, unless that does more than to take
 * WORD out: other words may have been made of it. Returns 0, -ENOENT when it was not done, or
 * -errno.
 */
static int try_text(struct edits *edits, const struct fs_root *root,
		    const struct bootloader *bootloader, const struct bootcfg *was,
		    const struct cmdline_word *word, const char *after)
{
	auto_bootcfg struct bootcfg is = {0};
	auto_free char *before = NULL;
	int err = edits_text(edits, root, word->file, &before);

	err = err ?: edits_add(edits, root, word->file, after);
	err = err ?: edits_read(edits, root, bootloader, &is);
	if (err || (!is.unclear.file && is_only_that_gone(&was->words, &is.words, word->text)))
		return err;
	return edits_add(edits, root, word->file, before) ?: -ENOENT;
}

/* Takes one word of NOW out. Returns 0; -ENOENT, having said so, when it stays; -errno. */
static int remove_word(struct edits *edits, const struct fs_root *root,
		       const struct bootloader *bootloader, const struct bootcfg *now,
		       const struct cmdline_word *word)
{
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	int err;

	if (has_other_parts(word->text)) {
		log_warning(_("take it out by hand: %s says more than that (nano +%u /%s)"),
			    word->text, word->line, word->file);
		return -ENOENT;
	}
	err = edits_text(edits, root, word->file, &before);
	if (!err && !before)
		err = -ENOENT;
	err = err ?: byhand_remove_word(before, word->line, word->text, &after);
	err = err ?: try_text(edits, root, bootloader, now, word, after);
	if (err == -ENOENT)
		log_warning(_("take it out by hand: %s is not written plainly (nano +%u /%s)"),
			    word->text, word->line, word->file);
	return err;
}

/* Takes out the words that can be; each time the configuration is read again, which says where the
 * next one is now. */
static int remove_words(struct edits *edits, const struct fs_root *root,
			const struct bootloader *bootloader)
{
	for (size_t i = 0;;) {
		auto_bootcfg struct bootcfg now = {0};
		int err = edits_read(edits, root, bootloader, &now);

		if (!err && now.unclear.file)
			log_warning(_("/%s:%u: %s: words that were set by hand cannot be told from "
				      "this text, and stay"),
				    now.unclear.file, now.unclear.line, now.unclear.what);
		while (i < now.words.n && !byhand_is_word(now.words.items[i].text))
			i++;
		if (err || i >= now.words.n)
			return err;
		err = remove_word(edits, root, bootloader, &now, &now.words.items[i]);
		if (err == -ENOENT)
			i++;
		else if (err)
			return err;
	}
}

static int remove_module(struct edits *edits, const struct fs_root *root,
			 const struct bootcfg_line *line)
{
	auto_free char *before = NULL;
	auto_free char *after = NULL;
	int err = edits_text(edits, root, line->file, &before);

	if (err || !before)
		return err;
	after = byhand_remove_line(before, line->line);
	return after ? edits_add(edits, root, line->file, after) : -ENOMEM;
}

/* The word of a line of modprobe.d that sets OPTION; its length in *RET_LEN. NULL: none does. */
static const char *option_word(const char *line, const char *option, size_t *ret_len)
{
	size_t len = strlen(option);

	for (; *line; line += *ret_len) {
		line += strspn(line, " \t");
		*ret_len = strcspn(line, " \t");
		if (!strncmp(line, option, len) && (*ret_len == len || line[len] == '='))
			return line;
	}
	return NULL;
}

/* TEXT without the word of its line LINE that sets OPTION, and without that line when it sets
 * nothing else. Returns 0 with a new string; -ENOENT when the word is not on that line; -ENOMEM. */
static int without_option(const char *text, const struct bootcfg_line *line, const char *option,
			  char **ret)
{
	size_t len = 0, n = 0;
	const char *at = option_word(line->text, option, &len);
	auto_free char *word = at ? strndup(at, len) : NULL;
	auto_free char *shorter = NULL;
	int err = at && word ? byhand_remove_word(text, line->line, word, &shorter) : -ENOENT;

	if (err)
		return err;
	for (at = line->text; (at = cmdline_next(at, &len)); at += len)
		n++;
	/* "options", the module, and that one. */
	*ret = n == 3 ? byhand_remove_line(text, line->line) : TAKE_PTR(shorter);
	return *ret ? 0 : -ENOMEM;
}

/* Takes an option out of the lines that set it, the last one first, until none does. */
static int remove_option(struct edits *edits, const struct fs_root *root,
			 const struct bootloader *bootloader, const char *module,
			 const char *option)
{
	for (;;) {
		auto_bootcfg struct bootcfg now = {0};
		auto_free char *before = NULL, *after = NULL;
		const struct bootcfg_line *line;
		int err = edits_read(edits, root, bootloader, &now);

		line = err ? NULL : bootcfg_option(&now, module, option);
		if (!line)
			return err;
		err = edits_text(edits, root, line->file, &before);
		if (!err && before)
			err = without_option(before, line, option, &after);
		if (err == -ENOENT) {
			log_warning(_("take it out by hand: %s (nano +%u /%s)"), line->text,
				    line->line, line->file);
			return 0;
		}
		if (err || !before)
			return err;
		err = edits_add(edits, root, line->file, after);
		if (err)
			return err;
	}
}

int byhand_remove(struct edits *edits, const struct fs_root *root,
		  const struct bootloader *bootloader, const struct bootcfg *bootcfg)
{
	int err = remove_words(edits, root, bootloader);

	/* From the last to the first: a line's number counts those before it. */
	for (size_t i = bootcfg->modules.n; i-- && !err;)
		if (byhand_is_module(bootcfg->modules.items[i].text))
			err = remove_module(edits, root, &bootcfg->modules.items[i]);
	for (size_t i = 0; i < ARRAY_SIZE(options) && !err; i++)
		err = remove_option(edits, root, bootloader, options[i].module, options[i].option);
	return err;
}
