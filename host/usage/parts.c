// SPDX-License-Identifier: GPL-2.0-or-later
/* Parts of a device that VMs or the host use by themselves: SR-IOV VFs and mediated devices. */
#include "host/text/strbuf.h"
#include "host/pci/iommu.h"
#include "host/pci/pci.h"
#include "host/pci/sriov.h"
#include "host/pci/vfio.h"
#include "host/usage/searches.h"

#include <string.h>

/* Where to look, and what is read when it is first needed, of many parts once. */
struct parts {
	const struct fs_root *root;
	bool read;
	struct vfio_vms vms;
};

static void parts_end(struct parts *parts)
{
	vfio_vms_free(&parts->vms);
}

/* Which VM has a part: the one whose QEMU has its IOMMU group open. "" when none is known to. */
static char *vm_of_group(struct parts *parts, int group)
{
	unsigned int vmid = 0;

	if (group < 0)
		return strdup("");
	if (!parts->read)
		(void)!vfio_vms_read(parts->root, &parts->vms);
	parts->read = true;
	(void)!vfio_vms_find(parts->root, &parts->vms, group, &vmid);
	return vmid ? fs_path(", VM %u", vmid) : strdup("");
}

/* What a VF does now, "0000:03:10.0 (iavf, enp3s0f0v0)" or "0000:03:10.1 (vfio-pci, VM 100)". */
static int put_vf(struct parts *parts, const struct bdf *bdf, struct strbuf *to)
{
	const struct fs_root *root = parts->root;
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
	if (driver && (!strcmp(driver, "vfio-pci") || vfio_has_device(root, bdf)))
		vm = vm_of_group(parts, iommu_group_of(root, bdf));
	strbuf_add_item(to, "%s (%s%s%s%s)", bdf_format(bdf, address),
			driver ? driver : _("no driver"), nets.n ? ", " : "",
			nets.n ? nets.items[0] : "", vm ? vm : "");
	return 0;
}

/* *RET becomes "" when there are none. */
static int describe_vfs(struct parts *parts, const struct bdf *bdf, char **ret)
{
	auto_sriov struct sriov sriov = {0};
	auto_strbuf struct strbuf text = {0};
	int err = sriov_read(parts->root, bdf, &sriov);

	for (size_t i = 0; !err && i < sriov.n_vfs; i++)
		err = put_vf(parts, &sriov.vfs[i].bdf, &text);
	if (err)
		return err;
	*ret = strbuf_take(&text);
	return *ret ? 0 : -ENOMEM;
}

static int find_vfs(struct parts *parts, const struct usage_device *device, struct usage *usage)
{
	auto_free char *vfs = NULL;
	char address[BDF_TEXT_SIZE];
	int err = describe_vfs(parts, &device->bdf, &vfs);

	if (err || !vfs || !*vfs)
		return err;
	return usage_add_command(
		usage, &device->bdf, USAGE_VFS,
		fs_path(_("it is an SR-IOV PF whose VFs are in use or ready for it: %s"), vfs),
		_("all of them would be removed or stop working, and the VMs and interfaces that "
		  "use them with them"),
		strdup(_("pass a VF instead, or remove them")),
		fs_path("echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs",
			bdf_format(&device->bdf, address)));
}

/* ---- mediated devices ---- */

/* A directory with the name of a UUID, as each mediated device has below its parent. */
static bool is_uuid(const char *name)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(name) != strlen(shape))
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == '-' ? name[i] != '-' : !strchr("0123456789abcdefABCDEF", name[i]))
			return false;
	return true;
}

/* The IOMMU group of the directory of a device that is no PCI device; negative: none is known. */
static int group_at(const struct fs_root *root, const char *dir)
{
	auto_free char *path = fs_path("%s/iommu_group", dir), *name = NULL;
	unsigned int group;

	if (!path || fs_link_name(root, path, &name) || !number_parse(name, &group))
		return -ENOENT;
	return (int)group;
}

/* "2a3c…0101 (GVTg_V5_4, VM 200)". One that has just gone is none. */
static int put_mdev(struct parts *parts, const char *dir, const char *uuid, struct strbuf *to)
{
	const struct fs_root *root = parts->root;
	auto_free char *type_path = fs_path("%s/mdev_type", dir);
	auto_free char *name_path = fs_path("%s/mdev_type/name", dir);
	auto_free char *type = NULL, *vm = NULL;
	int there = fs_probe(root, type_path);

	if (there <= 0)
		return there;
	if (fs_read_attr(root, name_path, &type))
		type = strdup(_("mediated device"));
	vm = vm_of_group(parts, group_at(root, dir));
	if (!type || !vm)
		return -ENOMEM;
	strbuf_add_item(to, "%s (%s%s)", uuid, type, vm);
	return to->failed ? -ENOMEM : 0;
}

static int find_mdevs(struct parts *parts, const struct usage_device *device, struct usage *usage)
{
	auto_free char *dir = pci_dir(&device->bdf);
	auto_names struct fs_names names = {0};
	auto_strbuf struct strbuf list = {0};
	const char *first = NULL;
	int err = dir ? fs_list_dirs(parts->root, dir, &names) : -ENOMEM;

	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *child = fs_path("%s/%s", dir, names.items[i]);

		if (!is_uuid(names.items[i]))
			continue;
		err = child ? put_mdev(parts, child, names.items[i], &list) : -ENOMEM;
		if (list.len && !first)
			first = names.items[i];
	}
	if (err || !first)
		return err;
	return usage_add_command(
		usage, &device->bdf, USAGE_MDEVS,
		fs_path(_("mediated devices of it are in use or ready for it: %s"), list.text),
		_("the VMs that use them would lose them, or the kernel would wait for those VMs "
		  "to end"),
		strdup(_("shut down the VMs that have them (qm shutdown), then remove them")),
		fs_path("echo 1 > /sys/bus/mdev/devices/%s/remove", first));
}

/* A VF that is a vGPU: its type is what only NVIDIA's driver, a VFIO driver of its own, serves. */
static int find_vgpu(const struct fs_root *root, const struct usage_device *device,
		     struct usage *usage)
{
	auto_free char *path = pci_path(&device->bdf, "nvidia/current_vgpu_type");
	auto_free char *text = NULL;
	unsigned int type;
	int err = path ? fs_read_attr(root, path, &text) : -ENOMEM;

	if (err)
		return err == -ENOENT || err == -ENODEV ? 0 : err;
	if (!number_parse(text, &type) || !type)
		return 0;
	return usage_add_command(
		usage, &device->bdf, USAGE_MDEVS,
		fs_path(_("it is a vGPU of type %u, which its driver %s serves"), type,
			device->driver ? device->driver : _("none")),
		_("the guest would get a bare VF, and the vGPU would be gone"),
		fs_path(_("set mdev=nvidia-%u in the entry; or remove the vGPU"), type),
		fs_path("echo 0 > /sys/bus/pci/devices/%s/nvidia/current_vgpu_type",
			bdf_text(&device->bdf)));
}

int usage_find_parts(const struct fs_root *root, const struct usage_device *device,
		     struct usage *usage)
{
	cleanup_with(parts_end) struct parts parts = {.root = root};
	int err = find_vfs(&parts, device, usage);

	if (!err)
		err = find_mdevs(&parts, device, usage);
	return err ? err : find_vgpu(root, device, usage);
}
