// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/driver.h"

#include "host/pci/modules.h"

#include <string.h>

#define DRIVERS_DIR "sys/bus/pci/drivers/"

int driver_module(const struct fs_root *root, const char *driver, char **ret)
{
	auto_free char *path = fs_path(DRIVERS_DIR "%s/module", driver);

	return fs_link_name_if(root, path, ret);
}

int driver_registered(const struct fs_root *root, const char *driver)
{
	auto_free char *path = fs_path(DRIVERS_DIR "%s", driver);

	return fs_probe(root, path);
}

int driver_load(const struct fs_root *root, const char *driver, const char *module)
{
	cleanup_with(modules_closep) struct modules *modules = NULL;
	int there = driver_registered(root, driver);
	int err;

	if (there)
		return there < 0 ? there : 0;
	err = modules_open(root, &modules);
	if (!err)
		err = modules_load(modules, module);
	if (err)
		return err;
	there = driver_registered(root, driver);
	if (there < 0)
		return there;
	return there ? 0 : -ENXIO;
}

int driver_override(const struct fs_root *root, const struct bdf *bdf, char **ret)
{
	auto_free char *path = pci_path(bdf, "driver_override");
	auto_free char *text = NULL;
	int err = fs_read_attr(root, path, &text);

	if (err)
		return err;
	/* The kernel prints a NULL pointer with %s (Linux: drivers/pci/pci-sysfs.c). */
	*ret = *text && strcmp(text, "(null)") ? TAKE_PTR(text) : NULL;
	return 0;
}

/* echo DRIVER > /sys/bus/pci/devices/BDF/driver_override, or a bare newline, which clears it. */
int driver_set_override(const struct fs_root *root, const struct bdf *bdf, const char *driver)
{
	auto_free char *path = pci_path(bdf, "driver_override");
	auto_free char *text = fs_path("%s\n", driver ? driver : "");
	auto_free char *before = NULL, *after = NULL;
	int err = text ? driver_override(root, bdf, &before) : -ENOMEM;

	if (err || same_text(before, driver))
		return err;
	err = fs_write_attr(root, path, text);
	if (!err)
		err = driver_override(root, bdf, &after);
	if (err)
		return err;
	return same_text(after, driver) ? 0 : -EIO;
}

/* echo BDF > /sys/bus/pci/devices/BDF/driver/unbind */
int driver_unbind(const struct fs_root *root, const struct bdf *bdf)
{
	auto_free char *path = pci_path(bdf, "driver/unbind");
	auto_free char *driver = NULL;
	char text[BDF_TEXT_SIZE];
	int err;

	err = fs_write_attr(root, path, bdf_format(bdf, text));
	/* ENOENT and ENODEV: it went by itself, or had none; pci_driver() decides. */
	if (err && err != -ENOENT && err != -ENODEV)
		return err;
	err = pci_driver(root, bdf, &driver);
	if (err)
		return err;
	return driver ? -EBUSY : 0;
}

/* echo BDF > /sys/bus/pci/drivers_probe */
int driver_probe(const struct fs_root *root, const struct bdf *bdf, const char *driver)
{
	auto_free char *now = NULL;
	char text[BDF_TEXT_SIZE];
	int err, write_err;

	write_err = fs_write_attr(root, "sys/bus/pci/drivers_probe", bdf_format(bdf, text));
	err = pci_driver(root, bdf, &now);
	if (err)
		return err;
	if (same_text(now, driver))
		return 0;
	return write_err ? write_err : -ENXIO;
}

/* echo VALUE > /sys/bus/pci/devices/BDF/NAME */
int driver_set_attribute(const struct fs_root *root, const struct bdf *bdf, const char *name,
			 const char *value)
{
	auto_free char *path = pci_path(bdf, name);
	auto_free char *before = NULL, *after = NULL;
	int err = fs_read_attr(root, path, &before);

	if (err || !strcmp(before, value))
		return err;
	err = fs_write_attr(root, path, *value ? value : "\n");
	if (!err)
		err = fs_read_attr(root, path, &after);
	if (err)
		return err;
	/* "default" reads back as what that is for this device. */
	return !strcmp(after, value) || !strcmp(value, "default") ? 0 : -EIO;
}

/* echo "VENDOR DEVICE" > /sys/bus/pci/drivers/DRIVER/remove_id */
int driver_forget_id(const struct fs_root *root, const char *driver, const struct pci_identity *id)
{
	auto_free char *path = fs_path(DRIVERS_DIR "%s/remove_id", driver);
	auto_free char *text = fs_path("%04x %04x", id->vendor, id->device);
	int err;

	if (!text)
		return -ENOMEM;
	err = fs_write_attr(root, path, text);
	return err == -ENODEV ? 0 : err;
}
