// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/lxc.h"

#include <string.h>

#define EVENTS_MAX ((size_t)4096)

/* Of the unified hierarchy, and of the old ones; and the monitors' of both. */
static const char *const dirs[] = {"sys/fs/cgroup/lxc", "sys/fs/cgroup/systemd/lxc"};
static const char *const monitors[] = {"sys/fs/cgroup/lxc.monitor",
				       "sys/fs/cgroup/systemd/lxc.monitor"};

/* Whether a process is in the group, or below it. (Linux:
 * Documentation/admin-guide/cgroup-v2.rst, cgroup.events) */
static int is_populated(const struct fs_root *root, const char *dir, unsigned int ctid)
{
	auto_free char *path = fs_path("%s/%u", dir, ctid);
	auto_free char *events = fs_path("%s/%u/cgroup.events", dir, ctid);
	auto_free char *text = NULL;
	int there = fs_probe(root, path), err;

	if (there <= 0)
		return there;
	err = fs_read(root, events, EVENTS_MAX, &text, NULL);
	if (err)
		return fs_is_absent(err) ? 1 : err == -ENODEV ? 0 : err;
	return !strstr(text, "populated 0");
}

int lxc_runs(const struct fs_root *root, unsigned int ctid)
{
	int runs = 0;

	for (size_t i = 0; !runs && i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = fs_path("%s/%u", dirs[i], ctid);

		runs = fs_probe(root, path);
		if (runs > 0)
			runs = is_populated(root, dirs[i], ctid)
				       ?: is_populated(root, monitors[i], ctid);
	}
	return runs;
}

int lxc_list_running(const struct fs_root *root, struct fs_names *ret)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(dirs); i++) {
		auto_names struct fs_names names = {0};

		err = fs_list_dirs(root, dirs[i], &names);
		for (size_t k = 0; !err && k < names.n; k++) {
			unsigned int ctid;
			int runs;

			if (!number_parse(names.items[k], &ctid) ||
			    fs_names_has(ret, names.items[k]))
				continue;
			runs = lxc_runs(root, ctid);
			err = runs > 0 ? fs_names_add(ret, names.items[k]) : runs;
		}
	}
	return err;
}
