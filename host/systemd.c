// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/systemd.h"

#include "host/exec.h"

/* systemd answers in milliseconds; while it starts again itself it may take a second. */
#define ANSWER_MS 3000

static bool systemd_runs(const struct fs_root *root)
{
	return fs_exists(root, "run/systemd/system");
}

bool systemd_is_stopping(const struct fs_root *root)
{
	static const char *const args[] = {"systemctl", "is-system-running", NULL};

	return systemd_runs(root) && !exec_run(args, "stopping", ANSWER_MS);
}

bool systemd_has_unit(const struct fs_root *root, const char *file)
{
	static const char *const folders[] = {"etc/systemd/system", "usr/local/lib/systemd/system",
					      "usr/lib/systemd/system", "lib/systemd/system"};

	for (size_t i = 0; systemd_runs(root) && i < ARRAY_SIZE(folders); i++) {
		auto_free char *path = fs_path("%s/%s", folders[i], file);

		if (fs_exists(root, path))
			return true;
	}
	return false;
}

int systemd_restart(const char *unit)
{
	const char *const args[] = {"systemctl", "--no-block", "restart", unit, NULL};

	return exec_run(args, NULL, ANSWER_MS);
}
