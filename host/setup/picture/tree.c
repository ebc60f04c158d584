// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/picture/tree.h"

#include "host/setup/picture/details.h"
#include "host/setup/picture/html.h"

#include <string.h>

/* Devices beside one another are a list: NEXT of each, -1 at the end. */
struct node {
	ssize_t first_below, next;
	bool drawn;
	bool keeps; /* some of those below are in its group, so that its frame goes around them */
};

struct drawing {
	struct strbuf *page;
	const struct picture *picture;
	struct node *nodes;
	bool *begun; /* of each group: its first frame is drawn */
};

static void draw_list(struct drawing *drawing, ssize_t first, const struct group *around);

/* Those below it, within the frame of its group, AROUND, or outside of any. */
static void draw_below(struct drawing *drawing, size_t i, const struct group *around)
{
	if (drawing->nodes[i].first_below < 0)
		return;
	html_open(drawing->page, "ul", NULL);
	draw_list(drawing, drawing->nodes[i].first_below, around);
	html_close(drawing->page, "ul");
}

static void draw_device(struct drawing *drawing, size_t i, bool with_below)
{
	const struct picture_device *device = &drawing->picture->items[i];

	drawing->nodes[i].drawn = true;
	html_open(drawing->page, "li", details_state(device));
	details_add_device(drawing->page, drawing->picture, device);
	if (with_below)
		draw_below(drawing, i, device->group);
	html_close(drawing->page, "li");
}

/* Where a frame's devices end, those below them begin, which are not of its group. */
static void draw_outside(struct drawing *drawing, const size_t *members, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct device_summary *summary = drawing->picture->items[members[i]].summary;
		const struct node *node = &drawing->nodes[members[i]];
		auto_free char *title = NULL;

		if (node->keeps || node->first_below < 0)
			continue;
		if (n > 1)
			title = fs_path(_("below %s"), bdf_text(&summary->bdf));
		html_element(drawing->page, "p", "k", title);
		draw_below(drawing, members[i], NULL);
	}
}

static void begin_frame(struct drawing *drawing, const struct group *group)
{
	bool *begun = group ? &drawing->begun[group - drawing->picture->groups.items] : NULL;

	html_open(drawing->page, "li", NULL);
	html_open(drawing->page, "div", details_verdict_class(group));
	details_add_group(drawing->page, group, begun && *begun);
	html_open(drawing->page, "ul", NULL);
	if (begun)
		*begun = true;
}

/* All devices of the list from I on that are in its group. */
static void draw_frame(struct drawing *drawing, ssize_t i)
{
	const struct picture_device *items = drawing->picture->items;
	auto_free size_t *members = NULL;
	size_t n = 0;

	begin_frame(drawing, items[i].group);
	for (ssize_t k = i; k >= 0; k = drawing->nodes[k].next) {
		if (items[k].group != items[i].group || drawing->nodes[k].drawn ||
		    (!items[k].group && items[k].summary->bridge))
			continue;
		draw_device(drawing, (size_t)k, drawing->nodes[k].keeps);
		if (array_grow(members, n))
			members[n++] = (size_t)k;
		else
			drawing->page->failed = true;
	}
	html_close(drawing->page, "ul");
	html_close(drawing->page, "div");
	draw_outside(drawing, members, n);
	html_close(drawing->page, "li");
}

/* Without groups, and around a bridge that has none, there is no frame. */
static bool has_frame(const struct drawing *drawing, const struct picture_device *device)
{
	return device->group || (drawing->picture->groups.n && !device->summary->bridge);
}

static void draw_list(struct drawing *drawing, ssize_t first, const struct group *around)
{
	for (ssize_t i = first; i >= 0; i = drawing->nodes[i].next) {
		const struct picture_device *device = &drawing->picture->items[i];

		if (drawing->nodes[i].drawn)
			continue;
		if ((around && device->group == around) || !has_frame(drawing, device))
			draw_device(drawing, (size_t)i, true);
		else
			draw_frame(drawing, i);
	}
}

/* The devices on the root bus of device I, as a list. */
static ssize_t root_list(struct drawing *drawing, size_t i)
{
	const struct picture *picture = drawing->picture;
	ssize_t first = -1;

	for (size_t k = picture->n; k-- > i;) {
		const struct picture_device *device = &picture->items[k];

		if (device->above >= 0 || strcmp(device->complex, picture->items[i].complex))
			continue;
		drawing->nodes[k].next = first;
		first = (ssize_t)k;
	}
	return first;
}

static void draw_complexes(struct drawing *drawing)
{
	const struct picture *picture = drawing->picture;

	for (size_t i = 0; i < picture->n; i++) {
		auto_free char *title = fs_path(_("Root complex %s"), picture->items[i].complex);

		if (picture->items[i].above >= 0 || drawing->nodes[i].drawn)
			continue;
		html_open(drawing->page, "section", NULL);
		html_element(drawing->page, "h2", NULL, title);
		html_open(drawing->page, "ul", "t");
		draw_list(drawing, root_list(drawing, i), NULL);
		html_close(drawing->page, "ul");
		html_close(drawing->page, "section");
		strbuf_add(drawing->page, "\n");
	}
}

static void link_nodes(struct drawing *drawing)
{
	const struct picture_device *items = drawing->picture->items;
	size_t n = drawing->picture->n;

	for (size_t i = 0; i < n; i++)
		drawing->nodes[i] = (struct node){.first_below = -1, .next = -1};
	for (size_t i = n; i--;) {
		ssize_t above = items[i].above;

		if (above >= 0) {
			drawing->nodes[i].next = drawing->nodes[above].first_below;
			drawing->nodes[above].first_below = (ssize_t)i;
		}
		for (; above >= 0; above = items[above].above)
			if (items[i].group && items[above].group == items[i].group)
				drawing->nodes[above].keeps = true;
	}
}

int tree_add(struct strbuf *page, const struct picture *picture)
{
	auto_free struct node *nodes = calloc(picture->n + 1, sizeof(*nodes));
	auto_free bool *begun = calloc(picture->groups.n + 1, sizeof(*begun));
	struct drawing drawing = {page, picture, nodes, begun};

	if (!nodes || !begun)
		return -ENOMEM;
	link_nodes(&drawing);
	draw_complexes(&drawing);
	return page->failed ? -ENOMEM : 0;
}
