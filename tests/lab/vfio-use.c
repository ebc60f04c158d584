// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vfio-use [-k] BDF [-- WORDS...]: uses a device through VFIO as QEMU would: opens its group, puts
 * it under the IOMMU, maps a page, reads the device's configuration space and resets it. That is
 * the proof that a device on vfio-pci can really be passed through.
 *
 * Prints "VENDOR:DEVICE" and what the reset said. With -k it prints "holding" after that and keeps
 * everything open until it is killed, as a QEMU that is still alive. WORDS are there to be seen in
 * its command line ("-pidfile PATH").
 *
 * Exit code: 0 all of that worked, 1 something did not (which, and why, on stderr), 64 usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "vfio-use: %s: %s\n", what, strerror(errno));
	return -1;
}

static int open_group(const char *bdf)
{
	char link[PATH_MAX], target[PATH_MAX], path[PATH_MAX];
	const char *number;
	ssize_t length;
	int fd;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return fail(link);
	target[length] = '\0';
	number = strrchr(target, '/');
	if (!number) {
		errno = EINVAL;
		return fail(link);
	}

	snprintf(path, sizeof(path), "/dev/vfio%.16s", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? fail(path) : fd;
}

/* The group must be viable: no member of it may be with a driver of the host. */
static int attach_group(int container, int group)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};

	if (ioctl(container, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
		return fail("VFIO_GET_API_VERSION");
	if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) < 0)
		return fail("VFIO_GROUP_GET_STATUS");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		errno = EPERM;
		return fail("the group is not viable");
	}
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0)
		return fail("VFIO_GROUP_SET_CONTAINER");
	if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
		return fail("VFIO_SET_IOMMU");
	return 0;
}

static int map_page(int container)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.iova = 0x100000,
		.size = 4096,
	};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return fail("mmap");
	map.vaddr = (uintptr_t)page;
	if (ioctl(container, VFIO_IOMMU_MAP_DMA, &map) < 0)
		return fail("VFIO_IOMMU_MAP_DMA");
	return 0;
}

static int use_device(int group, const char *bdf)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	struct vfio_device_info info = {.argsz = sizeof(info)};
	unsigned char id[4];
	int device;

	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (device < 0)
		return fail("VFIO_GROUP_GET_DEVICE_FD");
	if (ioctl(device, VFIO_DEVICE_GET_INFO, &info) < 0)
		return fail("VFIO_DEVICE_GET_INFO");
	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config) < 0)
		return fail("VFIO_DEVICE_GET_REGION_INFO");
	if (pread(device, id, sizeof(id), (off_t)config.offset) != (ssize_t)sizeof(id))
		return fail("reading the configuration space");
	printf("%02x%02x:%02x%02x\n", id[1], id[0], id[3], id[2]);

	if (!(info.flags & VFIO_DEVICE_FLAGS_RESET)) {
		puts("no reset");
	} else {
		if (ioctl(device, VFIO_DEVICE_RESET) < 0)
			return fail("VFIO_DEVICE_RESET");
		puts("reset done");
	}
	return 0;
}

int main(int argc, char **argv)
{
	int container, group, option, keep = 0;

	while ((option = getopt(argc, argv, "+k")) == 'k')
		keep = 1;
	if (option != -1 || optind >= argc) {
		fputs("usage: vfio-use [-k] BDF [-- WORDS...]\n", stderr);
		return 64;
	}

	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container < 0) {
		fail("/dev/vfio/vfio");
		return 1;
	}
	group = open_group(argv[optind]);
	if (group < 0 || attach_group(container, group) < 0 || map_page(container) < 0 ||
	    use_device(group, argv[optind]) < 0)
		return 1;

	if (keep) {
		puts("holding");
		fflush(stdout);
		for (;;)
			pause();
	}
	return 0;
}
