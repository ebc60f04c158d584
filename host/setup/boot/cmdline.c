// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/cmdline.h"
#include "host/base/strbuf.h"

#include <string.h>

/* Parameters whose values are lists, each occurrence of which adds to what was said before. */
static const char *const list_names[] = {"intel_iommu", "amd_iommu", "iommu", "pci",
					 "pcie_acs_override"};

static bool is_blank(char c)
{
	return c && strchr(" \t\n\v\f\r", c);
}

/* How long the word at TEXT is: up to a space that no quotes protect. */
static size_t word_length(const char *text)
{
	bool quoted = false;
	size_t len;

	for (len = 0; text[len] && (quoted || !is_blank(text[len])); len++)
		if (text[len] == '"')
			quoted = !quoted;
	return len;
}

const char *cmdline_next(const char *text, size_t *ret_len)
{
	while (is_blank(*text))
		text++;
	if (!*text)
		return NULL;
	*ret_len = word_length(text);
	return text;
}

static unsigned int count_lines(const char *text, size_t len)
{
	unsigned int n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

int cmdline_add(struct cmdline *cmdline, const char *text, size_t len, const char *file,
		unsigned int line)
{
	struct cmdline_word word = {.text = strndup(text, len), .line = line};

	if (file)
		word.file = strdup(file);
	if (!word.text || (file && !word.file) || !array_grow(cmdline->items, cmdline->n)) {
		free(word.text);
		free(word.file);
		return -ENOMEM;
	}
	cmdline->items[cmdline->n++] = word;
	return 0;
}

int cmdline_split(struct cmdline *cmdline, const char *text, const char *file)
{
	const char *from = text, *at;
	unsigned int line = 1;
	size_t len;
	int err;

	for (; (at = cmdline_next(from, &len)); from = at + len) {
		line += count_lines(from, (size_t)(at - from));
		err = cmdline_add(cmdline, at, len, file, line);
		if (err)
			return err;
		line += count_lines(at, len);
	}
	return 0;
}

void cmdline_free(struct cmdline *cmdline)
{
	for (size_t i = 0; i < cmdline->n; i++) {
		free(cmdline->items[i].text);
		free(cmdline->items[i].file);
	}
	free(cmdline->items);
	*cmdline = (struct cmdline){0};
}

char *cmdline_join(const struct cmdline *cmdline)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < cmdline->n; i++)
		strbuf_add(&text, "%s%s", i ? " " : "", cmdline->items[i].text);
	return strbuf_take(&text);
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
static size_t kernel_words(const struct cmdline *cmdline)
{
	size_t n;

	for (n = 0; n < cmdline->n; n++)
		if (!strcmp(cmdline->items[n].text, "--"))
			break;
	return n;
}

const struct cmdline_word *cmdline_last(const struct cmdline *cmdline, const char *name)
{
	for (size_t i = kernel_words(cmdline); i--;)
		if (cmdline_value(cmdline->items[i].text, name))
			return &cmdline->items[i];
	return NULL;
}

/* Whether two words say the same: names alike but for '-' and '_', the rest byte for byte. */
static bool words_equal(const char *a, const char *b)
{
	for (; *a && *a != '='; a++, b++)
		if (folded(*a) != folded(*b))
			return false;
	return !strcmp(a, b);
}

const struct cmdline_word *cmdline_find(const struct cmdline *cmdline, const char *word)
{
	for (size_t i = 0, n = kernel_words(cmdline); i < n; i++)
		if (words_equal(word, cmdline->items[i].text))
			return &cmdline->items[i];
	return NULL;
}

static const char *list_name(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_names); i++)
		if (cmdline_value(word, list_names[i]))
			return list_names[i];
	return NULL;
}

static const struct cmdline_word *find_part(const struct cmdline *cmdline, const char *name,
					    const char *part)
{
	for (size_t i = 0, n = kernel_words(cmdline); i < n; i++) {
		const char *value = cmdline_value(cmdline->items[i].text, name);

		if (value && cmdline_value_has(value, part))
			return &cmdline->items[i];
	}
	return NULL;
}

bool cmdline_covers(const struct cmdline *cmdline, const char *word,
		    const struct cmdline_word **ret)
{
	const char *name = list_name(word);
	const struct cmdline_word *found = NULL;
	auto_free char *parts = NULL;
	char *rest, *part;

	if (!name) {
		found = cmdline_find(cmdline, word);
	} else {
		parts = strdup(cmdline_value(word, name));
		rest = parts;
		while (rest && (part = strsep(&rest, ","))) {
			found = find_part(cmdline, name, part);
			if (!found)
				break;
		}
	}
	if (found && ret)
		*ret = found;
	return found;
}

int cmdline_subtract(const struct cmdline *one, const struct cmdline *other, struct cmdline *ret)
{
	int err = 0;

	for (size_t i = 0; i < one->n && !err; i++) {
		const struct cmdline_word *word = &one->items[i];

		if (!cmdline_find(other, word->text))
			err = cmdline_add(ret, word->text, strlen(word->text), word->file,
					  word->line);
	}
	return err;
}

char *cmdline_append(const char *text, const char *const *words, size_t n)
{
	auto_strbuf struct strbuf longer = {0};
	size_t end = strlen(text);

	while (end && is_blank(text[end - 1]))
		end--;
	strbuf_add_bytes(&longer, text, end);
	for (size_t i = 0; i < n; i++)
		strbuf_add(&longer, "%s%s", longer.len ? " " : "", words[i]);
	strbuf_add(&longer, "%s", text + end);
	return strbuf_take(&longer);
}

/* Where the last word that is WORD begins in TEXT, quotes minded; NULL when there is none. */
static char *last_word_at(char *text, const char *word)
{
	size_t want = strlen(word);
	const char *at, *found = NULL;
	size_t len;

	for (at = text; (at = cmdline_next(at, &len)); at += len)
		if (len == want && !strncmp(at, word, len))
			found = at;
	return found ? text + (found - text) : NULL;
}

/* Closes the gap of LEN bytes at AT, and that of the one space which parted them from the rest. */
static void cut_out(char *text, char *at, size_t len)
{
	char *end = at + len;

	if (at > text && is_blank(at[-1]))
		at--;
	else if (*end == ' ' || *end == '\t')
		end++;
	memmove(at, end, strlen(end) + 1);
}

/* Whether WORDS stand at AT side by side with one space between them; *RET_LEN is their length. */
static bool run_stands_at(const char *at, const char *const *words, size_t n, size_t *ret_len)
{
	const char *from = at;

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(words[i]);

		if (i && *at++ != ' ')
			return false;
		if (word_length(at) != len || strncmp(at, words[i], len))
			return false;
		at += len;
	}
	*ret_len = (size_t)(at - from);
	return true;
}

/* The last place where WORDS stand side by side. */
static char *last_run_at(char *text, const char *const *words, size_t n, size_t *ret_len)
{
	const char *at, *found = NULL;
	size_t len, run;

	for (at = text; (at = cmdline_next(at, &len)); at += len) {
		if (!run_stands_at(at, words, n, &run))
			continue;
		found = at;
		*ret_len = run;
	}
	return found ? text + (found - text) : NULL;
}

char *cmdline_remove(const char *text, const char *const *words, size_t n)
{
	char *shorter = strdup(text);
	size_t len = 0;
	char *at;

	if (!shorter || !n)
		return shorter;
	at = last_run_at(shorter, words, n, &len);
	if (at) {
		cut_out(shorter, at, len);
		return shorter;
	}
	for (size_t i = 0; i < n; i++) {
		at = last_word_at(shorter, words[i]);
		if (at)
			cut_out(shorter, at, strlen(words[i]));
	}
	return shorter;
}
