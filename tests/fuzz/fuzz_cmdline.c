// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel command lines, and the edits of etc/kernel/cmdline (host/setup/conf/cmdline.h, dropins.h).
 */
#include "fuzz.h"

#include <string.h>

#include "host/setup/boot/problems_files.h"

static const char *const wanted[] = {"intel_iommu=on", "iommu=pt", "pci=realloc=off"};

/* Splitting finds every byte that is not a space, in order, with its line. */
static void check_split(const struct conf_items *words, const char *text)
{
	const char *at = text;
	unsigned int line = 1;

	for (size_t i = 0; i < words->n; i++) {
		size_t spaces = strspn(at, " \t\n\v\f\r");

		line += fuzz_count_lines(at, spaces) - 1;
		at += spaces;
		fuzz_require(words->items[i].line == line);
		fuzz_require(!strncmp(at, words->items[i].text, strlen(words->items[i].text)));
		line += fuzz_count_lines(at, strlen(words->items[i].text)) - 1;
		at += strlen(words->items[i].text);
	}
	fuzz_require(!at[strspn(at, " \t\n\v\f\r")]);
}

static void check_join(const struct conf_items *words)
{
	auto_free char *joined = cmdline_join(words);
	auto_conf_items struct conf_items again = {0};

	fuzz_require(joined && !cmdline_split(&again, joined, NULL) && again.n == words->n);
	for (size_t i = 0; i < words->n; i++)
		fuzz_require(!strcmp(again.items[i].text, words->items[i].text));
}

/* What enable puts in is there, and disable takes it out again to the byte. */
static void check_edit(const char *text)
{
	auto_free char *longer = cmdline_append(text, wanted, ARRAY_SIZE(wanted));
	auto_free char *shorter = NULL;
	auto_conf_items struct conf_items words = {0};

	fuzz_require(longer);
	shorter = cmdline_remove(longer, wanted, ARRAY_SIZE(wanted));
	fuzz_require(same_text(shorter, text));
	fuzz_require(!cmdline_split(&words, longer, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		fuzz_require(cmdline_find(&words, wanted[i]));
		fuzz_require(cmdline_covers(&words, wanted[i], NULL));
	}
	fuzz_require(!problems_cmdline_trouble(longer, &words, true));
}

/* Removing words leaves the others alone, each of them and their order. */
static void check_remove(const struct conf_items *words, const char *text)
{
	const char *const one[] = {words->n ? words->items[0].text : "none"};
	auto_free char *shorter = cmdline_remove(text, one, 1);
	auto_conf_items struct conf_items left = {0};

	fuzz_require(shorter && !cmdline_split(&left, shorter, NULL));
	fuzz_require(left.n + (words->n > 0) == words->n);
}

static void check_questions(const struct conf_items *words)
{
	const struct conf_item *last = cmdline_last(words, "iommu");

	fuzz_require(!last || cmdline_value(last->text, "iommu"));
	for (size_t i = 0; i < words->n && strcmp(words->items[i].text, "--"); i++) {
		const char *word = words->items[i].text;

		/* Not for a list: its value may be empty, or in quotes. */
		fuzz_require(cmdline_find(words, word));
		fuzz_require(!cmdline_value(word, "iommu") || last);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = fuzz_string(data, size);
	auto_conf_items struct conf_items words = {0};

	fuzz_require(!cmdline_split(&words, text, "file"));
	check_split(&words, text);
	check_join(&words);
	check_questions(&words);
	check_remove(&words, text);
	if (!problems_cmdline_trouble(text, &words, true))
		check_edit(text);
	return 0;
}
