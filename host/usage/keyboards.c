// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether all keyboards of the host are below one device: a USB controller, mostly. */
#include "host/pci/pci.h"
#include "host/usage/searches.h"

#include <limits.h>
#include <string.h>

#define INPUTS "sys/class/input"

/* What udev calls a keyboard: it has all keys from Escape to D. (systemd:
 * src/udev/udev-builtin-input_id.c) */
#define KEYS 0xfffffffeUL

static bool is_keyboard(const char *capabilities)
{
	const char *last = strrchr(capabilities, ' ');
	unsigned long keys = strtoul(last ? last + 1 : capabilities, NULL, 16);

	return (keys & KEYS) == KEYS;
}

/* Whether PATH, of an input device, is that of something which programs made up. */
static bool is_virtual(const char *path)
{
	return strstr(path, "/devices/virtual/") != NULL;
}

/* Counts the keyboard that INPUTS/NAME may be, and whether it is below the directory DIR. */
static int count(const struct fs_root *root, const char *name, const char *dir, size_t *all,
		 size_t *below)
{
	auto_free char *link = fs_path(INPUTS "/%s", name);
	auto_free char *path = fs_path(INPUTS "/%s/capabilities/key", name);
	auto_free char *target = NULL, *keys = NULL;
	const char *at;
	int err = fs_link_target(root, link, &target);

	if (!err)
		err = fs_read_attr(root, path, &keys);
	if (err) /* it has gone meanwhile, or is none */
		return fs_is_absent(err) || err == -EINVAL || err == -ENODEV ? 0 : err;
	if (!is_keyboard(keys) || is_virtual(target))
		return 0;
	++*all;
	at = strstr(target, dir);
	*below += at && at[strlen(dir)] == '/';
	return 0;
}

int usage_find_keyboards(const struct fs_root *root, const struct survey *survey,
			 const struct usage_device *device, struct usage *usage)
{
	auto_names struct fs_names names = {0};
	size_t all = 0, below = 0;
	const char *address = bdf_text(&device->bdf);
	auto_free char *dir = fs_path("/%s", address);
	int err;

	(void)survey;
	if (!device->driver || !dir)
		return dir ? 0 : -ENOMEM;
	err = fs_list(root, INPUTS, &names);
	for (size_t i = 0; !err && i < names.n; i++)
		if (after_prefix(names.items[i], "input"))
			err = count(root, names.items[i], dir, &all, &below);
	if (err || !below || below < all)
		return err;
	err = usage_add(usage, &device->bdf, USAGE_PROCESS,
			strdup(_("the host's only keyboard is connected to it")),
			_("nobody can type at this host until the device is given back"),
			strdup(_("make sure that you reach this host by network or serial "
				 "console, or connect a keyboard elsewhere")));
	if (!err)
		usage_last(usage)->harmless = true;
	return err;
}
