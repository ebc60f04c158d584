// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watchdogs without a node below their device. (One below it is a node like any other, which
 * watchdog-mux has open.) Drivers that name no device for their node have it among the virtual
 * ones; that it is open shows only as a reference to their module.
 */
#include "host/pci/pci.h"
#include "host/usage/searches.h"

#include <string.h>

#define CLASS_IPMI 0x0c07

/* System peripherals, bridges, SMBus controllers and the interface to a BMC, whose watchdog is that
 * of ipmi_watchdog: what a watchdog is a part of. Many other drivers have references for other
 * reasons. */
static bool may_be_watchdog(unsigned int class)
{
	return class >> 16 == 0x08 || class >> 16 == PCI_BASE_CLASS_BRIDGE ||
	       class >> 8 == PCI_CLASS_SMBUS || class >> 8 == CLASS_IPMI;
}

static bool has_watchdog_below(const struct survey *survey, const struct usage_device *device)
{
	for (size_t i = 0; i < survey->n_nodes; i++)
		if (survey->nodes[i].device == device &&
		    after_prefix(survey->nodes[i].name, "watchdog"))
			return true;
	return false;
}

/* Whether a watchdog of the host has no device; -errno: unknown. */
static int has_watchdog_without_device(const struct fs_root *root)
{
	static const char *const dirs[] = {"sys/class/watchdog", "sys/class/misc"};

	for (size_t k = 0; k < ARRAY_SIZE(dirs); k++) {
		auto_names struct fs_names names = {0};
		int err = fs_list(root, dirs[k], &names);

		for (size_t i = 0; !err && i < names.n; i++) {
			auto_free char *device = fs_path("%s/%s/device", dirs[k], names.items[i]);
			int there;

			if (!after_prefix(names.items[i], "watchdog"))
				continue;
			there = fs_probe(root, device);
			if (there <= 0)
				return there ? there : 1;
		}
		if (err)
			return err;
	}
	return 0;
}

/* How many users the driver's module has; 0 for one that is built in. */
static int read_references(const struct fs_root *root, const struct usage_device *device,
			   unsigned int *ret)
{
	auto_free char *link = pci_path(&device->bdf, "driver/module");
	auto_free char *module = NULL, *path = NULL, *text = NULL;
	int err = fs_link_name_if(root, link, &module);

	*ret = 0;
	if (err || !module)
		return err;
	path = fs_path("sys/module/%s/refcnt", module);
	err = fs_read_attr(root, path, &text);
	if (err)
		return err == -ENOENT ? 0 : err;
	return number_parse(text, ret) ? 0 : -EBADMSG;
}

int usage_find_watchdogs(const struct fs_root *root, const struct survey *survey,
			 const struct usage_device *device, struct usage *usage)
{
	unsigned int references = 0;
	int err;

	if (!device->driver || strstr(device->driver, "vfio") || !may_be_watchdog(device->class) ||
	    has_watchdog_below(survey, device))
		return 0;
	err = has_watchdog_without_device(root);
	if (err <= 0)
		return err;
	err = read_references(root, device, &references);
	if (err || !references)
		return err;
	err = usage_add_command(
		usage, &device->bdf, USAGE_CHIPSET,
		fs_path(_("its driver %s is in use, which may be as the host's watchdog"),
			device->driver),
		_("a host that hangs would not be reset any more, on which high availability "
		  "relies"),
		strdup(_("end what has the watchdog open, which may be")),
		strdup("systemctl stop watchdog-mux.service"));
	return err ? err : usage_name(usage, strdup(device->driver));
}
