// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/rehearse_parts.h"

#include "host/base/clock.h"
#include "host/process/progress.h"
#include "host/usage/survey.h"

#include <ctype.h>
#include <string.h>

/* Between two looks. */
#define LOOK_AGAIN_MS 100

static int add(struct rehearse_parts *parts, const struct bdf *bdf, enum rehearse_part_kind kind,
	       const char *name)
{
	struct rehearse_part part = {.bdf = *bdf, .kind = kind, .name = strdup(name)};

	if (!part.name || !array_grow(parts->items, parts->n)) {
		free(part.name);
		return -ENOMEM;
	}
	parts->items[parts->n++] = part;
	return 0;
}

int rehearse_parts_read(const struct fs_root *root, const struct bdf *bdf,
			struct rehearse_parts *parts)
{
	const struct usage_device device = {.bdf = *bdf};
	auto_survey struct survey survey = {0};
	int err = survey_device(root, &device, &survey);

	for (size_t i = 0; !err && i < survey.n_nets; i++)
		if (survey.nets[i].name)
			err = add(parts, bdf, REHEARSE_PART_INTERFACE, survey.nets[i].name);
	for (size_t i = 0; !err && i < survey.n_nodes; i++) {
		const struct survey_node *node = &survey.nodes[i];

		if (!node->partition)
			err = add(parts, bdf, node->block ? REHEARSE_PART_DISK : REHEARSE_PART_NODE,
				  node->name);
	}
	return err;
}

void rehearse_parts_free(struct rehearse_parts *parts)
{
	for (size_t i = 0; i < parts->n; i++)
		free(parts->items[i].name);
	free(parts->items);
	*parts = (struct rehearse_parts){0};
}

/* The disk of a SCSI host, which is named by letters. */
static bool is_scsi(const char *name)
{
	const char *letters = after_prefix(name, "sd");

	return letters && *letters && !letters[strspn(letters, "abcdefghijklmnopqrstuvwxyz")];
}

/* "nvme0n1" and "nvme12n1" are alike, and so are all disks of SCSI hosts. */
static bool is_alike(const char *a, const char *b)
{
	if (is_scsi(a) && is_scsi(b))
		return true;
	for (;;) {
		while (isdigit((unsigned char)*a))
			a++;
		while (isdigit((unsigned char)*b))
			b++;
		if (!*a || *a != *b)
			return *a == *b;
		a++;
		b++;
	}
}

static bool is_again(const struct rehearse_part *part, const struct rehearse_part *now)
{
	if (part->kind != now->kind || bdf_compare(&part->bdf, &now->bdf))
		return false;
	return part->kind == REHEARSE_PART_INTERFACE ? !strcmp(part->name, now->name)
						     : is_alike(part->name, now->name);
}

bool rehearse_parts_compare(struct rehearse_parts *parts, const struct rehearse_parts *now)
{
	bool all = true;

	for (size_t i = 0; i < parts->n; i++) {
		size_t wanted = 0, there = 0;

		/* As many of that kind as there were up to this one. */
		for (size_t k = 0; k <= i; k++)
			wanted += is_again(&parts->items[i], &parts->items[k]);
		for (size_t k = 0; k < now->n; k++)
			there += is_again(&parts->items[i], &now->items[k]);
		parts->items[i].back = there >= wanted;
		all &= parts->items[i].back;
	}
	return all;
}

static int look(const struct fs_root *root, struct rehearse_parts *parts, bool *ret_all)
{
	auto_rehearse_parts struct rehearse_parts now = {0};
	int err = 0;

	for (size_t i = 0; !err && i < parts->n; i++)
		if (!i || bdf_compare(&parts->items[i].bdf, &parts->items[i - 1].bdf))
			err = rehearse_parts_read(root, &parts->items[i].bdf, &now);
	if (!err)
		*ret_all = rehearse_parts_compare(parts, &now);
	return err;
}

int rehearse_parts_await(const struct fs_root *root, struct rehearse_parts *parts, int limit_ms)
{
	int64_t deadline = clock_now_ms() + limit_ms;
	bool all = false;
	int err = look(root, parts, &all);

	while (!err && !all && clock_left_ms(deadline)) {
		clock_sleep_ms(progress_tick(LOOK_AGAIN_MS));
		err = look(root, parts, &all);
	}
	return err;
}

char *rehearse_part_text(const struct rehearse_part *part)
{
	return part->kind == REHEARSE_PART_NODE	  ? fs_path("/dev/%s", part->name)
	       : part->kind == REHEARSE_PART_DISK ? fs_path(_("disk %s"), part->name)
						  : fs_path(_("interface %s"), part->name);
}

const char *rehearse_part_kind_name(enum rehearse_part_kind kind)
{
	static const char *const names[] = {
		[REHEARSE_PART_INTERFACE] = "interface",
		[REHEARSE_PART_DISK] = "disk",
		[REHEARSE_PART_NODE] = "node",
	};

	return names[kind];
}
