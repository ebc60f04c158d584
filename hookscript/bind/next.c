// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/next.h"

#include "hookscript/pve/vm.h"
#include "host/base/log.h"
#include "host/process/program.h"
#include "host/process/supervise.h"

#include <string.h>

/* The file of the volume, with the path of the root. */
static int find(const struct fs_root *root, const char *volume, char **ret, char **ret_why)
{
	auto_storages struct storages storages = {0};
	auto_free char *path = NULL;
	int err = storages_read(root, &storages);

	if (!err)
		err = storages_snippet_path(&storages, volume, &path, ret_why);
	if (err)
		return err;
	*ret = fs_path("%s/%s", root->path, path);
	return *ret ? 0 : -ENOMEM;
}

int next_run(const struct fs_root *root, const struct settings *settings, unsigned int vmid,
	     const char *phase)
{
	auto_free char *number = fs_path("%u", vmid);
	auto_free char *path = NULL, *why = NULL;
	auto_program_end struct program_end end = {0};
	int err;

	if (!settings->next)
		return 0;
	err = number ? find(root, settings->next, &path, &why) : -ENOMEM;
	if (!err) {
		const char *const args[] = {path, number, phase, NULL};
		const struct program program = {.args = args};

		supervise_allow(SUPERVISE_FOREVER);
		err = program_act(root, &program, &end);
		supervise_allow(settings->deadline * 1000);
		if (err)
			why = program_explain(root, &program, err, &end);
	}
	if (err && end.status)
		log_error(_("VM %u: the next hookscript, %s, failed at %s: %s"), vmid,
			  settings->next, phase, why ? why : strerror(-err));
	else if (err)
		log_error(_("VM %u: the next hookscript, %s, cannot be run: %s; correct next = … "
			    "in /%s: pve-passthrough settings %u"),
			  vmid, settings->next, why ? why : strerror(-err), SETTINGS_PATH, vmid);
	return err;
}
