// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/phases/phase.h"
#include "hookscript/settings/settings_read.h"

#include "hookscript/pve/exit.h"
#include "hookscript/bind/next.h"
#include "hookscript/phases/post_start.h"
#include "hookscript/phases/start.h"
#include "hookscript/phases/stop.h"
#include "hookscript/watch.h"
#include "host/base/cli.h"
#include "host/base/log.h"
#include "host/process/supervise.h"

#include <string.h>

struct phase {
	const char *name;
	/* NULL: nothing of ours. */
	int (*run)(const struct fs_root *root, unsigned int vmid, const struct settings *settings);
	/* When the next one fails. */
	int (*undo)(const struct fs_root *root, unsigned int vmid, const struct settings *settings);
	bool next_first;
};

static const struct phase phases[] = {
	{"pre-start", start_pre_start, start_undo, false},
	{"post-start", start_post_start, NULL, false},
	{"pre-stop", NULL, NULL, true},
	{"post-stop", stop_post_stop, NULL, true},
};

static int run_ours(const struct phase *phase, const struct fs_root *root, unsigned int vmid,
		    const struct settings *settings)
{
	return phase->run ? phase->run(root, vmid, settings) : EXIT_DONE;
}

static int run_both(const struct phase *phase, const struct fs_root *root, unsigned int vmid,
		    const struct settings *settings)
{
	int code, next;

	if (phase->next_first) {
		/* Whatever becomes of it, the devices go back. */
		next = next_run(root, settings, vmid, phase->name);
		code = run_ours(phase, root, vmid, settings);
		return !code && next ? EXIT_FAILED : code;
	}
	code = run_ours(phase, root, vmid, settings);
	if (code || !next_run(root, settings, vmid, phase->name))
		return code;
	return phase->undo ? phase->undo(root, vmid, settings) : EXIT_FAILED;
}

struct call {
	const struct fs_root *root;
	unsigned int vmid;
	const struct phase *phase;
};

/* Reads the settings, and runs both parts. */
static int run(void *arg)
{
	const struct call *call = arg;
	auto_settings struct settings settings = settings_default;

	/* Settings that cannot be read are our part's to complain of; which hookscript would be
	 * next is not known then. */
	if (settings_read(call->root, call->vmid, &settings))
		return run_ours(call->phase, call->root, call->vmid, &settings);
	supervise_allow(settings.deadline * 1000);
	settings_set_language(&settings);
	return run_both(call->phase, call->root, call->vmid, &settings);
}

/* A watcher gives back what was taken. That of the start may have died, too. */
static void failed(void *arg)
{
	const struct call *call = arg;

	if (call->phase->undo)
		log_error(
			_("VM %u: not started; what was taken is given back; see: pve-passthrough "
			  "status"),
			call->vmid);
	watch_start(call->root, call->vmid);
}

int phase_run(const struct fs_root *root, unsigned int vmid, const char *name)
{
	auto_free char *what = fs_path("VM %u, %s", vmid, name);
	struct supervise how = {.what = what, .relay = true, .keep = root->fd, .failed = failed};
	struct call call = {root, vmid, phases};

	while (call.phase < phases + ARRAY_SIZE(phases) && strcmp(call.phase->name, name))
		call.phase++;
	if (call.phase == phases + ARRAY_SIZE(phases))
		/* Proxmox VE may come to know more phases; a person has mistyped one. */
		return isatty(STDIN_FILENO) ? cli_unknown(_("unknown phase"), name, phases,
							  ARRAY_SIZE(phases), sizeof(*phases))
					    : EXIT_DONE;
	log_open("pve-passthrough", root);
	log_set_context(vmid, name);
	return supervise_run(&how, run, &call);
}
