// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/capture/entries.h"

#include <string.h>

#include "host/text/mac.h"

/* Where PATH is, or would be, in a table of a size that is a power of two. */
static size_t place_of(const struct entries *entries, const char *path)
{
	size_t mask = entries->n_places - 1, at = (size_t)mac_fnv1a(path) & mask;

	while (entries->places[at] &&
	       strcmp(entries->items[entries->places[at] - 1].path, path) != 0)
		at = (at + 1) & mask;
	return at;
}

struct entry *entries_find(const struct entries *entries, const char *path)
{
	size_t index = entries->n_places ? entries->places[place_of(entries, path)] : 0;

	return index ? &entries->items[index - 1] : NULL;
}

/* Half of the places at least stay empty. */
static bool grow(struct entries *entries)
{
	struct entries bigger = *entries;

	if (entries->n * 2 < entries->n_places)
		return true;
	bigger.n_places = entries->n_places ? entries->n_places * 2 : 1024;
	bigger.places = calloc(bigger.n_places, sizeof(*bigger.places));
	if (!bigger.places)
		return false;
	for (size_t i = 0; entries->items && i < entries->n; i++)
		bigger.places[place_of(&bigger, entries->items[i].path)] = i + 1;
	free(entries->places);
	*entries = bigger;
	return true;
}

struct entry *entries_add(struct entries *entries, const char *path, enum entry_type type)
{
	struct entry *entry = entries_find(entries, path);
	char *copy;

	if (entry)
		return entry;
	copy = strdup(path);
	if (!copy || !grow(entries) || !array_grow(entries->items, entries->n)) {
		free(copy);
		return NULL;
	}
	entries->places[place_of(entries, path)] = entries->n + 1;
	entry = &entries->items[entries->n++];
	*entry = (struct entry){.path = copy, .type = type};
	return entry;
}

static int compare(const void *a, const void *b)
{
	const struct entry *first = a, *second = b;

	return strcmp(first->path, second->path);
}

void entries_sort(struct entries *entries)
{
	if (entries->n)
		qsort(entries->items, entries->n, sizeof(*entries->items), compare);
	free(TAKE_PTR(entries->places));
	entries->n_places = 0;
}

void entries_free(struct entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		free(entries->items[i].path);
		free(entries->items[i].bytes);
	}
	free(entries->items);
	free(entries->places);
	*entries = (struct entries){0};
}
