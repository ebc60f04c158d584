// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/recorded.h"

#include "host/base/log.h"

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
			   RECORD_FOLDER, address, log_strerror(err));
	else
		log_device(LOG_LEVEL_WARNING, bdf, NULL,
			   _("it is renamed to /%s/%s.broken; which driver the device had is not "
			     "known, so it stays as it is; see: pve-passthrough status"),
			   RECORD_FOLDER, address);
	return false;
}

size_t recorded_keep(const struct fs_root *root, unsigned int vmid, struct bdf *devices, size_t n,
		     size_t *ret_unread)
{
	size_t kept = 0;

	*ret_unread = 0;
	for (size_t i = 0; i < n; i++) {
		cleanup_with(record_freep) struct record *record = NULL;
		auto_free char *why = NULL;
		int err = record_read(root, &devices[i], &record, &why);

		if (err)
			*ret_unread += handle_bad_record(root, &devices[i], err, why);
		else if (record && record->vmid == vmid)
			devices[kept++] = devices[i];
	}
	return kept;
}

int recorded_list(const struct fs_root *root, unsigned int vmid, struct bdf **ret, size_t *ret_n,
		  size_t *ret_unread)
{
	auto_free struct bdf *list = NULL;
	size_t n;
	int err = record_list(root, &list, &n);

	if (err)
		return err;
	*ret_n = recorded_keep(root, vmid, list, n, ret_unread);
	*ret = TAKE_PTR(list);
	return 0;
}

size_t recorded_keep_idle(const struct fs_root *root, struct bdf *devices, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!record_device_is_busy(root, &devices[i]))
			devices[kept++] = devices[i];
	return kept;
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
