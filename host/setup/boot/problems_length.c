// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/problems_length.h"
#include "host/setup/conf/kernelinfo.h"

#include <string.h>

int length_before(const struct fs_root *root, const struct conf_items *words, size_t *ret)
{
	auto_conf_items struct conf_items running = {0};
	int err = kernelinfo_cmdline(root, &running);

	if (err)
		return err;
	*ret = 0;
	for (size_t i = 0; i < running.n; i++) {
		const char *word = running.items[i].text;
		auto_free char *name = strndup(word, strcspn(word, "="));

		if (!name)
			return -ENOMEM;
		if (cmdline_is_loaders(word) && !cmdline_last(words, name))
			*ret += strlen(word) + 1;
	}
	return 0;
}

/* The longest word that the administrator may do without; NULL: there is none. */
static const struct conf_item *find_longest(const struct conf_items *words)
{
	const struct conf_item *longest = NULL;

	for (size_t i = 0; i < words->n; i++)
		if (!cmdline_is_loaders(words->items[i].text) &&
		    (!longest || strlen(words->items[i].text) > strlen(longest->text)))
			longest = &words->items[i];
	return longest;
}

int problems_find_in_length(const struct fs_root *root, const struct conf_items *words,
			    const char *where, const char *setters, struct problems *problems)
{
	const struct conf_item *longest = find_longest(words);
	auto_free char *place = NULL;
	size_t before, length, kept;
	int err = length_before(root, words, &before);

	if (err)
		return err;
	kept = cmdline_kept(words, before, &length);
	if (kept == words->n || !longest)
		return 0;
	place = longest->file ? fs_path("/%s:%u", longest->file, longest->line) : strdup(setters);
	if (!place)
		return -ENOMEM;
	return problems_add(
		problems, "words-lost", PROBLEM_ENABLE,
		fs_path(_("%s: the kernel command line comes to %zu bytes, of which Linux keeps "
			  "%zu: '%.60s' and what follows would not reach the kernel"),
			where, length, CMDLINE_KEPT, words->items[kept].text),
		fs_path(_("remove %zu or more bytes of words that this host does not need; the "
			  "longest, '%.60s' (%zu bytes), is in %s"),
			length - CMDLINE_KEPT, longest->text, strlen(longest->text), place));
}

int problems_find_in_configured_length(const struct fs_root *root,
				       const struct bootloader *bootloader,
				       const struct bootcfg *bootcfg, struct problems *problems)
{
	const char *file = bootloader_config_file(bootloader->kind);
	auto_free char *where = file ? fs_path("/%s", file) : NULL;

	/* Another loader's are those of the running kernel, which has kept them. */
	if (!file || bootcfg->missing)
		return 0;
	return where ? problems_find_in_length(root, &bootcfg->words, where, where, problems)
		     : -ENOMEM;
}

static int check_entry(const struct fs_root *root, const struct bootplace *place,
		       const struct conf_items *words, char **ret_why)
{
	size_t before, length;
	int err = length_before(root, words, &before);

	if (err || cmdline_kept(words, before, &length) == words->n)
		return err;
	*ret_why = fs_path(
		_("%s has an entry whose kernel command line comes to %zu bytes, of which "
		  "Linux keeps %zu"),
		place->name, length, CMDLINE_KEPT);
	return *ret_why ? -ENODATA : -ENOMEM;
}

int length_check_entries(const struct fs_root *root, const struct bootplaces *places,
			 char **ret_why)
{
	int err = 0;

	for (size_t i = 0; i < places->n && !err; i++)
		for (size_t k = 0; k < places->items[i].n && !err; k++)
			err = check_entry(root, &places->items[i], &places->items[i].entries[k],
					  ret_why);
	return err;
}
