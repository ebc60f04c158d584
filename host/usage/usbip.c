// SPDX-License-Identifier: GPL-2.0-or-later
/* USB devices that this host exports by usbip: the kernel itself talks to the other host, and
 * nobody has their node open. */
#include "host/usage/searches.h"

#include <string.h>

/* A device that another host has. (Linux: drivers/usb/usbip/usbip_common.h, SDEV_ST_USED; written
 * by stub_dev.c, usbip_status_show()) */
#define STATUS_USED "2"

static int add_exported(const struct survey_node *node, const char *name, struct usage *usage)
{
	int err = usage_add_command(
		usage, &node->device->bdf, USAGE_PROCESS,
		fs_path(_("its USB device %s is exported by usbip, and another host has it"), name),
		_("the other host would lose the device while it works with it"),
		strdup(_("end that use at the other host, or take the USB device back")),
		fs_path("usbip unbind --busid=%s", name));

	return err ? err : usage_name(usage, fs_path("/dev/%s", node->name));
}

int usage_find_usbip(const struct fs_root *root, const struct survey *survey,
		     const struct usage_device *device, struct usage *usage)
{
	int err = 0;

	for (size_t i = 0; !err && i < survey->n_nodes; i++) {
		const struct survey_node *node = &survey->nodes[i];
		auto_free char *path = NULL, *status = NULL;

		if (node->device != device || !after_prefix(node->name, "bus/usb/"))
			continue;
		path = fs_path("%s/usbip_status", node->path);
		err = fs_read_attr(root, path, &status);
		if (fs_is_absent(err) || err == -ENODEV) /* it has another driver */
			err = 0;
		else if (!err && !strcmp(status, STATUS_USED))
			err = add_exported(node, strrchr(node->path, '/') + 1, usage);
	}
	return err;
}
