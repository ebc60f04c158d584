// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_vfio.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "host/vfio/vfio_device.h"

/* The file of a device: its configuration space, then a page for each BAR. */
#define PAGE	    0x1000U
#define HEADER_SIZE 64

static struct tree *tree;
static struct fake_vfio how;

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

void fake_vfio_begin(struct tree *the_tree, const struct fake_vfio *as)
{
	static const struct fake_vfio well;

	tree = the_tree;
	how = as ? *as : well;
	tree_file(tree, "dev/vfio/vfio", "");
}

void fake_vfio_end(void)
{
	tree = NULL;
}

void fake_vfio_forget(struct tree *from)
{
	tree_delete(from, "fake-vfio");
	tree_delete(from, "dev/vfio/vfio");
}

static char *config_path(const char *bdf)
{
	return fs_path("sys/devices/pci0000:00/%s/config", bdf);
}

void fake_vfio_device(struct tree *the_tree, const char *bdf, bool flr)
{
	auto_free char *path = config_path(bdf), *space = fs_path("fake-vfio/%s", bdf);
	static unsigned char bytes[(VFIO_BARS + 1) * PAGE];

	memset(bytes, 0, sizeof(bytes));
	bytes[PCI_VENDOR_ID] = 0x86;
	bytes[PCI_VENDOR_ID + 1] = 0x80;
	bytes[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	bytes[PCI_BASE_ADDRESS_0 + 3] = 0xfe;
	bytes[PCI_BASE_ADDRESS_1] = PCI_BASE_ADDRESS_SPACE_IO;
	bytes[PCI_CAPABILITY_LIST] = 0x40;
	bytes[0x40] = flr ? PCI_CAP_ID_EXP : PCI_CAP_ID_PM;
	if (flr)
		bytes[0x40 + PCI_EXP_DEVCAP + 3] = PCI_EXP_DEVCAP_FLR >> 24;
	tree_bytes(the_tree, path, bytes, VFIO_CONFIG_SIZE);
	tree_bytes(the_tree, space, bytes, sizeof(bytes));
}

char *fake_vfio_resets(struct tree *of)
{
	return tree_text(of, "fake-vfio/resets");
}

/* ---- the kernel's side ---- */

static int refuse(int error)
{
	errno = error;
	return -1;
}

/* Takes effect, and is noted; the device is that of the descriptor's file. */
static int reset(const char *kind, const char *bdf)
{
	auto_free char *before = fake_vfio_resets(tree);
	auto_free char *after = fs_path("%s%s %s\n", before, kind, bdf);
	auto_free char *path = config_path(bdf);
	unsigned char bytes[HEADER_SIZE];
	unsigned int n = 1;

	for (const char *at = before; *at; at++)
		n += *at == '\n';
	while (how.hangs) {
		alarm(30); /* a test that fails ends nobody */
		pause();
	}
	tree_file(tree, "fake-vfio/resets", after);
	memset(bytes, 0xff, sizeof(bytes));
	if (how.silent && n >= how.silent)
		tree_bytes(tree, path, bytes, sizeof(bytes));
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 0x86;
	if (how.moved && n >= how.moved)
		tree_bytes(tree, path, bytes, sizeof(bytes));
	return 0;
}

static int region_info(struct vfio_region_info *info)
{
	bool config = info->index == VFIO_PCI_CONFIG_REGION_INDEX;

	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info->offset = config ? 0 : (info->index + 1) * PAGE;
	info->size = config ? VFIO_CONFIG_SIZE : info->index < 2 ? PAGE : 0;
	return 0;
}

static int slot_info(struct vfio_pci_hot_reset_info *info, int group)
{
	if (how.slot_error)
		return refuse(how.slot_error);
	info->count = how.slot_group ? 2 : 1;
	info->devices[0].group_id = (uint32_t)group;
	if (how.slot_group)
		info->devices[1].group_id = (uint32_t)how.slot_group;
	return 0;
}

static int device_ioctl(const char *bdf, unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		((struct vfio_device_info *)arg)->flags = how.no_reset ? 0
								       : VFIO_DEVICE_FLAGS_RESET;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO: return region_info(arg);
	case VFIO_DEVICE_RESET:
		return how.reset_error ? refuse(how.reset_error) : reset("device", bdf);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO: return slot_info(arg, tree_group_of(tree, bdf));
	case VFIO_DEVICE_PCI_HOT_RESET: return reset("slot", bdf);
	default: return refuse(ENOTTY);
	}
}

static int group_ioctl(unsigned long request, void *arg)
{
	auto_free char *path = NULL;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		((struct vfio_group_status *)arg)->flags = how.not_viable ? 0
									  : VFIO_GROUP_FLAGS_VIABLE;
		return 0;
	case VFIO_GROUP_SET_CONTAINER: return 0;
	case VFIO_GROUP_GET_DEVICE_FD:
		path = fs_path("fake-vfio/%s", (const char *)arg);
		return how.open_error ? refuse(how.open_error)
				      : fs_open(&tree->root, path, O_RDWR, 0);
	default: return refuse(ENOTTY);
	}
}

/* The descriptor's file, below the tree, in PATH; "" for another. */
static const char *file_of(int fd, char path[PATH_MAX])
{
	auto_free char *link = fs_path("/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, PATH_MAX - 1);
	const char *below;

	path[len < 0 ? 0 : len] = '\0';
	below = after_prefix(path, tree->root.path);
	return below && *below == '/' ? below + 1 : "";
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	char path[PATH_MAX];
	const char *file, *rest;
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!tree)
		return __real_ioctl(fd, request, arg);
	file = file_of(fd, path);
	rest = after_prefix(file, "fake-vfio/");
	if (rest)
		return device_ioctl(rest, request, arg);
	rest = after_prefix(file, "dev/vfio/");
	if (!rest)
		return __real_ioctl(fd, request, arg);
	if (strcmp(rest, "vfio"))
		return group_ioctl(request, arg);
	return request == VFIO_GET_API_VERSION || request == VFIO_SET_IOMMU ? 0 : refuse(ENOTTY);
}
