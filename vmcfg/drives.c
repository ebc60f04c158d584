// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/drives.h"

static bool is_drive(struct text key)
{
	size_t len = key.len;

	while (key.len && char_is_digit(key.at[key.len - 1]))
		key.len--;
	return key.len < len && text_is_one_of(key, "ide|sata|scsi|virtio|unused|efidisk");
}

static enum drive_kind read_kind(struct text key, struct text value)
{
	struct text rest = value, part;

	if (text_take(&key, "efidisk"))
		return DRIVE_EFI;
	while (text_next(&rest, ',', &part)) {
		if (text_is(part, "media=cdrom"))
			return DRIVE_NO_DISK;
		if (!text_take(&part, "file="))
			text_take(&part, "volume=");
		if (text_is_one_of(part, "none|cdrom"))
			return DRIVE_NO_DISK;
	}
	return DRIVE_DISK;
}

static struct drive *find(struct drives *drives, struct text key)
{
	for (size_t i = 0; i < drives->n; i++)
		if (text_is(key, drives->items[i].key))
			return &drives->items[i];
	return NULL;
}

int drives_set(struct drives *drives, struct text key, struct text value, bool pending)
{
	struct drive *drive = find(drives, key);

	if (!is_drive(key) || (drive && pending))
		return 0;
	if (!drive) {
		char *copy = text_dup(key);

		if (!copy || !array_grow(drives->items, drives->n)) {
			free(copy);
			return -ENOMEM;
		}
		drive = &drives->items[drives->n++];
		drive->key = copy;
	}
	drive->kind = read_kind(key, value);
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
