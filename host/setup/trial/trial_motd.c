// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/trial/trial_motd.h"

#include "host/base/fs_write.h"
#include "host/base/log.h"

#define DIR  "run/motd.d"
#define NAME "pve-passthrough"

void trial_motd_say(const struct fs_root *root, bool error, const char *text)
{
	auto_free char *lines = text ? fs_path("host-setup: %s\n", text) : NULL;
	int err;

	log_say(error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s",
		text ? text : log_strerror(-ENOMEM));
	if (!lines)
		return;
	err = fs_make_dir(root, DIR, 0755) ?: fs_replace(root, DIR, NAME, lines, 0644);
	if (err)
		log_warning(_("/%s/%s could not be written: %s"), DIR, NAME, log_strerror(err));
}

void trial_motd_remove(const struct fs_root *root)
{
	int err = fs_remove(root, DIR, NAME);

	if (err && !fs_is_absent(err))
		log_warning(_("/%s/%s could not be removed: %s"), DIR, NAME, log_strerror(err));
}
