// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/iommu.h"

#include "host/pci.h"

#include <limits.h>

static bool folder_holds_something(const struct fs_root *root, const char *path)
{
	auto_names struct fs_names names = {0};

	return !fs_list(root, path, &names) && names.n;
}

bool iommu_is_active(const struct fs_root *root)
{
	return folder_holds_something(root, "sys/class/iommu") &&
	       folder_holds_something(root, "sys/kernel/iommu_groups");
}

bool iommu_is_offered(const struct fs_root *root)
{
	static const char *const tables[] = {"DMAR", "IVRS", "VIOT"};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		auto_free char *path = fs_path("sys/firmware/acpi/tables/%s", tables[i]);

		if (fs_exists(root, path))
			return true;
	}
	return false;
}

int iommu_group_of(const struct fs_root *root, const struct bdf *bdf)
{
	auto_free char *path = pci_path(bdf, "iommu_group");
	auto_free char *name = NULL;
	char *end;
	long group;
	int err;

	err = fs_link_name(root, path, &name);
	if (err)
		return err;
	errno = 0;
	group = strtol(name, &end, 10);
	if (errno || end == name || *end || group < 0 || group > INT_MAX)
		return -EINVAL;
	return (int)group;
}

int iommu_group_members(const struct fs_root *root, int group, struct bdf **ret, size_t *ret_n)
{
	auto_free char *path = fs_path("sys/kernel/iommu_groups/%d/devices", group);
	auto_names struct fs_names names = {0};
	auto_free struct bdf *members = NULL;
	size_t n = 0;
	int err;

	err = fs_list(root, path, &names);
	if (err)
		return err;
	members = calloc(names.n + 1, sizeof(*members));
	if (!members)
		return -ENOMEM;
	/* Sorted by name is sorted by address, but for domains of five digits; nobody minds. */
	for (size_t i = 0; i < names.n; i++)
		if (!bdf_parse(names.items[i], &members[n]))
			n++;
	*ret = TAKE_PTR(members);
	*ret_n = n;
	return 0;
}
