// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/next.h"

#include "host/base/argv.h"
#include "host/base/log.h"
#include "host/process/program.h"
#include "host/process/supervise.h"
#include "vmcfg/storage.h"

#include <string.h>
#include <sys/wait.h>

#define STORAGES_PATH "etc/pve/storage.cfg"

/* The file of the volume below the root, with its leading '/'. */
static int find(const struct fs_root *root, const char *volume, char **ret, char **ret_why)
{
	auto_storages struct storages storages = {0};
	auto_free char *text = NULL, *path = NULL;
	size_t len = 0;
	int err = fs_read(root, STORAGES_PATH, VMCFG_TEXT_MAX, &text, &len);

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
		log_error(_("VM %u: the next hookscript, %s, failed at %s: %s"), vmid, volume,
			  phase, why ? why : strerror(EIO));
	else
		log_error(_("VM %u: the next hookscript, %s, cannot be run: %s; correct next = … "
			    "in /%s: pve-passthrough settings %u"),
			  vmid, volume, why ? why : strerror(-code), SETTINGS_PATH, vmid);
}

/* Returns its exit code, 128 + N when signal N ended it, with how it ended in *RET_WHY; -errno. */
static int run(const struct fs_root *root, const char *path, const char *vmid, const char *phase,
	       char **ret_why)
{
	const char *const args[] = {path, vmid, phase, NULL};
	const struct program program = {.args = args};
	auto_program_end struct program_end end = {0};
	int err = program_act(root, &program, &end);

	if (err)
		*ret_why = program_explain(root, &program, err, &end);
	if (err != -EIO || !end.status)
		return err;
	return WIFEXITED(end.status) ? WEXITSTATUS(end.status) : 128 + WTERMSIG(end.status);
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
		supervise_allow(SUPERVISE_FOREVER);
		code = number ? run(root, path, number, phase, &why) : -ENOMEM;
		supervise_allow(settings->deadline * 1000);
	}
	if (code)
		say_failure(vmid, settings->next, phase, code, why);
	return code;
}
