// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/bind/load.h"

#include "host/base/log.h"
#include "host/pci/driver.h"
#include "host/pci/modules.h"

#include <string.h>

static void report(struct modules *modules, const char *name, int err)
{
	struct module_obstacle obstacle;
	auto_free char *text = NULL;

	if (!modules_find_obstacle(modules, name, err == -ECANCELED, &obstacle))
		text = obstacle.text;
	if (text)
		log_error(
			obstacle.on_cmdline
				? _("module %s is not loaded: the kernel command line has %s; "
				    "remove that where the boot loader reads it, and reboot")
				: _("module %s is not loaded: modprobe.d has the line: %s; remove "
				    "that line; where it is: grep -rn '^ *install' /etc/modprobe.d "
				    "/run/modprobe.d /lib/modprobe.d"),
			name, text);
	else
		log_error(_("module %s cannot be loaded: %s; try: modprobe %s; journalctl -k -n "
			    "20"),
			  name, module_strerror(err), name);
}

/* vfio-pci does not depend on type1, without which a group opens but no device works. Kernels
 * before 6.2 have vfio_virqfd as a module of its own. */
int load_vfio(const struct fs_root *root)
{
	static const char *const names[] = {"vfio", "vfio_iommu_type1", "vfio_virqfd", "vfio_pci"};
	cleanup_with(modules_closep) struct modules *modules = NULL;
	int err, registered;

	if (driver_registered(root, DRIVER_VFIO_PCI) > 0 &&
	    module_is_loaded(root, "vfio_iommu_type1") > 0)
		return 0;
	err = modules_open(root, &modules);
	if (err)
		log_error("%s", _("out of memory"));
	for (size_t i = 0; !err && i < ARRAY_SIZE(names); i++) {
		int there = strcmp(names[i], "vfio_virqfd") ? 1 : modules_has(modules, names[i]);

		if (!there)
			continue;
		err = there < 0 ? there : modules_load(modules, names[i]);
		if (err)
			report(modules, names[i], err);
	}
	registered = err ? err : driver_registered(root, DRIVER_VFIO_PCI);
	if (!err && registered <= 0) {
		log_error(_("module vfio_pci is loaded, but /sys/bus/pci/drivers/vfio-pci cannot "
			    "be found: %s; see: journalctl -k -n 20"),
			  strerror(registered ? -registered : ENOENT));
		err = registered ? registered : -ENODEV;
	}
	return err;
}

int load_variants(const struct fs_root *root, const struct plan *plan)
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
				module_strerror(err), step->variant, step->variant);
	}
	return err;
}
