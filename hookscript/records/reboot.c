// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/reboot.h"

#include "hookscript/pve/pve.h"
#include "hookscript/records/record.h"
#include "hookscript/settings/settings_read.h"
#include "host/base/clock.h"
#include "host/base/fs_write.h"
#include "host/base/log.h"
#include "host/process/systemd.h"

#include <stdio.h>

/* How long the start may take to come: Proxmox VE begins it right after post-stop. */
#define START_MS 60000

/* In the directory of records, where a watcher notices changes. Not the form of an address. */
static char *note_name(unsigned int vmid)
{
	return fs_path("%u.reboot", vmid);
}

int reboot_forget(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *name = note_name(vmid);

	return name ? fs_remove(root, RECORD_DIR, name) : -ENOMEM;
}

int reboot_left_ms(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *path = fs_path("%s/%u.reboot", RECORD_DIR, vmid);
	auto_free char *text = NULL;
	long long until;
	int left, err = fs_read_attr(root, path, &text);

	if (err)
		return err == -ENOENT ? -1 : 0;
	/* An invalid note counts as expired. */
	errno = 0;
	until = strtoll(text, NULL, 10);
	left = errno ? 0 : clock_left_ms(until);
	return left < START_MS ? left : START_MS;
}

static int write_note(const struct fs_root *root, unsigned int vmid)
{
	auto_free char *name = note_name(vmid);
	auto_free char *text = fs_path("%lld\n", (long long)clock_now_ms() + START_MS);

	if (!name || !text)
		return -ENOMEM;
	return fs_replace(root, RECORD_DIR, name, text, 0600);
}

enum after_stop reboot_after_stop(const struct fs_root *root, unsigned int vmid,
				  const struct settings *settings, int *ret_left_ms)
{
	auto_settings struct settings own = settings_default;

	if (reboot_left_ms(root, vmid) < 0 && pve_vm_reboots(root, vmid) && write_note(root, vmid))
		log_warning(_("VM %u: that it is being rebooted cannot be noted, so its devices go "
			      "back in between"),
			    vmid);
	*ret_left_ms = reboot_left_ms(root, vmid);
	if (*ret_left_ms > 0)
		return AFTER_STOP_START;
	if (!settings) {
		settings_read(root, vmid, &own); /* the defaults if they cannot be read */
		settings = &own;
	}
	if (settings->return_at_shutdown || !systemd_is_stopping(root))
		return AFTER_STOP_RETURN;
	return AFTER_STOP_KEEP;
}
