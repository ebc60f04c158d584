// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/conf/cmdline.h"
#include "host/text/strbuf.h"

#include <string.h>

/* Parameters whose values are lists, and of which each occurrence adds to those before. */
static const char *const list_names[] = {
	"intel_iommu",	      "amd_iommu",	   "iommu", "pci", "pcie_acs_override",
	"initcall_blacklist", "modprobe.blacklist"};

static bool is_space(char c)
{
	return c && strchr(" \t\n\v\f\r", c);
}

/* The length of the word at TEXT: up to a space outside quotes. */
static size_t word_length(const char *text)
{
	bool quoted = false;
	size_t len;

	for (len = 0; text[len] && (quoted || !is_space(text[len])); len++)
		quoted = quoted != (text[len] == '"');
	return len;
}

const char *cmdline_next(const char *text, size_t *ret_len)
{
	while (is_space(*text))
		text++;
	*ret_len = word_length(text);
	return *text ? text : NULL;
}

int conf_items_add(struct conf_items *list, const char *text, const char *file, unsigned int line)
{
	struct conf_item item = {.text = text ? strdup(text) : NULL, .line = line};

	if (file)
		item.file = strdup(file);
	if (!item.text || (file && !item.file) || !array_grow(list->items, list->n)) {
		free(item.text);
		free(item.file);
		return -ENOMEM;
	}
	list->items[list->n++] = item;
	return 0;
}

int cmdline_split(struct conf_items *cmdline, const char *text, const char *file)
{
	const char *counted = text;
	unsigned int line = 1;
	size_t len;
	int err = 0;

	for (const char *at = text; !err && (at = cmdline_next(at, &len)); at += len) {
		auto_free char *word = strndup(at, len);

		for (; counted < at; counted++)
			line += *counted == '\n';
		err = conf_items_add(cmdline, word, file, line);
	}
	return err;
}

void conf_items_free(struct conf_items *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].text);
		free(list->items[i].file);
	}
	free(list->items);
	*list = (struct conf_items){0};
}

char *cmdline_join(const struct conf_items *cmdline)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < cmdline->n; i++)
		strbuf_add(&text, "%s%s", i ? " " : "", cmdline->items[i].text);
	return strbuf_take(&text);
}

size_t cmdline_kept(const struct conf_items *cmdline, size_t before, size_t *ret_length)
{
	size_t kept = 0;

	*ret_length = before;
	for (size_t i = 0; i < cmdline->n; i++) {
		*ret_length += (i != 0) + strlen(cmdline->items[i].text);
		if (*ret_length <= CMDLINE_KEPT)
			kept = i + 1;
	}
	return kept;
}

bool cmdline_is_loaders(const char *word)
{
	static const char *const names[] = {"BOOT_IMAGE", "root", "initrd", "ro", "rw", "boot"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (cmdline_value(word, names[i]))
			return true;
	return false;
}

static char folded(char c)
{
	return c == '-' ? '_' : c;
}

const char *cmdline_value(const char *word, const char *name)
{
	if (*word == '"')
		word++;
	for (; *name; name++, word++)
		if (folded(*word) != folded(*name))
			return NULL;
	if (*word == '=')
		return word[1] == '"' ? word + 2 : word + 1;
	return !*word || !strcmp(word, "\"") ? "" : NULL;
}

bool cmdline_value_has(const char *value, const char *item)
{
	size_t len = strlen(item);

	while (*value) {
		size_t part = strcspn(value, ",\"");

		if (part == len && !strncmp(value, item, len))
			return true;
		value += part;
		value += *value != '\0';
	}
	return false;
}

/* How many words are the kernel's. */
static size_t kernel_words(const struct conf_items *cmdline)
{
	size_t n;

	for (n = 0; n < cmdline->n; n++)
		if (!strcmp(cmdline->items[n].text, "--"))
			break;
	return n;
}

const struct conf_item *cmdline_last(const struct conf_items *cmdline, const char *name)
{
	for (size_t i = kernel_words(cmdline); i--;)
		if (cmdline_value(cmdline->items[i].text, name))
			return &cmdline->items[i];
	return NULL;
}

/* Whether two words are equal: '-' and '_' are the same in their names. */
static bool words_equal(const char *a, const char *b)
{
	for (; *a && *a != '='; a++, b++)
		if (folded(*a) != folded(*b))
			return false;
	return !strcmp(a, b);
}

const struct conf_item *cmdline_find(const struct conf_items *cmdline, const char *word)
{
	for (size_t i = 0, n = kernel_words(cmdline); i < n; i++)
		if (words_equal(word, cmdline->items[i].text))
			return &cmdline->items[i];
	return NULL;
}

/* The first word that sets the list NAME and has PART in it. */
static const struct conf_item *find_part(const struct conf_items *cmdline, const char *name,
					 const char *part)
{
	for (size_t i = 0, n = kernel_words(cmdline); i < n; i++) {
		const char *value = cmdline_value(cmdline->items[i].text, name);

		if (value && cmdline_value_has(value, part))
			return &cmdline->items[i];
	}
	return NULL;
}

bool cmdline_covers(const struct conf_items *cmdline, const char *word,
		    const struct conf_item **ret)
{
	const struct conf_item *found = NULL;
	auto_free char *parts = NULL;
	const char *value = NULL;
	char *rest, *part;
	size_t i = 0;

	while (i < ARRAY_SIZE(list_names) && !(value = cmdline_value(word, list_names[i])))
		i++;
	if (!value)
		found = cmdline_find(cmdline, word);
	rest = parts = value ? strdup(value) : NULL;
	while ((part = strsep(&rest, ",")) && (found = find_part(cmdline, list_names[i], part)))
		;
	if (found && ret)
		*ret = found;
	return found;
}

bool cmdline_adds_up(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_names); i++)
		if (cmdline_value(name, list_names[i]))
			return true;
	return false;
}

int cmdline_subtract(const struct conf_items *one, const struct conf_items *other,
		     struct conf_items *ret)
{
	int err = 0;

	for (size_t i = 0; i < one->n && !err; i++) {
		const struct conf_item *word = &one->items[i];

		if (!cmdline_find(other, word->text))
			err = conf_items_add(ret, word->text, word->file, word->line);
	}
	return err;
}

char *cmdline_append(const char *text, const char *const *words, size_t n)
{
	auto_strbuf struct strbuf longer = {0};
	size_t end = strlen(text);

	while (end && is_space(text[end - 1]))
		end--;
	strbuf_add_bytes(&longer, text, end);
	for (size_t i = 0; i < n; i++)
		strbuf_add(&longer, "%s%s", longer.len ? " " : "", words[i]);
	strbuf_add(&longer, "%s", text + end);
	return strbuf_take(&longer);
}

/* Removes the LEN bytes at AT, and the one space that separates them from the rest. */
static void cut_out(char *text, char *at, size_t len)
{
	char *end = at + len;

	if (at > text && is_space(at[-1]))
		at--;
	else if (*end == ' ' || *end == '\t')
		end++;
	memmove(at, end, strlen(end) + 1);
}

/* The length of WORDS when they are at AT, side by side with one space between them; else 0. */
static size_t words_length(const char *at, const char *const *words, size_t n)
{
	const char *start = at;

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(words[i]);

		if (i && *at++ != ' ')
			return 0;
		if (word_length(at) != len || strncmp(at, words[i], len))
			return 0;
		at += len;
	}
	return (size_t)(at - start);
}

/* Removes WORDS from the last place where they are side by side. Returns whether there is one. */
static bool remove_words(char *text, const char *const *words, size_t n)
{
	size_t len, found_len = 0;
	char *found = NULL;

	for (const char *at = text; (at = cmdline_next(at, &len)); at += len) {
		size_t all = words_length(at, words, n);

		if (!all)
			continue;
		found = text + (at - text);
		found_len = all;
	}
	if (found)
		cut_out(text, found, found_len);
	return found;
}

char *cmdline_remove(const char *text, const char *const *words, size_t n)
{
	char *shorter = strdup(text);

	if (!shorter || !n || remove_words(shorter, words, n))
		return shorter;
	for (size_t i = 0; i < n; i++)
		(void)remove_words(shorter, &words[i], 1);
	return shorter;
}
