// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/sriov/units.h"

#include <string.h>

#define TEXT_MAX ((size_t)1024 * 1024)

/* Where links of units that are enabled are. */
static const char *const places[] = {"etc/systemd/system", "run/systemd/system",
				     "usr/local/lib/systemd/system", "usr/lib/systemd/system",
				     "lib/systemd/system"};

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len > end && !strcmp(name + len - end, suffix);
}

/* Whether the link LINK is the unit NAME, or, when that is a template "a@.service", one of its
 * instances. */
static bool is_unit(const char *link, const char *name)
{
	const char *at = strchr(name, '@');

	if (!at || strncmp(at, "@.", 2))
		return !strcmp(link, name);
	return !strncmp(link, name, (size_t)(at + 1 - name)) && ends_in(link, at + 1);
}

/* Whether the directory has a link of the unit. */
static int has_link(const struct fs_root *root, const char *dir, const char *name)
{
	auto_names struct fs_names links = {0};
	int err = fs_list(root, dir, &links);

	for (size_t i = 0; !err && i < links.n; i++)
		if (is_unit(links.items[i], name))
			return 1;
	return err;
}

int units_enabled(const struct fs_root *root, const char *name)
{
	int found = 0;

	for (size_t p = 0; !found && p < ARRAY_SIZE(places); p++) {
		auto_names struct fs_names dirs = {0};

		found = fs_list(root, places[p], &dirs);
		for (size_t i = 0; !found && i < dirs.n; i++) {
			auto_free char *dir = fs_path("%s/%s", places[p], dirs.items[i]);

			if (ends_in(dirs.items[i], ".wants") || ends_in(dirs.items[i], ".requires"))
				found = dir ? has_link(root, dir, name) : -ENOMEM;
		}
	}
	return found;
}

int units_may_run(const struct fs_root *root, const char *path, const char *name)
{
	static const char *const starters[] = {"timer", "path", "socket"};
	auto_free char *text = NULL;
	int err = fs_read_regular(root, path, TEXT_MAX, &text, NULL);
	int found;

	/* A link to /dev/null, by which it is masked, reads as nothing. */
	if (err)
		return fs_is_absent(err) || err == -EISDIR || err == -EMEDIUMTYPE ? 0 : err;
	if (!strstr(text, "[Install]"))
		return *text != '\0';
	found = units_enabled(root, name);
	for (size_t i = 0; !found && i < ARRAY_SIZE(starters); i++) {
		auto_free char *starter = fs_path("%.*s.%s", (int)strcspn(name, "."), name,
						  starters[i]);

		found = starter ? units_enabled(root, starter) : -ENOMEM;
	}
	return found;
}
