// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/loader/bootlist.h"

#include <stdio.h>
#include <string.h>

#include "host/base/facts.h"
#include "host/text/strbuf.h"

#define KEY "boot-places"

/* "place FREE ERROR NAME", and for each entry "image PATH" and "entry WORDS". */
static void note(const struct bootplaces *places)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; facts_are_noted() && i < places->n; i++) {
		const struct bootplace *place = &places->items[i];

		strbuf_add(&text, "place %llu %d %s\n", (unsigned long long)place->free,
			   -place->err, place->name);
		for (size_t k = 0; k < place->n; k++) {
			auto_free char *words = cmdline_join(&place->entries[k]);

			strbuf_add(&text, "image %s\nentry %s\n",
				   place->images[k] ? place->images[k] : "", words ? words : "");
		}
	}
	if (facts_are_noted() && !text.failed)
		facts_note(KEY, "%s", text.text ? text.text : "");
}

static int take_place(const char *line, struct bootplaces *ret)
{
	unsigned long long space = 0;
	int error = 0, at = 0;
	char *name;

	if (sscanf(line, "%llu %d %n", &space, &error, &at) != 2)
		return -EBADMSG;
	name = strdup(line + at);
	if (!name || !array_grow(ret->items, ret->n)) {
		free(name);
		return -ENOMEM;
	}
	ret->items[ret->n++] = (struct bootplace){.name = name, .free = space, .err = -error};
	return 0;
}

static int take_entry(const char *words, const char *image, struct bootplace *place)
{
	auto_free char *path = image && *image ? strdup(image) : NULL;

	if ((image && *image && !path) || !array_grow(place->entries, place->n) ||
	    !array_grow(place->images, place->n))
		return -ENOMEM;
	place->entries[place->n] = (struct conf_items){0};
	place->images[place->n] = TAKE_PTR(path);
	return cmdline_split(&place->entries[place->n++], words, NULL);
}

static int take_noted(const struct fs_root *root, struct bootplaces *ret)
{
	auto_free char *text = NULL;
	const char *image = NULL;
	char *rest, *line;
	int err = facts_get(root, KEY, &text);

	rest = text;
	while (!err && (line = strsep(&rest, "\n"))) {
		const char *place = after_prefix(line, "place ");
		const char *words = after_prefix(line, "entry ");

		if (place)
			err = take_place(place, ret);
		else if (words && ret->n)
			err = take_entry(words, image, &ret->items[ret->n - 1]);
		image = after_prefix(line, "image ");
	}
	return err;
}

int bootlist_read(const struct fs_root *root, const struct bootloader *bootloader,
		  struct bootplaces *ret)
{
	auto_bootplaces struct bootplaces places = {.every = bootloader->kind == BOOTLOADER_GRUB};
	int err;

	if (!fs_root_is_capture(root)) {
		err = bootplaces_read(root, bootloader, ret);
		if (!err)
			note(ret);
		return err;
	}
	err = take_noted(root, &places);
	if (err && err != -ENODATA)
		return err;
	*ret = places;
	places = (struct bootplaces){0};
	return 0;
}
