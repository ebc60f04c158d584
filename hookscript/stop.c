// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/stop.h"

#include "hookscript/apply.h"
#include "hookscript/exit.h"
#include "hookscript/pve.h"
#include "hookscript/reboot.h"
#include "hookscript/record.h"
#include "hookscript/settings.h"
#include "hookscript/spares.h"
#include "hookscript/users.h"
#include "hookscript/watch.h"
#include "host/log.h"
#include "host/systemd.h"

#include <stdio.h>
#include <string.h>

static int give_back(const struct fs_root *root, unsigned int vmid, int *lock)
{
	struct give_back how = {.lock = lock};
	auto_free struct bdf *devices = NULL;
	size_t n;
	int failed;

	failed = apply_list_recorded(root, vmid, &devices, &n);
	if (!failed && n)
		failed = apply_give_back(root, vmid, devices, n, &how);
	else if (!failed)
		users_return(root, vmid);
	if (failed < 0)
		log_error(_("VM %u: its records in /%s cannot be read: %s; nothing was given back"),
			  vmid, RECORD_FOLDER, strerror(-failed));
	else if (failed)
		log_error(ngettext("VM %u: %d device not given back, above; see: pve-passthrough "
				   "status",
				   "VM %u: %d devices not given back, above; see: pve-passthrough "
				   "status",
				   (unsigned long)failed),
			  vmid, failed);
	return failed ? EXIT_FAILED : EXIT_DONE;
}

/* Without settings that can be read: what holds by default. */
static bool keeps_at_shutdown(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	auto_free char *why = NULL;

	return settings_read(root, vmid, &settings, &why) || !settings.return_at_shutdown;
}

enum stop_fate stop_fate(const struct fs_root *root, unsigned int vmid, int *ret_left_ms)
{
	if (reboot_left_ms(root, vmid) < 0 && pve_vm_reboots(root, vmid) && reboot_note(root, vmid))
		log_warning(_("VM %u: that it is being rebooted cannot be noted, so its devices go "
			      "back in between"),
			    vmid);
	*ret_left_ms = reboot_left_ms(root, vmid);
	if (*ret_left_ms > 0)
		return STOP_REBOOTS;
	return keeps_at_shutdown(root, vmid) && systemd_is_stopping(root) ? STOP_KEEPS
									  : STOP_RETURNS;
}

/* Whether there is anything to give back; in doubt there is. */
static bool has_records(const struct fs_root *root, unsigned int vmid)
{
	auto_free struct bdf *devices = NULL;
	size_t n;

	return apply_list_recorded(root, vmid, &devices, &n) || n || users_are_noted(root, vmid);
}

/* What is left behind is somebody's to try again, also when the start's own watcher has died. */
static int give_back_at_stop(const struct fs_root *root, unsigned int vmid)
{
	int code = give_back(root, vmid, NULL);
	int err = code ? watch_start(root, vmid) : 0;

	if (err)
		log_warning(_("VM %u: no watcher could be started (%s); later: pve-passthrough "
			      "restore %u"),
			    vmid, strerror(-err), vmid);
	return code;
}

int stop_post(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;
	auto_free char *why = NULL;
	int left_ms;

	if (settings_read(root, vmid, &settings, &why))
		log_warning(_("%s; devices are given back without it, but the next start will be "
			      "refused"),
			    why ? why : _("out of memory"));
	if (!has_records(root, vmid))
		return EXIT_DONE;
	spares_forget(root, vmid);
	switch (stop_fate(root, vmid, &left_ms)) {
	case STOP_REBOOTS:
		log_info(_("VM %u is being rebooted: its devices stay taken for its next start"),
			 vmid);
		return EXIT_DONE;
	case STOP_KEEPS:
		log_info(_("VM %u: the host shuts down, so its devices stay taken; to give them "
			   "back then too: at_shutdown = \"return\"; in /%s"),
			 vmid, SETTINGS_PATH);
		return EXIT_DONE;
	case STOP_RETURNS: break;
	}
	return give_back_at_stop(root, vmid);
}

int stop_restore(const struct fs_root *root, unsigned int vmid)
{
	auto_close int lock = pve_vm_lock(root, vmid, false);

	if (pve_vm_runs(root, vmid)) {
		log_error(
			_("VM %u runs, and would lose its devices; stop it first: qm shutdown %u"),
			vmid, vmid);
		return EXIT_REFUSED;
	}
	if (lock == -EWOULDBLOCK) {
		log_error(_("VM %u is being started, stopped or changed at this moment; wait for "
			    "that task, then: pve-passthrough restore %u"),
			  vmid, vmid);
		return EXIT_REFUSED;
	}
	if (!has_records(root, vmid)) {
		printf(_("VM %u: no device is recorded as taken for it\n"), vmid);
		return EXIT_DONE;
	}
	return give_back(root, vmid, &lock);
}

/* The VMs that devices are recorded for, each once. */
static int list_vms(const struct fs_root *root, unsigned int **ret, size_t *ret_n)
{
	auto_free struct bdf *list = NULL;
	auto_free unsigned int *vmids = NULL;
	size_t n, kept = 0;
	int err = record_list(root, &list, &n);

	if (err)
		return err;
	vmids = calloc(n + 1, sizeof(*vmids));
	if (!vmids)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		cleanup_with(record_freep) struct record *record = NULL;
		auto_free char *why = NULL;
		size_t k = 0;

		if (record_read(root, &list[i], &record, &why) || !record) {
			log_device(LOG_LEVEL_WARNING, &list[i], NULL, "%s",
				   why ? why : _("a record has just gone"));
			continue;
		}
		while (k < kept && vmids[k] != record->vmid)
			k++;
		if (k == kept)
			vmids[kept++] = record->vmid;
	}
	*ret = TAKE_PTR(vmids);
	*ret_n = kept;
	return 0;
}

int stop_restore_all(const struct fs_root *root)
{
	auto_free unsigned int *vmids = NULL;
	int code = EXIT_DONE;
	size_t n;
	int err = list_vms(root, &vmids, &n);

	if (err) {
		log_error(_("/%s cannot be read: %s"), RECORD_FOLDER, strerror(-err));
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < n; i++) {
		auto_close int lock = pve_vm_lock(root, vmids[i], false);
		int left_ms;

		log_set_context(vmids[i], "restore");
		if (lock == -EWOULDBLOCK || pve_vm_runs(root, vmids[i]) ||
		    stop_fate(root, vmids[i], &left_ms) != STOP_RETURNS)
			continue; /* its own stop, or its watcher, gives them back */
		if (give_back(root, vmids[i], &lock))
			code = EXIT_FAILED;
	}
	return code;
}
