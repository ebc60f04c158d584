// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/vfio/vfio_device.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>

/* More devices than one reset can reach: a bus has 256 functions. */
#define RESET_DEVICES_MAX 256

/* The group must be viable: no member of it may be with a driver of the host. */
static int attach(const struct vfio_device *device)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};

	if (ioctl(device->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
		return -EPROTONOSUPPORT;
	if (ioctl(device->group, VFIO_GROUP_GET_STATUS, &status))
		return -errno;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -EPERM;
	if (ioctl(device->group, VFIO_GROUP_SET_CONTAINER, &device->container))
		return -errno;
	return ioctl(device->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) ? -errno : 0;
}

int vfio_device_open(const struct fs_root *root, int group, const struct bdf *bdf,
		     struct vfio_device *ret)
{
	auto_vfio_device struct vfio_device device = {-1, -1, -1, group};
	auto_free char *node = fs_path("dev/vfio/%d", group);
	char address[BDF_TEXT_SIZE];
	int err;

	device.container = fs_open(root, "dev/vfio/vfio", O_RDWR, 0);
	if (device.container < 0)
		return device.container;
	device.group = fs_open(root, node, O_RDWR, 0);
	if (device.group < 0)
		return device.group;
	err = attach(&device);
	if (err)
		return err;
	device.device = ioctl(device.group, VFIO_GROUP_GET_DEVICE_FD, bdf_format(bdf, address));
	if (device.device < 0)
		return -errno;
	*ret = device;
	device = (struct vfio_device){-1, -1, -1, group};
	return 0;
}

/* The device first, or the group would stay with its container. */
void vfio_device_close(struct vfio_device *device)
{
	closep(&device->device);
	closep(&device->group);
	closep(&device->container);
	*device = (struct vfio_device){-1, -1, -1, device->group_number};
}

/* ---- regions ---- */

static int region_of(const struct vfio_device *device, unsigned int index,
		     struct vfio_region_info *ret)
{
	*ret = (struct vfio_region_info){.argsz = sizeof(*ret), .index = index};
	return ioctl(device->device, VFIO_DEVICE_GET_REGION_INFO, ret) ? -errno : 0;
}

static int read_at(const struct vfio_device *device, const struct vfio_region_info *region,
		   void *to, size_t n)
{
	ssize_t len = pread(device->device, to, n, (off_t)region->offset);

	return len < 0 ? -errno : (size_t)len == n ? 0 : -EIO;
}

int vfio_device_read_config(const struct vfio_device *device, unsigned char ret[VFIO_CONFIG_SIZE])
{
	struct vfio_region_info region;
	int err = region_of(device, VFIO_PCI_CONFIG_REGION_INDEX, &region);

	return err ? err : read_at(device, &region, ret, VFIO_CONFIG_SIZE);
}

static int enable_memory(const struct vfio_device *device)
{
	struct vfio_region_info region;
	uint16_t command = 0;
	int err = region_of(device, VFIO_PCI_CONFIG_REGION_INDEX, &region);

	if (err)
		return err;
	region.offset += PCI_COMMAND;
	err = read_at(device, &region, &command, sizeof(command));
	if (err || command & PCI_COMMAND_MEMORY)
		return err;
	command |= PCI_COMMAND_MEMORY;
	if (pwrite(device->device, &command, sizeof(command), (off_t)region.offset) ==
	    (ssize_t)sizeof(command))
		return 0;
	return -EIO;
}

int vfio_device_read_bars(const struct vfio_device *device, unsigned int *ret_bars)
{
	unsigned char config[VFIO_CONFIG_SIZE];
	unsigned int bars = 0;
	int err = vfio_device_read_config(device, config);

	if (!err)
		err = enable_memory(device);
	for (unsigned int i = 0; !err && i < VFIO_BARS; i++) {
		unsigned char low = config[PCI_BASE_ADDRESS_0 + 4 * i];
		struct vfio_region_info region;
		uint32_t value;

		err = region_of(device, VFIO_PCI_BAR0_REGION_INDEX + i, &region);
		/* The upper half of a BAR of 64 bits has no region. */
		if (err || region.size < sizeof(value) ||
		    !(region.flags & VFIO_REGION_INFO_FLAG_READ) || low & PCI_BASE_ADDRESS_SPACE_IO)
			continue;
		err = read_at(device, &region, &value, sizeof(value));
		bars |= 1U << i;
	}
	if (!err)
		*ret_bars = bars;
	return err;
}

/* ---- resets ---- */

int vfio_device_can_reset(const struct vfio_device *device)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};

	if (ioctl(device->device, VFIO_DEVICE_GET_INFO, &info))
		return -errno;
	return !!(info.flags & VFIO_DEVICE_FLAGS_RESET);
}

int vfio_device_reset(const struct vfio_device *device)
{
	return ioctl(device->device, VFIO_DEVICE_RESET) ? -errno : 0;
}

/* Whether all that would be reset is in the device's group: 0, or -EPERM. */
static int check_reached(const struct vfio_device *device)
{
	struct vfio_pci_hot_reset_info *info;
	size_t size = sizeof(*info) + RESET_DEVICES_MAX * sizeof(info->devices[0]);
	auto_free void *memory = calloc(1, size);

	if (!memory)
		return -ENOMEM;
	info = memory;
	info->argsz = (uint32_t)size;
	if (ioctl(device->device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info))
		return -errno;
	for (uint32_t i = 0; i < info->count && i < RESET_DEVICES_MAX; i++)
		if (info->devices[i].group_id != (uint32_t)device->group_number)
			return -EPERM;
	return 0;
}

int vfio_device_hot_reset(const struct vfio_device *device)
{
	struct vfio_pci_hot_reset *reset;
	size_t size = sizeof(*reset) + sizeof(reset->group_fds[0]);
	auto_free void *memory = calloc(1, size);
	int err = memory ? check_reached(device) : -ENOMEM;

	if (err)
		return err;
	reset = memory;
	reset->argsz = (uint32_t)size;
	reset->count = 1;
	reset->group_fds[0] = device->group;
	return ioctl(device->device, VFIO_DEVICE_PCI_HOT_RESET, reset) ? -errno : 0;
}
