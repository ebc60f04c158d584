// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of GRUB's settings (host/setup/conf/grubcfg.h). */
#include "fuzz.h"

#include <string.h>

#include "host/setup/conf/grubcfg.h"

#define FILE_NAME "etc/default/grub"
#define DROPIN	  "etc/default/grub.d/zz.cfg"

static void evaluate(const char *text, const char *dropin, struct grubcfg *ret)
{
	const struct grubcfg_source sources[] = {{FILE_NAME, text}, {DROPIN, dropin}};

	fuzz_require(!grubcfg_evaluate(sources, dropin ? 2 : 1, ret));
}

static void check_words(const struct conf_items *words, unsigned int lines)
{
	for (size_t i = 0; i < words->n; i++) {
		const struct conf_item *word = &words->items[i];

		fuzz_require(*word->text && !strcmp(word->file, FILE_NAME));
		fuzz_require(word->line >= 1 && word->line <= lines);
		fuzz_require(!strchr(word->text, '\n'));
	}
}

static bool has_open_quote(const struct conf_items *words)
{
	bool open = false;

	for (size_t i = 0; i < words->n; i++)
		for (const char *c = words->items[i].text; *c; c++)
			open = open != (*c == '"');
	return open;
}

static void check_begins(const struct conf_items *words, const struct conf_items *with)
{
	fuzz_require(words->n <= with->n);
	for (size_t i = 0; i < words->n; i++) {
		fuzz_require(!strcmp(words->items[i].text, with->items[i].text));
	}
}

/* What `host-setup enable` does: a drop-in after all others adds its words and changes nothing. */
static void check_dropin(const char *text, const struct grubcfg *alone)
{
	auto_grubcfg struct grubcfg with = {0};
	const struct conf_item *last;

	if (has_open_quote(&alone->words))
		return;
	evaluate(text, "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT new=1 new2\"\n",
		 &with);
	fuzz_require(!with.unclear.file);
	check_begins(&alone->words, &with.words);
	fuzz_require(with.words.n == alone->words.n + 2);
	last = &with.words.items[with.words.n - 1];
	fuzz_require(!strcmp(last->text, "new2") && !strcmp(last->file, DROPIN) && last->line == 1);
}

/* The values, written as plain assignments, are the same words. */
static void check_written(const struct grubcfg *grub)
{
	auto_free char *joined = cmdline_join(&grub->words);
	auto_grubcfg struct grubcfg again = {0};
	auto_free char *text = NULL;

	if (!joined || strchr(joined, '\''))
		return;
	text = fs_path("GRUB_CMDLINE_LINUX_DEFAULT='%s'", joined);
	evaluate(text, NULL, &again);
	fuzz_require(!again.unclear.file && again.words.n == grub->words.n);
	for (size_t i = 0; i < again.words.n; i++)
		fuzz_require(!strcmp(again.words.items[i].text, grub->words.items[i].text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = fuzz_string(data, size);
	unsigned int lines = fuzz_count_lines(text, strlen(text));
	auto_grubcfg struct grubcfg grub = {0};

	evaluate(text, NULL, &grub);
	check_words(&grub.words, lines);
	if (grub.unclear.file) {
		fuzz_require(!grub.words.n && !strcmp(grub.unclear.file, FILE_NAME));
		fuzz_require(grub.unclear.line >= 1 && grub.unclear.line <= lines);
		fuzz_require(*grub.unclear.what);
	} else {
		check_dropin(text, &grub);
		check_written(&grub);
	}
	return 0;
}
