// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/recorded.h"

#include "host/base/log.h"

#include <string.h>

/* Reports a record that cannot be used, and renames one that is invalid, so that it blocks only its
 * device. A newer version's stays: that version understands it. Returns whether it may be the
 * VM's: it could not be read. */
static bool handle_bad_record(const struct fs_root *root, const struct bdf *bdf, int err,
			      const char *why)
{
	bool unread = !record_is_unusable(err);
	char address[BDF_TEXT_SIZE];

	why = why ? why : log_strerror(err);
	if (unread)
		log_device(LOG_LEVEL_ERROR, bdf, NULL, _("%s; it may be this VM's, so it stays"),
			   why);
	else
		log_device(LOG_LEVEL_WARNING, bdf, NULL, "%s", why);
	if (err != -EINVAL)
		return unread;
	bdf_format(bdf, address);
	err = record_mark_broken(root, bdf);
	if (err)
		log_device(LOG_LEVEL_ERROR, bdf, NULL, _("/%s/%s cannot be renamed to .broken: %s"),
			   RECORD_DIR, address, log_strerror(err));
	else
		log_device(LOG_LEVEL_WARNING, bdf, NULL,
			   _("it is renamed to /%s/%s.broken; which driver the device had is not "
			     "known, so it stays as it is; see: pve-passthrough status"),
			   RECORD_DIR, address);
	return false;
}

int recorded_list(const struct fs_root *root, unsigned int vmid, struct recorded *ret)
{
	auto_free struct bdf *list = NULL;
	size_t n;
	int err = record_list(root, &list, &n);

	if (err)
		return err;
	*ret = (struct recorded){.items = calloc(n + 1, sizeof(struct record *))};
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		cleanup_with(record_freep) struct record *record = NULL;
		auto_free char *why = NULL;

		err = record_read(root, &list[i], &record, &why);
		if (err)
			ret->unread += handle_bad_record(root, &list[i], err, why);
		else if (record && record->vmid == vmid)
			ret->items[ret->n++] = TAKE_PTR(record);
	}
	return 0;
}

void recorded_free(struct recorded *recorded)
{
	for (size_t i = 0; i < recorded->n; i++)
		record_free(recorded->items[i]);
	free(recorded->items);
}

void recorded_drop(struct recorded *recorded, size_t i)
{
	record_free(recorded->items[i]);
	recorded->n--;
	memmove(recorded->items + i, recorded->items + i + 1,
		(recorded->n - i) * sizeof(*recorded->items));
}

void recorded_drop_busy(const struct fs_root *root, struct recorded *recorded)
{
	for (size_t i = recorded->n; i-- > 0;)
		if (record_device_is_busy(root, &recorded->items[i]->bdf))
			recorded_drop(recorded, i);
}

bool recorded_any(const struct fs_root *root, unsigned int vmid)
{
	auto_free struct bdf *list = NULL;
	bool any = false;
	size_t n = 0;

	if (record_list(root, &list, &n))
		return true;
	for (size_t i = 0; !any && i < n; i++) {
		cleanup_with(record_freep) struct record *record = NULL;
		auto_free char *why = NULL;
		int err = record_read(root, &list[i], &record, &why);

		any = err ? !record_is_unusable(err) : record && record->vmid == vmid;
	}
	return any;
}
