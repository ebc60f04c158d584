// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/phases/stop.h"

#include "hookscript/bind/bind.h"
#include "hookscript/bind/fdb_guests.h"
#include "hookscript/pve/exit.h"
#include "hookscript/pve/pve.h"
#include "hookscript/records/reboot.h"
#include "hookscript/records/recorded.h"
#include "hookscript/settings/settings.h"
#include "hookscript/bind/spares.h"
#include "hookscript/bind/users.h"
#include "hookscript/watch.h"
#include "host/base/log.h"
#include "host/process/progress.h"
#include "host/process/supervise.h"

#include <stdio.h>
#include <string.h>

/* Returns 0 or -errno, reported. */
static int read_recorded(const struct fs_root *root, unsigned int vmid, struct recorded *ret)
{
	int err = recorded_list(root, vmid, ret);

	if (err)
		log_error(_("%s: its records in /%s cannot be read: %s; nothing was given back"),
			  record_owner(vmid), RECORD_DIR, log_strerror(err));
	return err;
}

/* What a stop that died has left on a network card. */
static void clean_fdb(const struct fs_root *root)
{
	if (fdb_is_noted(root))
		fdb_update(root, true);
}

static int give_back(const struct fs_root *root, unsigned int vmid, const struct recorded *recorded,
		     bool ran)
{
	size_t n_failed = recorded->unread;

	if (recorded->n)
		n_failed += bind_give_back(root, vmid, recorded, 0, ran);
	else
		users_return(root, vmid);
	clean_fdb(root);
	if (n_failed)
		log_error(ngettext("%s: %zu device not given back, above; see: pve-passthrough "
				   "status",
				   "%s: %zu devices not given back, above; see: pve-passthrough "
				   "status",
				   n_failed),
			  record_owner(vmid), n_failed);
	/* What users_return() could not read it has reported. */
	return n_failed || users_are_noted(root, vmid) ? EXIT_FAILED : EXIT_DONE;
}

static bool is_empty(const struct fs_root *root, unsigned int vmid, const struct recorded *recorded)
{
	return !recorded->n && !recorded->unread && !users_are_noted(root, vmid);
}

int stop_post_stop(const struct fs_root *root, unsigned int vmid, const struct settings *settings)
{
	auto_recorded struct recorded recorded = {0};
	int left_ms, code;

	if (settings->err)
		log_warning(_("%s; devices are given back without it, but the next start will be "
			      "refused"),
			    settings_error(settings));
	if (read_recorded(root, vmid, &recorded)) {
		watch_start(root, vmid);
		return EXIT_FAILED;
	}
	if (is_empty(root, vmid, &recorded))
		return EXIT_DONE;
	spares_forget(root, vmid);
	switch (reboot_after_stop(root, vmid, settings, &left_ms)) {
	case AFTER_STOP_START:
		log_info(_("VM %u is being rebooted: its devices stay taken for its next start"),
			 vmid);
		return EXIT_DONE;
	case AFTER_STOP_KEEP:
		log_info(_("VM %u: the host shuts down, so its devices stay taken; to give them "
			   "back then too: at_shutdown = \"return\"; in /%s"),
			 vmid, SETTINGS_PATH);
		return EXIT_DONE;
	case AFTER_STOP_RETURN: break;
	}
	code = give_back(root, vmid, &recorded, true);
	if (code)
		watch_start(root, vmid);
	return code;
}

/* Whether the VM's lock could not be asked for, reported. Without a lock file Proxmox VE has never
 * started it here. */
static bool lock_is_unknown(unsigned int vmid, int lock)
{
	if (lock >= 0 || lock == -EWOULDBLOCK || fs_is_absent(lock))
		return false;
	log_error(_("%s: whether it is being started or stopped cannot be told: %s; nothing was "
		    "given back; again: pve-passthrough restore %s"),
		  record_owner(vmid), log_strerror(lock), record_owner_word(vmid));
	return true;
}

/* The same for a person, who waits for it. */
static int restore(const struct fs_root *root, unsigned int vmid, const struct recorded *recorded)
{
	int code;

	progress_begin(_("%s: giving devices back"), record_owner(vmid));
	code = give_back(root, vmid, recorded, false);
	progress_end();
	return code;
}

int stop_restore(const struct fs_root *root, unsigned int vmid)
{
	auto_close int lock = pve_vm_lock(root, vmid, false);
	auto_recorded struct recorded recorded = {0};

	/* First: who may not read them cannot tell whether the VM runs, either. */
	if (read_recorded(root, vmid, &recorded))
		return EXIT_FAILED;
	if (pve_vm_runs(root, vmid)) {
		log_error(
			_("VM %u runs, and would lose its devices; stop it first: qm shutdown %u"),
			vmid, vmid);
		return EXIT_REFUSED;
	}
	if (lock_is_unknown(vmid, lock))
		return EXIT_FAILED;
	if (lock == -EWOULDBLOCK && vmid == RECORD_TEST) {
		log_error(_("a test runs at this moment, and gives back itself what it has taken"));
		return EXIT_REFUSED;
	}
	if (lock == -EWOULDBLOCK) {
		log_error(_("VM %u is being started, stopped or changed at this moment; wait for "
			    "that task, then: pve-passthrough restore %u"),
			  vmid, vmid);
		return EXIT_REFUSED;
	}
	if (is_empty(root, vmid, &recorded)) {
		clean_fdb(root);
		printf(_("%s: no device is recorded as taken for it\n"), record_owner(vmid));
		return EXIT_DONE;
	}
	/* Nothing slow is done with Proxmox VE's lock held. */
	closep(&lock);
	lock = -1;
	return restore(root, vmid, &recorded);
}

/* Gives the VM's devices back, unless its own stop, or its watcher, does that. */
static int restore_idle(const struct fs_root *root, unsigned int vmid)
{
	auto_close int lock = pve_vm_lock(root, vmid, false);
	auto_recorded struct recorded recorded = {0};
	int left_ms;

	log_set_context(record_owner_vm(vmid), "restore");
	if (lock_is_unknown(vmid, lock))
		return EXIT_FAILED;
	if (lock == -EWOULDBLOCK || pve_vm_runs(root, vmid) ||
	    reboot_after_stop(root, vmid, NULL, &left_ms) != AFTER_STOP_RETURN)
		return EXIT_DONE;
	if (read_recorded(root, vmid, &recorded))
		return EXIT_FAILED;
	closep(&lock);
	lock = -1;
	return restore(root, vmid, &recorded);
}

int stop_restore_all(const struct fs_root *root)
{
	auto_free struct bdf *list = NULL;
	auto_free unsigned int *done = NULL; /* VMs */
	size_t n, n_done = 0;
	int code = EXIT_DONE, err = record_list(root, &list, &n);

	if (!err) {
		done = calloc(n + 1, sizeof(*done));
		err = done ? 0 : -ENOMEM;
	}
	if (err) {
		log_error(_("/%s cannot be read: %s"), RECORD_DIR, log_strerror(err));
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < n; i++) {
		cleanup_with(record_freep) struct record *record = NULL;
		auto_free char *why = NULL;
		size_t k = 0;

		supervise_allow(supervise_read_ms);
		err = record_read(root, &list[i], &record, &why);
		if (err) {
			log_device(LOG_LEVEL_WARNING, &list[i], NULL, "%s",
				   why ? why : strerror(-err));
			code = record_is_unusable(err) ? code : EXIT_FAILED;
		}
		while (record && k < n_done && done[k] != record->vmid)
			k++;
		if (!record || k < n_done)
			continue;
		done[n_done++] = record->vmid;
		if (restore_idle(root, record->vmid))
			code = EXIT_FAILED;
	}
	return code;
}
