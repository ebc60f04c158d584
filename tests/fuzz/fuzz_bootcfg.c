// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The files that say what happens at the next boot (host/setup/boot/bootcfg.h, modconf.h), and
 * taking out of them what was set by hand (byhand.h). The input holds four files, divided by bytes
 * \x01: etc/default/grub, etc/default/grub.d/b.cfg, etc/modules and etc/modprobe.d/c.conf.
 */
#include "fuzz.h"

#include <string.h>

#include "host/setup/boot/bootcfg.h"
#include "host/setup/boot/byhand.h"

#define SEPARATOR '\x01'

enum { GRUB, DROPIN, MODULES, MODPROBE, FILES };

static const char *const paths[FILES] = {
	[GRUB] = "etc/default/grub",
	[DROPIN] = "etc/default/grub.d/b.cfg",
	[MODULES] = "etc/modules",
	[MODPROBE] = "etc/modprobe.d/c.conf",
};

static const struct bootloader bootloader = {.kind = BOOTLOADER_GRUB};

static unsigned int lines_of(const char *file, char *const *texts)
{
	for (size_t i = 0; i < FILES; i++)
		if (!strcmp(paths[i], file))
			return fuzz_count_lines(texts[i], strlen(texts[i]));
	return 0;
}

static void check_lines(const struct conf_items *lines, char *const *texts)
{
	for (size_t i = 0; i < lines->n; i++) {
		fuzz_require(lines->items[i].line >= 1);
		fuzz_require(lines->items[i].line <= lines_of(lines->items[i].file, texts));
	}
}

static void check_places(const struct bootcfg *boot, char *const *texts)
{
	check_lines(&boot->words, texts);
	check_lines(&boot->modules, texts);
	check_lines(&boot->contradictions, texts);
	check_lines(&boot->options, texts);
}

/* All other words are as they were, in their order. */
static void check_words_left(const struct conf_items *before, const struct conf_items *after)
{
	size_t at = 0;

	for (size_t i = 0; i < before->n; i++) {
		const char *word = before->items[i].text;

		if (at < after->n && !strcmp(after->items[at].text, word))
			at++;
		else
			fuzz_require(byhand_is_word(word));
	}
	fuzz_require(at == after->n);
}

static void check_modules_left(const struct conf_items *before, const struct conf_items *after)
{
	size_t at = 0;

	for (size_t i = 0; i < before->n; i++) {
		if (byhand_is_module(before->items[i].text))
			continue;
		fuzz_require(at < after->n);
		fuzz_require(!strcmp(after->items[at++].text, before->items[i].text));
	}
	fuzz_require(at == after->n);
}

/* What was set by hand goes, and nothing else; a second time changes nothing. */
static void check_byhand(const struct bootcfg *boot)
{
	auto_edits struct edits edits = {.root = fuzz_root()};
	auto_bootcfg struct bootcfg left = {0};
	char *texts[FILES];

	fuzz_require(!byhand_remove(&edits, &bootloader, boot));
	fuzz_require(!bootcfg_read(&edits, &bootloader, &left));
	fuzz_require(!left.unclear.file);
	check_words_left(&boot->words, &left.words);
	check_modules_left(&boot->modules, &left.modules);
	for (size_t i = 0; i < FILES; i++)
		fuzz_require(!edits_text(&edits, paths[i], &texts[i]));
	fuzz_require(!byhand_remove(&edits, &bootloader, &left));
	for (size_t i = 0; i < FILES; i++) {
		auto_free char *again = NULL;

		fuzz_require(!edits_text(&edits, paths[i], &again));
		fuzz_require(same_text(again, texts[i]));
		free(texts[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *texts[FILES];
	const struct edits none = {.root = fuzz_root()};
	auto_bootcfg struct bootcfg boot = {0};

	for (size_t i = 0; i < FILES; i++) {
		texts[i] = fuzz_part(&data, &size, SEPARATOR);
		fuzz_write_file(paths[i], texts[i], strlen(texts[i]));
	}
	fuzz_require(!bootcfg_read(&none, &bootloader, &boot));
	check_places(&boot, texts);
	if (!boot.unclear.file)
		check_byhand(&boot);
	for (size_t i = 0; i < FILES; i++)
		free(texts[i]);
	return 0;
}
