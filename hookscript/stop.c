// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/stop.h"

#include "hookscript/apply.h"
#include "hookscript/exit.h"
#include "hookscript/pve.h"
#include "hookscript/settings.h"
#include "host/log.h"

#include <stdio.h>
#include <string.h>

static int give_back(const struct fs_root *root, unsigned int vmid)
{
	int failed = apply_give_back_all(root, vmid, -1);

	if (failed < 0)
		log_error("VM %u: its records in /%s cannot be read: %s; nothing was given back",
			  vmid, RECORD_FOLDER, strerror(-failed));
	else if (failed)
		log_error("VM %u: %d device%s not given back, above; see: pve-passthrough status",
			  vmid, failed, failed == 1 ? "" : "s");
	return failed ? EXIT_FAILED : EXIT_DONE;
}

int stop_post(const struct fs_root *root, unsigned int vmid)
{
	struct settings settings;
	auto_free char *why = NULL;

	if (settings_read(root, vmid, &settings, &why))
		log_warning(
			"%s; devices are given back without it, but the next start will be refused",
			why ? why : "out of memory");
	return give_back(root, vmid);
}

int stop_restore(const struct fs_root *root, unsigned int vmid)
{
	auto_free struct bdf *devices = NULL;
	size_t n;

	if (pve_vm_runs(root, vmid)) {
		log_error("VM %u runs, and would lose its devices; stop it first: qm shutdown %u",
			  vmid, vmid);
		return EXIT_REFUSED;
	}
	if (pve_vm_is_locked(root, vmid)) {
		log_error(
			"VM %u is being started, stopped or changed at this moment; wait for that task, "
			"then: pve-passthrough restore %u",
			vmid, vmid);
		return EXIT_REFUSED;
	}
	if (!apply_list_recorded(root, vmid, &devices, &n, NULL) && !n) {
		printf("VM %u: no device is recorded as taken for it\n", vmid);
		return EXIT_DONE;
	}
	return give_back(root, vmid);
}
