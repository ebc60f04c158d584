/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IOMMU and its groups, as the kernel shows them. */
#ifndef HOST_PCI_IOMMU_H
#define HOST_PCI_IOMMU_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

/*
 * Whether an IOMMU translates: /sys/class/iommu and /sys/kernel/iommu_groups both have entries.
 * Neither the kernel's log nor its command line decide: each can promise an IOMMU that is not
 * there. Returns 1, 0, or -errno when that is unknown.
 */
int iommu_is_active(const struct fs_root *root) must_check;

/* The ACPI table in which the firmware describes an IOMMU: "DMAR" (Intel), "IVRS" (AMD), "VIOT"
 * (virtual), "IORT" (ARM), "RIMT" (RISC-V); NULL when it describes none. */
const char *iommu_table(const struct fs_root *root);

/* The number of the device's group. Returns it, -ENOENT when the device has none, or -errno. */
int iommu_group_of(const struct fs_root *root, const struct bdf *bdf) must_check;

/*
 * The group's PCI devices, in order of address. Returns 0 with a new array (the caller frees it),
 * or -errno. A member that is no PCI device (a platform's own) is left out.
 */
int iommu_group_members(const struct fs_root *root, int group, struct bdf **ret,
			size_t *ret_n) must_check;

/*
 * The numbers of all groups, in order. Returns 0 with a new array (the caller frees it), or -errno.
 * None is 0.
 */
int iommu_groups(const struct fs_root *root, int **ret, size_t *ret_n) must_check;

/*
 * Whether the firmware goes on using memory by DMA for a device of the group: a reserved region of
 * type "direct" (not "direct-relaxable"), with which the kernel lets no guest have it (Linux:
 * drivers/iommu/iommu.c, iommu_get_resv_regions). Returns 1, 0, or -errno.
 */
int iommu_group_is_reserved(const struct fs_root *root, int group);

#endif
