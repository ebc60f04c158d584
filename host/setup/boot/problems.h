/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with the boot configuration: one list, which `host-setup check` prints, and because
 * of which `enable` and `disable` refuse.
 */
#ifndef HOST_SETUP_BOOT_PROBLEMS_H
#define HOST_SETUP_BOOT_PROBLEMS_H

#include "host/setup/boot/bootcfg.h"
#include "host/setup/boot/problemlist.h"
#include "host/setup/options.h"

/*
 * Finds what is wrong with BOOTCFG, the configuration of the next boot, and with the file that is
 * edited. VENDOR: of the host's IOMMU; a word for the other vendor's is a note. What host-setup
 * itself has added undoes no word that was set by hand: enable does not argue with the
 * administrator.
 * Returns 0 (free with problems_free()) or -errno.
 */
int problems_find(const struct fs_root *root, const struct bootloader *bootloader,
		  const struct bootcfg *bootcfg, enum processor_vendor vendor,
		  struct problems *ret) must_check;

#endif
