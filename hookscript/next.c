// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/next.h"

#include "hookscript/argv.h"
#include "host/log.h"
#include "host/spawn.h"
#include "vmcfg/storage.h"

#include <string.h>

#define STORAGES_PATH "etc/pve/storage.cfg"

/* The file of the volume below the root, with its leading '/'. */
static int find(const struct fs_root *root, const char *volume, char **ret, char **ret_why)
{
	auto_storages struct storages storages = {0};
	auto_free char *text = NULL, *path = NULL;
	size_t len = 0;
	int err = fs_read(root, STORAGES_PATH, STORAGE_TEXT_MAX, &text, &len);

	if (err && err != -ENOENT)
		return err;
	err = storages_parse(text, len, &storages);
	if (!err)
		err = storages_snippet_path(&storages, volume, &path, ret_why);
	if (err)
		return err;
	*ret = fs_path("%s/%s", root->path, path);
	return *ret ? 0 : -ENOMEM;
}

static void say_failure(unsigned int vmid, const char *volume, const char *phase, int code,
			const char *why)
{
	if (code > 0)
		log_error(_("VM %u: the next hookscript, %s, failed at %s: exit code %d"), vmid,
			  volume, phase, code);
	else
		log_error(_("VM %u: the next hookscript, %s, cannot be run: %s; correct next = … "
			    "in /%s: pve-passthrough settings %u"),
			  vmid, volume, why ? why : strerror(-code), SETTINGS_PATH, vmid);
}

int next_run(const struct fs_root *root, const struct settings *settings, unsigned int vmid,
	     const char *phase)
{
	auto_free char *path = NULL, *why = NULL;
	auto_free char *number = fs_path("%u", vmid);
	int code;

	if (!settings->next)
		return 0;
	code = find(root, settings->next, &path, &why);
	if (!code) {
		char *const args[] = {path, number, (char *)(uintptr_t)phase, NULL};

		code = number ? spawn_run(args) : -ENOMEM;
	}
	if (code)
		say_failure(vmid, settings->next, phase, code, why);
	return code;
}
