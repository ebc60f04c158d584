// SPDX-License-Identifier: GPL-2.0-or-later
#include "earlycase.h"

#include <stdio.h>

static const char *address_of(const struct early_case *device)
{
	return strrchr(device->at, '/') + 1;
}

static void put(struct tree *tree, const struct early_case *device, const char *name,
		const char *text)
{
	auto_free char *path = fs_path("sys/devices/%s/%s", device->at, name);

	tree_file(tree, path, text);
}

static void put_word(unsigned char *space, unsigned int at, unsigned long long word)
{
	for (unsigned int i = 0; i < 4; i++)
		space[at + i] = (unsigned char)(word >> 8 * i);
}

/* Another capability first, so that the list has to be followed. */
static void put_space(struct tree *tree, const struct early_case *device)
{
	auto_free char *path = fs_path("sys/devices/%s/config", device->at);
	unsigned char space[4096] = {0};

	if (device->serial) {
		put_word(space, 0x100, 0x20010001);
		put_word(space, 0x200, 0x00010003);
		put_word(space, 0x204, device->serial & 0xffffffff);
		put_word(space, 0x208, device->serial >> 32);
	}
	tree_bytes(tree, path, space, device->serial ? sizeof(space) : 256);
}

void early_case_put(struct tree *tree, const struct early_case *device)
{
	auto_free char *link = fs_path("sys/bus/pci/devices/%s", address_of(device));
	auto_free char *target = fs_path("../../../devices/%s", device->at);
	auto_free char *alias = fs_path("pci:v%08Xd%08Xsv00000000sd00000000bc%02Xsc%02Xi%02X\n",
					device->vendor, device->device, device->class >> 16,
					device->class >> 8 & 0xff, device->class & 0xff);
	auto_free char *revision = fs_path("0x%02x\n", device->revision);

	put(tree, device, "modalias", alias);
	put(tree, device, "revision", revision);
	put(tree, device, "driver_override", "(null)\n");
	put(tree, device, "vendor", "0x8086\n");
	put_space(tree, device);
	tree_link(tree, link, target);
	if (device->driver)
		early_case_bind(tree, device, device->driver);
}

void early_case_bind(struct tree *tree, const struct early_case *device, const char *driver)
{
	auto_free char *link = fs_path("sys/devices/%s/driver", device->at);
	auto_free char *up = strdup("..");
	auto_free char *target = NULL;

	for (const char *c = device->at; *c; c++) {
		auto_free char *before = *c == '/' ? up : NULL;

		up = before ? fs_path("%s/..", before) : up;
	}
	target = fs_path("%s/../bus/pci/drivers/%s", up, driver ? driver : "");
	tree_delete(tree, link);
	if (driver)
		tree_link(tree, link, target);
}

void early_case_remove(struct tree *tree, const struct early_case *device)
{
	auto_free char *link = fs_path("sys/bus/pci/devices/%s", address_of(device));
	auto_free char *dir = fs_path("sys/devices/%s", device->at);

	tree_delete(tree, link);
	tree_delete(tree, dir);
}

void early_case_group(struct tree *tree, const struct early_case *device, int group)
{
	auto_free char *link = fs_path("sys/devices/%s/iommu_group", device->at);
	auto_free char *target = fs_path("/sys/kernel/iommu_groups/%d", group);
	auto_free char *member = fs_path("sys/kernel/iommu_groups/%d/devices/%s", group,
					 address_of(device));

	tree_link(tree, link, target);
	tree_file(tree, member, "");
}
