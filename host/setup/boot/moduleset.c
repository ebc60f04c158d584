// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/boot/moduleset.h"
#include "host/base/log.h"
#include "host/pci/modules.h"

#include <string.h>

int moduleset_load(const struct fs_root *root, const char *const *names, size_t n)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	int err = modules_open(root, &modules);

	for (size_t i = 0; i < n && !err; i++) {
		if (module_is_loaded(root, names[i]))
			continue;
		err = modules_load(modules, names[i]);
		if (err)
			log_warning(_("%s could not be loaded: %s\nsee what it says: modprobe %s"),
				    names[i], strerror(-err), names[i]);
		else
			log_info(_("loaded: %s"), names[i]);
	}
	return err;
}
