// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/phase.h"

#include "hookscript/exit.h"
#include "hookscript/next.h"
#include "hookscript/start.h"
#include "hookscript/stop.h"
#include "host/cli.h"
#include "host/log.h"

#include <string.h>

struct phase {
	const char *name;
	int (*run)(const struct fs_root *root, unsigned int vmid);  /* NULL: nothing of ours */
	int (*undo)(const struct fs_root *root, unsigned int vmid); /* when the next one fails */
	bool next_first;
};

static const struct phase phases[] = {
	{"pre-start", start_pre, start_undo, false},
	{"post-start", start_post, NULL, false},
	{"pre-stop", NULL, NULL, true},
	{"post-stop", stop_post, NULL, true},
};

static int run_ours(const struct phase *phase, const struct fs_root *root, unsigned int vmid)
{
	return phase->run ? phase->run(root, vmid) : EXIT_DONE;
}

static int run_both(const struct phase *phase, const struct fs_root *root, unsigned int vmid,
		    const struct settings *settings)
{
	int code, next;

	if (phase->next_first) {
		/* Whatever becomes of it, the devices go back. */
		next = next_run(root, settings, vmid, phase->name);
		code = run_ours(phase, root, vmid);
		return !code && next ? EXIT_FAILED : code;
	}
	code = run_ours(phase, root, vmid);
	if (code || !next_run(root, settings, vmid, phase->name))
		return code;
	return phase->undo ? phase->undo(root, vmid) : EXIT_FAILED;
}

static const struct phase *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
		if (!strcmp(phases[i].name, name))
			return &phases[i];
	return NULL;
}

int phase_run(const struct fs_root *root, unsigned int vmid, const char *name)
{
	auto_settings struct settings settings = settings_default;
	const struct phase *phase = find(name);
	auto_free char *why = NULL;

	/* Proxmox VE may come to know more phases; a person has mistyped one. */
	if (!phase)
		return isatty(STDIN_FILENO) ? cli_unknown(_("unknown phase"), name, phases,
							  ARRAY_SIZE(phases), sizeof(*phases))
					    : EXIT_DONE;
	log_set_context(vmid, name);
	/* Settings that cannot be read are our part's to complain of; which hookscript would be
	 * next is not known then. */
	if (settings_read(root, vmid, &settings, &why))
		return run_ours(phase, root, vmid);
	settings_speak(&settings);
	return run_both(phase, root, vmid, &settings);
}
