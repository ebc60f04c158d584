// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/reboot.h"

#include "hookscript/record.h"
#include "host/clock.h"
#include "host/fs_write.h"

#include <stdio.h>

/* How long the start may take to follow: it is the next thing that Proxmox VE does. */
#define START_MS 60000

/* Beside the records, where a watcher hears of changes. No address has this form. */
static char *note_name(unsigned int vmid)
{
	return fs_path("%u.reboot", vmid);
}

int reboot_note(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *name = note_name(vmid);
	auto_free char *text = fs_path("%lld\n", (long long)clock_now_ms() + START_MS);

	if (!name || !text)
		return -ENOMEM;
	if (reboot_left_ms(root, vmid) >= 0)
		return 0;
	return fs_replace(root, RECORD_FOLDER, name, text, 0600);
}

int reboot_forget(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *name = note_name(vmid);

	return name ? fs_remove(root, RECORD_FOLDER, name) : -ENOMEM;
}

int reboot_left_ms(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *path = fs_path("%s/%u.reboot", RECORD_FOLDER, vmid);
	auto_free char *text = NULL;
	long long until;
	int left;

	if (fs_read_attr(root, path, &text))
		return -1;
	/* A note that cannot be understood is one of the past. */
	errno = 0;
	until = strtoll(text, NULL, 10);
	left = errno ? 0 : clock_left_ms(until);
	return left < START_MS ? left : START_MS;
}
