// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/usage.h"

#include "host/pci/pci.h"
#include "host/text/strbuf.h"
#include "host/usage/searches.h"

#include <string.h>

static bool is_nvidias(const struct usage_device *device)
{
	return device->driver && after_prefix(device->driver, "nvidia");
}

/* The console of the kernel that writes to a framebuffer, "vtcon1", or NULL. Returns 0 or -errno.
 */
static int find_framebuffer_console(const struct fs_root *root, char **ret)
{
	static const char dir[] = "sys/class/vtconsole";
	auto_names struct fs_names consoles = {0};
	int err = fs_list(root, dir, &consoles);

	for (size_t i = 0; !err && i < consoles.n; i++) {
		auto_free char *name_path = fs_path("%s/%s/name", dir, consoles.items[i]);
		auto_free char *bind_path = fs_path("%s/%s/bind", dir, consoles.items[i]);
		auto_free char *name = NULL, *bind = NULL;

		err = fs_read_attr(root, name_path, &name);
		if (!err)
			err = fs_read_attr(root, bind_path, &bind);
		if (!err && strstr(name, "frame buffer") && !strcmp(bind, "1")) {
			*ret = strdup(consoles.items[i]);
			return *ret ? 0 : -ENOMEM;
		}
		if (err == -ENOENT) /* it has gone meanwhile */
			err = 0;
	}
	return err;
}

static bool has_framebuffer(const struct survey *survey, const struct usage_device *device)
{
	for (size_t i = 0; i < survey->n_nodes; i++)
		if (survey->nodes[i].device == device && !survey->nodes[i].block &&
		    after_prefix(survey->nodes[i].name, "fb"))
			return true;
	return false;
}

static bool is_boot_display(const struct fs_root *root, const struct usage_device *device)
{
	auto_free char *path = pci_path(&device->bdf, "boot_vga");
	auto_free char *text = NULL;

	return device->class >> 16 == PCI_BASE_CLASS_DISPLAY && !fs_read_attr(root, path, &text) &&
	       !strcmp(text, "1");
}

/*
 * DRM's own drivers let their console go when they are unbound; NVIDIA's waits for it for ever. So
 * the latter blocks a start, and the former is only reported.
 */
static int find_console(const struct fs_root *root, const struct survey *survey,
			const struct usage_device *device, struct usage *usage)
{
	bool boot = is_boot_display(root, device);
	auto_free char *console = NULL;
	int err = has_framebuffer(survey, device) ? find_framebuffer_console(root, &console) : 0;

	if (err)
		return err;
	if (!device->driver || !strcmp(device->driver, "vfio-pci") || (!console && !boot))
		return 0;
	err = usage_add_command(
		usage, &device->bdf, USAGE_DISPLAY,
		strdup(console ? _("it shows the host's console")
			       : _("it shows the host's boot messages")),
		_("the host's screen goes dark until the device is given back, and with "
		  "some cards until the next boot"),
		strdup(_("make sure that you reach this host by network or serial console, then "
			 "unbind the console from the card")),
		fs_path("echo 0 > /sys/class/vtconsole/%s/bind", console ? console : "vtcon1"));
	if (!err) {
		usage_last(usage)->harmless = !console || !is_nvidias(device);
		usage_last(usage)->vital = !usage_last(usage)->harmless;
	}
	return err;
}

/* NVIDIA's nodes are below no device in sysfs; its driver tells which belongs to which. */
static int add_nvidia_node(const struct fs_root *root, const struct usage_device *device,
			   struct survey *survey)
{
	char address[BDF_TEXT_SIZE];
	auto_free char *path = fs_path("proc/driver/nvidia/gpus/%s/information",
				       bdf_format(&device->bdf, address));
	auto_free char *text = NULL;
	struct survey_node node = {.device = device, .major = 195};
	const char *at;
	int err = fs_read(root, path, (size_t)64 * 1024, &text, NULL);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	at = strstr(text, "Device Minor:");
	if (!at)
		return 0;
	node.minor = (unsigned int)strtoul(at + strlen("Device Minor:"), NULL, 10);
	node.name = fs_path("nvidia%u", node.minor);
	node.path = strdup("");
	return survey_add_node(survey, &node);
}

static usage_search *const searches[] = {
	usage_find_serial_console, usage_find_watchdogs, usage_find_shares,
	usage_find_keyboards,	   usage_find_dma,	 usage_find_crypto,
	usage_find_usbip,
};

static int find_for_device(const struct fs_root *root, const struct usage_device *device,
			   struct survey *survey, struct usage *usage)
{
	int err = survey_device(root, device, survey);

	if (!err && is_nvidias(device))
		err = add_nvidia_node(root, device, survey);
	err = err ?: usage_find_served(root, device, usage);
	err = err ?: usage_find_parts(root, device, usage);
	err = err ?: find_console(root, survey, device, usage);
	for (size_t i = 0; !err && i < ARRAY_SIZE(searches); i++)
		err = searches[i](root, survey, device, usage);
	return err;
}

int usage_read_survey(const struct fs_root *root, const struct usage_device *devices, size_t n,
		      struct usage *ret, struct survey *survey)
{
	auto_usage struct usage usage = {0};
	int err = mounts_read(root, 1, &survey->mounts);

	for (size_t i = 0; !err && i < n; i++)
		err = find_for_device(root, &devices[i], survey, &usage);
	err = err ?: usage_find_disks(root, survey, &usage);
	err = err ?: usage_find_nets(root, survey, &usage);
	err = err ?: usage_survey_holders(root, &usage, survey);
	err = err ?: usage_find_openers(root, survey, &usage);
	err = err ?: usage_find_containers(root, survey, &usage);
	if (err)
		return err;
	*ret = usage;
	usage = (struct usage){0};
	return 0;
}

int usage_read(const struct fs_root *root, const struct usage_device *devices, size_t n,
	       struct usage *ret)
{
	auto_survey struct survey survey = {0};

	return usage_read_survey(root, devices, n, ret, &survey);
}
