// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/grubmenu.h"

#include <string.h>

#include "host/setup/conf/cmdline.h"
#include "host/setup/loader/entryline.h"

/* Where a line is: pieces of the text. */
struct place {
	struct piece {
		const char *at; /* NULL: in none */
		size_t len;
	} submenu, entry;
	bool foreign; /* in a section that is not that of Linux */
};

/* The title after menuentry or submenu, up to its closing quote. */
static struct piece title_of(const char *after)
{
	char quote[2] = "";

	after += strspn(after, " \t");
	quote[0] = *after;
	if (*quote != '\'' && *quote != '"')
		return (struct piece){after, strcspn(after, " \t{")};
	return (struct piece){after + 1, strcspn(after + 1, quote)};
}

/* Takes notice of what begins or ends with LINE. */
static void follow(struct place *place, const char *line)
{
	const char *submenu = entryline_after(line, "submenu");
	const char *entry = entryline_after(line, "menuentry");

	if (!strncmp(line, "### BEGIN ", 10))
		place->foreign = !strstr(line, "_linux");
	else if (!strncmp(line, "### END ", 8))
		place->foreign = false;
	else if (submenu)
		place->submenu = title_of(submenu);
	else if (entry)
		place->entry = title_of(entry);
	else if (line[strspn(line, " \t")] == '}')
		*(place->entry.at ? &place->entry : &place->submenu) = (struct piece){NULL, 0};
}

/* Whether the line is that of a kernel with none of the words: 1, 0, or -ENOMEM. */
static int lacks_words(const char *line, const struct fs_names *words)
{
	auto_conf_items struct conf_items has = {0};
	const char *image = entryline_image(line);
	int err;

	if (!image)
		return 0;
	err = cmdline_split(&has, image + strcspn(image, " \t"), NULL);
	if (err)
		return err;
	for (size_t i = 0; i < words->n; i++)
		if (cmdline_covers(&has, words->items[i], NULL))
			return 0;
	return 1;
}

int grubmenu_without(const char *text, const struct fs_names *words, char **ret)
{
	auto_free char *copy = strdup(text);
	char *rest = copy, *line;
	struct place place = {0};
	int found = 0;

	if (!copy)
		return -ENOMEM;
	while (!found && (line = strsep(&rest, "\n"))) {
		follow(&place, line);
		if (place.entry.at && !place.foreign)
			found = lacks_words(line, words);
	}
	if (found <= 0)
		return *ret = NULL, found;
	*ret = fs_path("%.*s%s%.*s", (int)place.submenu.len, place.submenu.at ?: "",
		       place.submenu.at ? " > " : "", (int)place.entry.len, place.entry.at);
	return *ret ? 0 : -ENOMEM;
}
