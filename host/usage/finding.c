// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/finding.h"

#include "host/text/utf8.h"

#include <string.h>

static const char *const kind_names[] = {
	[USAGE_DISK] = "disk",	     [USAGE_NETWORK] = "network", [USAGE_DISPLAY] = "display",
	[USAGE_SOUND] = "sound",     [USAGE_PROCESS] = "process", [USAGE_CONTAINER] = "container",
	[USAGE_CHIPSET] = "chipset", [USAGE_VFS] = "vfs",	  [USAGE_MDEVS] = "mdevs",
};

const char *usage_kind_name(enum usage_kind kind)
{
	return kind_names[kind];
}

int usage_kind_parse(const char *name, enum usage_kind *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(kind_names); i++)
		if (!strcmp(name, kind_names[i])) {
			*ret = (enum usage_kind)i;
			return 0;
		}
	return -EINVAL;
}

static void free_finding(struct usage_finding *finding)
{
	free(finding->what);
	free(finding->cure);
	free(finding->command);
	free(finding->unit);
	free(finding->network);
	free(finding->name);
	free(finding->program);
	fs_names_free(&finding->mounts);
}

/* The same text as people may see it; frees TEXT. */
static char *printable(char *text)
{
	auto_free char *owned = text;

	return owned ? utf8_printable(owned) : NULL;
}

int usage_add_command(struct usage *usage, const struct bdf *bdf, enum usage_kind kind, char *what,
		      const char *effect, char *cure, char *command)
{
	struct usage_finding added = {
		.bdf = *bdf,
		.kind = kind,
		.what = printable(what),
		.effect = effect,
		.cure = printable(cure),
		.command = command,
	};

	if (!added.what || !added.cure || !array_grow(usage->items, usage->n)) {
		free_finding(&added);
		return -ENOMEM;
	}
	usage->items[usage->n++] = added;
	return 0;
}

int usage_add(struct usage *usage, const struct bdf *bdf, enum usage_kind kind, char *what,
	      const char *effect, char *cure)
{
	return usage_add_command(usage, bdf, kind, what, effect, cure, NULL);
}

struct usage_finding *usage_last(struct usage *usage)
{
	return &usage->items[usage->n - 1];
}

int usage_name(struct usage *usage, char *name)
{
	usage_last(usage)->name = name;
	return name ? 0 : -ENOMEM;
}

int usage_name_process(struct usage *usage, pid_t pid, const char *program)
{
	usage_last(usage)->pid = pid;
	usage_last(usage)->program = strdup(program);
	return usage_last(usage)->program ? 0 : -ENOMEM;
}

void usage_drop(struct usage *usage, size_t i)
{
	free_finding(&usage->items[i]);
	usage->n--;
	memmove(&usage->items[i], &usage->items[i + 1], (usage->n - i) * sizeof(*usage->items));
}

void usage_free(struct usage *usage)
{
	for (size_t i = 0; i < usage->n; i++)
		free_finding(&usage->items[i]);
	free(usage->items);
	*usage = (struct usage){0};
}
