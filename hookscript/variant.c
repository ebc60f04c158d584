// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/variant.h"

#include "host/driver.h"
#include "host/log.h"

#include <string.h>

const char *variant_driver(const struct facts *facts, const struct device *device)
{
	const struct device_setting *setting = settings_device(
		facts->settings, &device->bdf, device->identity.vendor, device->identity.device);
	const struct candidate *candidate = facts_chosen(facts, &device->bdf);

	if (!setting || !candidate || candidate->entry == ENTRY_ARGS)
		return NULL;
	return hostpci_keeps_driver(facts->vm->hostpci[candidate->entry]) ? setting->driver : NULL;
}

int variant_load(const struct fs_root *root, const struct plan *plan)
{
	int err = 0;

	for (size_t i = 0; !err && i < plan->n_steps; i++) {
		const struct plan_step *step = &plan->steps[i];
		char address[BDF_TEXT_SIZE];

		err = step->variant ? driver_load(root, step->variant, step->variant) : 0;
		if (err)
			log_device(
				LOG_LEVEL_ERROR, &step->device->bdf, step->returns_to,
				_("%s: the module of its vfio variant driver %s cannot be loaded: "
				  "%s; try: modprobe %s; or correct the setting: driver = \"%s\""),
				bdf_format(&step->device->bdf, address), step->variant,
				strerror(-err), step->variant, step->variant);
	}
	return err;
}
