/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cures a host whose IOMMU is off, whose interrupts are not remapped, whose modules of vfio's
 * are kept away, or whose integrated GPU is left out, by the words that its kernel was started with
 * and those that are configured: a cure that has been applied is none.
 */
#ifndef HOST_SETUP_CHECK_CURES_H
#define HOST_SETUP_CHECK_CURES_H

#include "host/pci/check.h"
#include "host/setup/boot/bootcfg.h"

/* Texts of one cure each, a step a line; NULL: nothing particular is known. */
struct cures {
	char *iommu;	  /* of an IOMMU that the firmware offers, and that is off */
	char *iommu_seen; /* why that cure, and not another */
	char *remapping;
	char *module; /* of a module of vfio's that a word keeps away */
	char *igpu;   /* of an integrated GPU that is in no group */
};

/*
 * Finds them. BOOTCFG is the configuration of the next boot; NULL: that of either boot loader,
 * whose files are read. Runs no programs. Returns 0 (free with cures_free()) or -errno.
 */
int cures_read(const struct fs_root *root, const struct bootcfg *bootcfg,
	       struct cures *ret) must_check;
void cures_free(struct cures *cures);

/* Those of the essentials; they live as long as CURES. */
struct check_cures cures_of_essentials(const struct cures *cures);

/*
 * check_essentials(), with these cures when something is missing. Returns 0 or -errno.
 */
int cures_check_essentials(const struct fs_root *root, struct checklist *list) must_check;

#define auto_cures cleanup_with(cures_free)

#endif
