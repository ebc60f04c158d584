// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/iommu.h"

#include "host/pci/pci.h"

#include <string.h>

int iommu_is_active(const struct fs_root *root)
{
	int found = fs_probe_entries(root, "sys/class/iommu");

	return found > 0 ? fs_probe_entries(root, "sys/kernel/iommu_groups") : found;
}

const char *iommu_table(const struct fs_root *root)
{
	static const char *const tables[] = {"DMAR", "IVRS", "VIOT", "IORT", "RIMT"};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		auto_free char *path = fs_path("sys/firmware/acpi/tables/%s", tables[i]);

		if (fs_probe(root, path) > 0)
			return tables[i];
	}
	return NULL;
}

int iommu_group_of(const struct fs_root *root, const struct bdf *bdf)
{
	auto_free char *path = pci_path(bdf, "iommu_group");
	auto_free char *name = NULL;
	unsigned int group;
	int err = fs_link_name(root, path, &name);

	if (err)
		return err;
	return number_parse(name, &group) ? (int)group : -EINVAL;
}

int iommu_group_members(const struct fs_root *root, int group, struct bdf **ret, size_t *ret_n)
{
	auto_free char *path = fs_path("sys/kernel/iommu_groups/%d/devices", group);
	auto_names struct fs_names names = {0};
	auto_free struct bdf *members = NULL;
	size_t n = 0;
	int err = fs_list(root, path, &names);

	if (err)
		return err;
	if (!names.n)
		return -ENOENT;
	members = calloc(names.n + 1, sizeof(*members));
	if (!members)
		return -ENOMEM;
	/* Sorted by name is sorted by address, but for domains of five digits. */
	for (size_t i = 0; i < names.n; i++)
		if (!bdf_parse(names.items[i], &members[n]))
			n++;
	*ret = TAKE_PTR(members);
	*ret_n = n;
	return 0;
}

int iommu_groups(const struct fs_root *root, int **ret, size_t *ret_n)
{
	auto_names struct fs_names names = {0};
	auto_free int *groups = NULL;
	size_t n = 0;
	int err = fs_list(root, "sys/kernel/iommu_groups", &names);

	if (err)
		return err;
	groups = calloc(names.n + 1, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	for (size_t i = 0; i < names.n; i++) {
		unsigned int group;

		if (number_parse(names.items[i], &group))
			groups[n++] = (int)group;
	}
	qsort(groups, n, sizeof(*groups), compare_ints);
	*ret = TAKE_PTR(groups);
	*ret_n = n;
	return 0;
}

int iommu_group_is_reserved(const struct fs_root *root, int group)
{
	auto_free char *path = fs_path("sys/kernel/iommu_groups/%d/reserved_regions", group);
	auto_free char *text = NULL;
	int err = fs_read(root, path, (size_t)1024 * 1024, &text, NULL);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	/* Its lines are: first address, last address, type. */
	return strstr(text, " direct\n") != NULL;
}
