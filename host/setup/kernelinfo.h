/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel of a host is: its release, and what it was built with. */
#ifndef HOST_SETUP_KERNELINFO_H
#define HOST_SETUP_KERNELINFO_H

#include "host/fs.h"

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

/*
 * The running kernel's release (proc/sys/kernel/osrelease); without a /proc the newest below
 * lib/modules. Returns 0 with a new string, -ENOENT when neither is there, or -errno.
 */
int kernelinfo_release(const struct fs_root *root, char **ret) must_check;

/* Whether RELEASE ("6.8.12-4-pve") is of a version before MAJOR.MINOR; false when it is no release.
 */
bool kernelinfo_is_before(const char *release, unsigned int major, unsigned int minor);

/*
 * Whether the kernel knows pcie_acs_override=, which is no part of Linux: Proxmox VE's kernels
 * have it ("pci: Enable overrides for missing ACS capabilities"), Debian's do not.
 */
enum answer kernelinfo_has_acs_override(const char *release);

/*
 * Whether it turns an Intel IOMMU on by itself, for all devices or for all but the integrated GPU:
 * CONFIG_INTEL_IOMMU_DEFAULT_ON or CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF in boot/config-RELEASE
 * (Linux: drivers/iommu/intel/Kconfig).
 */
enum answer kernelinfo_intel_default_on(const struct fs_root *root, const char *release);

#endif
