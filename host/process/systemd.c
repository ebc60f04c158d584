// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/systemd.h"

#include "host/process/program.h"

#include <string.h>

/* systemd answers in milliseconds; while it restarts itself, in a second. */
#define ANSWER_MS 3000

static bool systemd_runs(const struct fs_root *root)
{
	return fs_probe(root, "run/systemd/system") > 0;
}

bool systemd_is_stopping(const struct fs_root *root)
{
	static const char *const args[] = {"systemctl", "is-system-running", NULL};
	const struct program program = {.args = args, .limit_ms = ANSWER_MS, .max = 64};
	auto_program_end struct program_end end = {0};

	/* Its exit status says other things. */
	return systemd_runs(root) && !program_run(&program, &end) &&
	       !strcmp(end.output, "stopping\n");
}

bool systemd_has_unit(const struct fs_root *root, const char *file)
{
	static const char *const dirs[] = {"etc/systemd/system", "usr/local/lib/systemd/system",
					   "usr/lib/systemd/system", "lib/systemd/system"};

	for (size_t i = 0; systemd_runs(root) && i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = fs_path("%s/%s", dirs[i], file);

		if (fs_probe(root, path) > 0)
			return true;
	}
	return false;
}

int systemd_restart(const struct fs_root *root, const char *unit)
{
	const char *const args[] = {"systemctl", "--no-block", "restart", unit, NULL};
	const struct program program = {.args = args, .limit_ms = ANSWER_MS, .goes_on = true};
	auto_program_end struct program_end end = {0};

	return program_act(root, &program, &end);
}
