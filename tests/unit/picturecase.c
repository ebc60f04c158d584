// SPDX-License-Identifier: GPL-2.0-or-later
#include "picturecase.h"

#include "host/text/bdf.h"

#include <stdio.h>

/* Puts the device where the kernel has it: in the directory of the bridge above. */
static void put_below(struct tree *tree, const char *bdf, const char *above)
{
	auto_free char *link = fs_path("sys/bus/pci/devices/%s", bdf);
	auto_free char *target = fs_path("../../../devices/pci0000:00/%s/%s", above, bdf);
	auto_free char *real = fs_path("sys/devices/pci0000:00/%s/%s", above, bdf);
	auto_free char *flat = fs_path("../%s", bdf);

	tree_link(tree, real, flat);
	tree_link(tree, link, target);
}

static void attribute(struct tree *tree, const char *bdf, const char *name, const char *text)
{
	auto_free char *path = fs_path("sys/devices/pci0000:00/%s/%s", bdf, name);

	tree_file(tree, path, text);
}

static void put_link(struct tree *tree, const char *bdf, const char *width, const char *most)
{
	attribute(tree, bdf, "current_link_width", width);
	attribute(tree, bdf, "current_link_speed", "8.0 GT/s PCIe\n");
	attribute(tree, bdf, "max_link_width", most);
	attribute(tree, bdf, "max_link_speed", "16.0 GT/s PCIe\n");
}

static void put_devices(struct tree *tree)
{
	static const struct tree_device devices[] = {
		{.bdf = "0000:00:00.0",
		 .vendor = 0x8086,
		 .device = 0x4660,
		 .class = 0x060000,
		 .group = 0},
		{.bdf = "0000:00:01.0",
		 .vendor = 0x8086,
		 .device = 0x460d,
		 .class = 0x060400,
		 .group = 1,
		 .driver = "pcieport",
		 .express = true,
		 .bridge = true},
		{.bdf = "0000:00:06.0",
		 .vendor = 0x8086,
		 .device = 0x464d,
		 .class = 0x060400,
		 .group = 2,
		 .driver = "pcieport",
		 .express = true,
		 .bridge = true},
		{.bdf = "0000:00:1c.0",
		 .vendor = 0x8086,
		 .device = 0x7ab8,
		 .class = 0x060400,
		 .group = 15,
		 .driver = "pcieport",
		 .express = true,
		 .bridge = true},
		{.bdf = "0000:00:1b.0",
		 .vendor = 0x8086,
		 .device = 0x7ac0,
		 .class = 0x060400,
		 .group = 3,
		 .driver = "pcieport",
		 .express = true,
		 .bridge = true},
		{.bdf = "0000:00:1f.5",
		 .vendor = 0x8086,
		 .device = 0x7aa4,
		 .class = 0x0c8000,
		 .group = -1},
		{.bdf = "0000:01:00.0",
		 .vendor = 0x10de,
		 .device = 0x2684,
		 .class = 0x030000,
		 .group = 14,
		 .driver = "vfio-pci",
		 .express = true},
		{.bdf = "0000:01:00.1",
		 .vendor = 0x10de,
		 .device = 0x22ba,
		 .class = 0x040300,
		 .group = 14,
		 .driver = "snd_hda_intel",
		 .express = true},
		{.bdf = "0000:02:00.0",
		 .vendor = 0x144d,
		 .device = 0xa80c,
		 .class = 0x010802,
		 .group = 16,
		 .driver = "nvme",
		 .express = true},
		{.bdf = "0000:03:00.0",
		 .vendor = 0x1b73,
		 .device = 0x1100,
		 .class = 0x0c0330,
		 .group = 15,
		 .driver = "xhci_hcd",
		 .express = true},
		{.bdf = "0000:04:00.0",
		 .vendor = 0x8086,
		 .device = 0x10fb,
		 .class = 0x020000,
		 .group = 17,
		 .driver = "ixgbe",
		 .express = true},
		{.bdf = "0000:04:10.0",
		 .vendor = 0x8086,
		 .device = 0x10ed,
		 .class = 0x020000,
		 .group = 18,
		 .driver = "ixgbevf",
		 .express = true},
		{.bdf = "0000:04:10.2",
		 .vendor = 0x8086,
		 .device = 0x10ed,
		 .class = 0x020000,
		 .group = 19,
		 .driver = "vfio-pci",
		 .express = true},
	};
	static const char *const drivers[] = {"pcieport", "snd_hda_intel", "nvme",
					      "xhci_hcd", "ixgbe",	   "ixgbevf"};

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		tree_driver(tree, drivers[i], drivers[i]);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		tree_device(tree, &devices[i]);
	put_below(tree, "0000:01:00.0", "0000:00:01.0");
	put_below(tree, "0000:01:00.1", "0000:00:01.0");
	put_below(tree, "0000:02:00.0", "0000:00:06.0");
	put_below(tree, "0000:03:00.0", "0000:00:1c.0");
	put_below(tree, "0000:04:00.0", "0000:00:1b.0");
	put_below(tree, "0000:04:10.0", "0000:00:1b.0");
	put_below(tree, "0000:04:10.2", "0000:00:1b.0");
}

static void put_disk(struct tree *tree, const char *dir, const char *uevent, const char *size)
{
	auto_free char *dev = fs_path("%s/dev", dir), *path = fs_path("%s/uevent", dir);
	auto_free char *subsystem = fs_path("%s/subsystem", dir);
	auto_free char *size_path = fs_path("%s/size", dir);

	tree_file(tree, dev, "8:0\n");
	tree_file(tree, path, uevent);
	tree_link(tree, subsystem, "/sys/class/block");
	tree_file(tree, size_path, size);
}

/* A disk, a stick on a hub's port with its disk, and a network interface. */
static void put_parts(struct tree *tree, const char *hostile)
{
#define STICK	   "sys/devices/pci0000:00/0000:03:00.0/usb1/1-4/1-4.2"
#define STICK_DISK STICK "/1-4.2:1.0/host6/target6:0:0/6:0:0:0/block/sda"
	tree_folder(tree, "sys/class/block");
	put_disk(tree, "sys/devices/pci0000:00/0000:02:00.0/nvme/nvme0/nvme0n1",
		 "MAJOR=259\nMINOR=0\nDEVNAME=nvme0n1\nDEVTYPE=disk\n", "1953525168\n");
	tree_file(tree, "sys/devices/pci0000:00/0000:02:00.0/nvme/nvme0/model",
		  hostile ? hostile : "Samsung SSD 990 PRO 1TB                 \n");
	tree_link(tree, "sys/devices/pci0000:00/0000:02:00.0/nvme/nvme0/nvme0n1/device", "..");
	tree_file(tree, STICK "/dev", "189:5\n");
	tree_file(tree, STICK "/uevent", "MAJOR=189\nMINOR=5\nDEVNAME=bus/usb/001/006\n");
	tree_file(tree, STICK "/manufacturer", "SanDisk\n");
	tree_file(tree, STICK "/product", hostile ? hostile : "Ultra Fit\n");
	put_disk(tree, STICK_DISK, "MAJOR=8\nMINOR=0\nDEVNAME=sda\nDEVTYPE=disk\n", "60062500\n");
	tree_folder(tree, "sys/devices/pci0000:00/0000:04:00.0/net/enp4s0f0");
}

void picturecase_put(struct tree *tree, const char *hostile)
{
	auto_free char *named = fs_path(
		"machine: q35\nname: %s\nhostpci0: 0000:01:00,pcie=1,x-vga=1\n",
		hostile ? hostile : "games");

	tree_vfio(tree);
	tree_iommu(tree);
	put_devices(tree);
	put_parts(tree, hostile);
	put_link(tree, "0000:00:01.0", "16\n", "16\n");
	put_link(tree, "0000:01:00.0", "8\n", "16\n");
	put_link(tree, "0000:00:06.0", "4\n", "4\n");
	put_link(tree, "0000:02:00.0", "4\n", "4\n");
	attribute(tree, "0000:04:10.0", "current_link_width", "0\n");
	attribute(tree, "0000:01:00.0", "numa_node", "0\n");
	attribute(tree, "0000:02:00.0", "numa_node", "-1\n");
	attribute(tree, "0000:01:00.0", "reset_method", "flr bus\n");
	attribute(tree, "0000:04:00.0", "sriov_totalvfs", "63\n");
	tree_link(tree, "sys/devices/pci0000:00/0000:04:10.0/physfn", "../0000:04:00.0");
	tree_link(tree, "sys/devices/pci0000:00/0000:04:10.2/physfn", "../0000:04:00.0");
	tree_file(tree, "proc/1/mountinfo", "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n");
	tree_file(tree, "sys/kernel/iommu_groups/15/reserved_regions",
		  "0x7c800000 0x7e7fffff direct\n");
	tree_file(tree, "proc/sys/kernel/hostname", hostile ? hostile : "pve1\n");
	tree_file(tree, "proc/sys/kernel/osrelease", "6.8.12-4-pve\n");
	tree_vm(tree, 100, named);
	if (hostile) {
		attribute(tree, "0000:01:00.0", "reset_method", hostile);
		attribute(tree, "0000:01:00.0", "numa_node", hostile);
		attribute(tree, "0000:02:00.0", "current_link_width", hostile);
		attribute(tree, "0000:02:00.0", "current_link_speed", hostile);
		tree_driver(tree, "<script>document.title='owned'", NULL);
		tree_bind(tree, "0000:04:10.0", "<script>document.title='owned'");
	}
	tree_vm(tree, 200, "machine: q35\nhostpci3: 0000:04:10.2,pcie=1\n");
}

static void put_function(struct tree *tree, const char *bdf, int group, bool first)
{
	tree_device(tree, &(struct tree_device){.bdf = bdf,
						.vendor = 0x8086,
						.device = first ? 0x10fb : 0x10ed,
						.class = 0x020000,
						.group = group,
						.driver = first ? "ixgbe" : "ixgbevf",
						.express = true});
	attribute(tree, bdf, "reset_method", "flr bus\n");
	attribute(tree, bdf, "numa_node", "0\n");
}

static void put_card(struct tree *tree, unsigned int bus, unsigned int functions)
{
	char port[BDF_TEXT_SIZE], bdf[BDF_TEXT_SIZE], pf[BDF_TEXT_SIZE], link[32], net[96];
	int group = (int)(bus * 256);

	bdf_format(&(struct bdf){.bus = 0, .slot = (uint8_t)(bus / 8), .func = bus % 8}, port);
	tree_device(tree, &(struct tree_device){.bdf = port,
						.vendor = 0x8086,
						.class = 0x060400,
						.group = group,
						.driver = "pcieport",
						.express = true,
						.bridge = true});
	put_link(tree, port, "16\n", "16\n");
	for (unsigned int i = 0; i + 1 < functions; i++) {
		bdf_format(
			&(struct bdf){.bus = (uint8_t)bus, .slot = (uint8_t)(i / 8), .func = i % 8},
			bdf);
		put_function(tree, bdf, group + 1 + (int)i, !i);
		put_below(tree, bdf, port);
		snprintf(net, sizeof(net), "sys/devices/pci0000:00/%s/net/enp%us0f0v%u", bdf, bus,
			 i);
		tree_folder(tree, net);
		if (!i) {
			memcpy(pf, bdf, sizeof(pf));
			put_link(tree, bdf, "8\n", "8\n");
			attribute(tree, bdf, "sriov_totalvfs", "63\n");
			continue;
		}
		snprintf(link, sizeof(link), "../%s", pf);
		snprintf(net, sizeof(net), "sys/devices/pci0000:00/%s/physfn", bdf);
		tree_link(tree, net, link);
	}
}

void picturecase_put_many(struct tree *tree, unsigned int functions)
{
	tree_vfio(tree);
	tree_iommu(tree);
	tree_driver(tree, "pcieport", NULL);
	tree_driver(tree, "ixgbe", "ixgbe");
	tree_driver(tree, "ixgbevf", "ixgbevf");
	for (unsigned int bus = 1; functions; bus++) {
		unsigned int some = functions < 64 ? functions : 64;

		put_card(tree, bus, some);
		functions -= some;
	}
	tree_vm(tree, 100, "machine: q35\nhostpci0: 0000:01:00.1,pcie=1\n");
}
