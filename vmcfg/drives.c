// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/drives.h"

#include <string.h>

#include "vmcfg/options.h"

/* What a key without its number stands for. */
static const struct {
	const char *name;
	const struct propstr_format *format;
} names[] = {
	{"ide", &options_ide},	     {"sata", &options_sata},	  {"scsi", &options_scsi},
	{"virtio", &options_virtio}, {"unused", &options_unused}, {"efidisk", &options_efidisk},
};

static struct text value_of(const struct propstr_format *format, const struct text *values,
			    const char *key)
{
	for (size_t i = 0; i < format->n_keys; i++)
		if (!strcmp(format->keys[i].name, key))
			return values[i];
	return (struct text){NULL, 0};
}

static int read_kind(size_t name, struct text value, enum drive_kind *ret)
{
	const struct propstr_format *format = names[name].format;
	auto_free struct text *values = calloc(format->n_keys, sizeof(*values));
	struct text file, media;
	int r;

	if (!values)
		return -ENOMEM;
	r = propstr_parse(format, value, values, NULL);
	if (r == -ENOMEM)
		return r;
	*ret = DRIVE_DISK; /* what cannot be read may hold anything */
	if (r < 0)
		return 0;
	file = value_of(format, values, "file");
	media = value_of(format, values, "media");
	if (format == &options_efidisk)
		*ret = DRIVE_EFI;
	else if ((media.at && text_is(media, "cdrom")) ||
		 (file.at && text_is_one_of(file, "none|cdrom")))
		*ret = DRIVE_NO_DISK;
	return 0;
}

static struct drive *find(struct drives *drives, struct text key)
{
	for (size_t i = 0; i < drives->n; i++)
		if (text_is(key, drives->items[i].key))
			return &drives->items[i];
	return NULL;
}

int drives_set(struct drives *drives, struct text key, const char *name, struct text value)
{
	struct drive *drive = find(drives, key);
	enum drive_kind kind = DRIVE_DISK;
	size_t i = 0;
	int r;

	while (i < ARRAY_SIZE(names) && strcmp(names[i].name, name))
		i++;
	if (i == ARRAY_SIZE(names))
		return 0;
	r = read_kind(i, value, &kind);
	if (r < 0)
		return r;
	if (!drive) {
		char *copy = text_dup(key);

		if (!copy || !array_grow(drives->items, drives->n)) {
			free(copy);
			return -ENOMEM;
		}
		drive = &drives->items[drives->n++];
		*drive = (struct drive){.key = copy};
	}
	drive->kind = kind;
	return 0;
}

const struct drive *drives_first(const struct drives *drives, enum drive_kind kind)
{
	for (size_t i = 0; i < drives->n; i++)
		if (drives->items[i].kind == kind)
			return &drives->items[i];
	return NULL;
}

void drives_free(struct drives *drives)
{
	for (size_t i = 0; i < drives->n; i++)
		free(drives->items[i].key);
	free(drives->items);
	*drives = (struct drives){0};
}
