/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel of that release is, and what it was built with (the release: host/pci/modules.h).
 */
#ifndef HOST_SETUP_CONF_KERNELINFO_H
#define HOST_SETUP_CONF_KERNELINFO_H

#include "host/base/fs.h"
#include "host/setup/conf/cmdline.h"

/* Reads the running kernel's command line; no words where no kernel runs. Returns 0 or -errno. */
int kernelinfo_cmdline(const struct fs_root *root, struct conf_items *ret) must_check;

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

/* Whether RELEASE ("6.8.12-4-pve") is of a version before VERSION ("6.2"). */
bool kernelinfo_is_before(const char *release, const char *version);

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
