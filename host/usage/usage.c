// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/usage.h"

#include "host/pci/iommu.h"
#include "host/pci/pci.h"
#include "host/base/strbuf.h"
#include "host/usage/searches.h"
#include "host/pci/vfio.h"

#include <string.h>

/* Those have no directory of a bus below them, so nothing else refuses them. */
static int find_chipset(const struct usage_device *device, struct usage *usage)
{
	uint32_t class = device->class >> 8;

	if (class != PCI_CLASS_HOST_BRIDGE && class != PCI_CLASS_ISA_BRIDGE)
		return 0;
	return usage_add(usage, &device->bdf, USAGE_CHIPSET,
			 strdup(class == PCI_CLASS_HOST_BRIDGE
					? _("it is the platform's own host bridge")
					: _("it is the platform's own ISA bridge")),
			 _("the host cannot do without it, and may stop at once"),
			 strdup(_("choose a device outside of its IOMMU group: "
				  "host-setup groups")));
}

/* Which VM has a VF: the one whose QEMU has its IOMMU group open. "" when none has. */
static char *vm_of_vf(const struct fs_root *root, const struct bdf *bdf)
{
	auto_holders struct vfio_holders holders = {0};
	int group = iommu_group_of(root, bdf);

	if (group < 0 || vfio_group_holders(root, group, &holders) || !holders.n ||
	    !holders.items[0].vmid)
		return strdup("");
	return fs_path(", VM %u", holders.items[0].vmid);
}

/* What a VF does now, "0000:03:10.0 (iavf, enp3s0f0v0)" or "0000:03:10.1 (vfio-pci, VM 100)". */
static int put_vf(const struct fs_root *root, const struct bdf *bdf, struct strbuf *to)
{
	auto_free char *net_path = pci_path(bdf, "net");
	auto_names struct fs_names nets = {0};
	auto_free char *driver = NULL, *vm = NULL;
	char address[BDF_TEXT_SIZE];
	int err;

	err = pci_driver(root, bdf, &driver);
	if (!err)
		err = fs_list(root, net_path, &nets);
	if (err)
		return err;
	if (driver && !strcmp(driver, "vfio-pci"))
		vm = vm_of_vf(root, bdf);
	strbuf_add_item(to, "%s (%s%s%s%s)", bdf_format(bdf, address),
			driver ? driver : _("no driver"), nets.n ? ", " : "",
			nets.n ? nets.items[0] : "", vm ? vm : "");
	return 0;
}

/* The VFs by their links, never by sriov_numvfs: reading that waits for the device's lock. *RET
 * becomes "" when there are none. */
static int describe_vfs(const struct fs_root *root, const struct bdf *bdf, char **ret)
{
	auto_free char *dir = pci_dir(bdf);
	auto_names struct fs_names names = {0};
	auto_strbuf struct strbuf text = {0};
	/* The first one is there while any is (Linux: drivers/pci/iov.c, sriov_enable()). */
	int err = pci_probe_file(root, bdf, "virtfn0");

	if (err > 0)
		err = fs_list(root, dir, &names);
	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = NULL, *address = NULL;
		struct bdf vf;

		if (!after_prefix(names.items[i], "virtfn"))
			continue;
		path = pci_path(bdf, names.items[i]);
		err = fs_link_name_if(root, path, &address);
		if (!err && address && !bdf_parse(address, &vf))
			err = put_vf(root, &vf, &text);
	}
	if (err)
		return err;
	*ret = strbuf_take(&text);
	return *ret ? 0 : -ENOMEM;
}

static int find_vfs(const struct fs_root *root, const struct usage_device *device,
		    struct usage *usage)
{
	auto_free char *vfs = NULL;
	char address[BDF_TEXT_SIZE];
	int err = describe_vfs(root, &device->bdf, &vfs);

	if (err || !vfs || !*vfs)
		return err;
	return usage_add_command(
		usage, &device->bdf, USAGE_VFS,
		fs_path(_("it is an SR-IOV PF whose VFs are in use or ready for it: %s"), vfs),
		_("all of them would vanish or go dead, under the VMs and interfaces that use them"),
		strdup(_("pass a VF instead, or take them away")),
		fs_path("echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs",
			bdf_format(&device->bdf, address)));
}

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
			 "take the console off the card")),
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

static int find_for_device(const struct fs_root *root, const struct usage_device *device,
			   struct survey *survey, struct usage *usage)
{
	int err = survey_device(root, device, survey);

	if (!err && is_nvidias(device))
		err = add_nvidia_node(root, device, survey);
	if (!err)
		err = find_chipset(device, usage);
	if (!err)
		err = find_vfs(root, device, usage);
	return err ? err : find_console(root, survey, device, usage);
}

int usage_read(const struct fs_root *root, const struct usage_device *devices, size_t n,
	       struct usage *ret)
{
	auto_survey struct survey survey = {0};
	auto_usage struct usage usage = {0};
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = find_for_device(root, &devices[i], &survey, &usage);
	if (!err)
		err = usage_find_disks(root, &survey, &usage);
	if (!err)
		err = usage_find_nets(root, &survey, &usage);
	if (!err)
		err = usage_find_openers(root, &survey, &usage);
	if (err)
		return err;
	*ret = usage;
	usage = (struct usage){0};
	return 0;
}
