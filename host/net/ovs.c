// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/net/ovs.h"

#include <net/if.h>
#include <string.h>

#include "host/base/facts.h"
#include "host/process/program.h"

#define ASK_MS 6000

/* -ENODATA, as other errors, when a capture has no answer. */
static int take_noted(const struct fs_root *root, const char *interface, char **ret)
{
	auto_free char *key = fs_path("ovs-%s", interface);

	return key ? facts_get(root, key, ret) : -ENOMEM;
}

static void note(const char *interface, const char *bridge)
{
	auto_free char *key = facts_are_noted() ? fs_path("ovs-%s", interface) : NULL;

	if (key)
		facts_note(key, "%s", bridge);
}

int ovs_bridge_of(const struct fs_root *root, const char *interface, char **ret)
{
	static bool hangs;
	const char *const args[] = {"ovs-vsctl", "--timeout=5", "iface-to-br", interface, NULL};
	const struct program program = {.args = args, .limit_ms = ASK_MS, .max = IFNAMSIZ};
	auto_program_end struct program_end end = {0};
	int err;

	*ret = NULL;
	if (fs_root_is_capture(root) && fs_root_was_running(root))
		return take_noted(root, interface, ret);
	if (!fs_root_is_running_system(root))
		return 0;
	err = hangs ? -ETIMEDOUT : program_run(&program, &end);
	if (err == -ENOENT)
		return 0;
	/* At its own timeout a signal ends it. */
	hangs = err == -ETIMEDOUT || (!err && WIFSIGNALED(end.status));
	if (hangs)
		return -ETIMEDOUT;
	if (err)
		return err;
	if (!program_succeeded(&end) || end.cut)
		return -EIO;
	end.output[strcspn(end.output, "\n")] = '\0';
	if (!*end.output)
		return -EIO;
	*ret = strdup(end.output);
	if (*ret)
		note(interface, *ret);
	return *ret ? 0 : -ENOMEM;
}
