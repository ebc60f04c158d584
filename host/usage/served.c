// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the drivers of the platform's own functions serve: host bridges, ISA bridges and SMBus
 * controllers have no disk or interface below them, but other devices of the board, whose drivers
 * work through them. One without a driver serves nothing: VFIO takes it like any other device.
 */
#include "host/text/strbuf.h"
#include "host/pci/pci.h"
#include "host/usage/searches.h"

#include <string.h>

/* Deeper than a device on an I2C bus behind a multiplexer. */
#define DEPTH_MAX 8

/* What has a driver below the device. */
struct served {
	struct strbuf names, modules; /* "a, b" of the drivers, " a b" of their modules */
};

static void free_served(struct served *served)
{
	strbuf_free(&served->names);
	strbuf_free(&served->modules);
}

static bool is_platform(const struct usage_device *device)
{
	return device->class >> 16 == PCI_BASE_CLASS_BRIDGE ||
	       device->class >> 8 == PCI_CLASS_SMBUS;
}

/* Those that serve no one else: they only hold a device for VFIO, or let it be taken. */
static bool is_placeholder(const char *driver)
{
	return strstr(driver, "vfio") || !strcmp(driver, "pci-stub") || !strcmp(driver, "pcieport");
}

/*
 * What memory modules tell of themselves, without which the host can do for a while; and the clock,
 * which newer kernels (7.3) have below the ISA bridge: its ports are those of the chipset, whatever
 * driver the bridge has.
 */
static bool is_dispensable(const char *driver)
{
	static const char *const names[] = {"ee1004", "spd5118",  "at24",      "eeprom",
					    "jc42",   "rtc_cmos", "alarmtimer"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(driver, names[i]))
			return true;
	return false;
}

static int add_child(const struct fs_root *root, const char *path, struct served *served)
{
	auto_free char *driver_path = fs_path("%s/driver", path);
	auto_free char *module_path = fs_path("%s/driver/module", path);
	auto_free char *driver = NULL, *module = NULL;
	int err = driver_path && module_path ? fs_link_name_if(root, driver_path, &driver)
					     : -ENOMEM;

	if (err || !driver || is_dispensable(driver))
		return err;
	err = fs_link_name_if(root, module_path, &module);
	if (err)
		return err;
	strbuf_add_item(&served->names, "%s", driver);
	if (module)
		strbuf_add(&served->modules, " %s", module);
	return 0;
}

/* Adds the drivers of all devices below PATH. */
static int walk(const struct fs_root *root, const char *path, struct served *served, int depth)
{
	auto_names struct fs_names names = {0};
	int err = depth < DEPTH_MAX ? fs_list_dirs(root, path, &names) : 0;

	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *child = fs_path("%s/%s", path, names.items[i]);

		err = child ? add_child(root, child, served) : -ENOMEM;
		if (!err)
			err = walk(root, child, served, depth + 1);
	}
	return err;
}

static int add_served(const struct usage_device *device, const struct served *served,
		      struct usage *usage)
{
	const char *modules = served->modules.text;
	int err = usage_add_command(
		usage, &device->bdf, USAGE_CHIPSET,
		fs_path(_("its driver %s serves other devices of the host: %s"), device->driver,
			served->names.text),
		_("they stop working: watchdogs, sensors, GPIOs or the firmware's flash; a "
		  "watchdog that runs may reset the host"),
		strdup(modules ? _("if the host can do without them, unload their drivers, and "
				   "blacklist them if they come back at the next boot")
			       : _("choose a device outside of its IOMMU group")),
		modules ? fs_path("modprobe -r%s", modules) : strdup("host-setup groups"));

	return err ? err : usage_name(usage, strdup(device->driver));
}

/* The memory of an old integrated GPU is mapped by a driver of the host bridge. */
static int add_agp(const struct usage_device *device, struct usage *usage)
{
	int err = usage_add_command(
		usage, &device->bdf, USAGE_CHIPSET,
		fs_path(_("its driver %s maps the memory of the host's graphics"), device->driver),
		_("the host's screen, and programs that draw to it, may stop working at once"),
		strdup(_("choose a device outside of its IOMMU group")),
		strdup("host-setup groups"));

	return err ? err : usage_name(usage, strdup(device->driver));
}

/* Errors of the memory, temperatures, performance counters: nothing hangs on them. */
static int add_alone(const struct usage_device *device, struct usage *usage)
{
	int err = usage_add(usage, &device->bdf, USAGE_CHIPSET,
			    fs_path(_("its driver %s serves the host"), device->driver),
			    _("the host is without that until the device is given back"),
			    strdup(_("none is needed")));

	if (!err)
		usage_last(usage)->harmless = true;
	return err;
}

int usage_find_served(const struct fs_root *root, const struct usage_device *device,
		      struct usage *usage)
{
	cleanup_with(free_served) struct served served = {0};
	auto_free char *path = NULL;
	int err;

	if (!is_platform(device) || !device->driver || is_placeholder(device->driver))
		return 0;
	if (after_prefix(device->driver, "agpgart"))
		return add_agp(device, usage);
	path = pci_dir(&device->bdf);
	err = path ? walk(root, path, &served, 0) : -ENOMEM;
	if (err)
		return err;
	if (served.names.failed || served.modules.failed)
		return -ENOMEM;
	if (served.names.len)
		return add_served(device, &served, usage);
	return device->class >> 16 == PCI_BASE_CLASS_BRIDGE ? add_alone(device, usage) : 0;
}
