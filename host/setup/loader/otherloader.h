/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot loaders whose configuration host-setup does not edit: how one is recognised on the running
 * system, and what the administrator has to do there.
 */
#ifndef HOST_SETUP_LOADER_OTHERLOADER_H
#define HOST_SETUP_LOADER_OTHERLOADER_H

#include "host/base/fs.h"

enum otherloader_kind {
	OTHERLOADER_NONE,
	OTHERLOADER_STRANGER, /* known by its name only */
	OTHERLOADER_REFIND,
	OTHERLOADER_LIMINE,
	OTHERLOADER_ZFSBOOTMENU,
	OTHERLOADER_EFI_STUB, /* the firmware, or a loader that leaves no LoaderInfo */
	OTHERLOADER_UKI,      /* a unified kernel image that the firmware started */
};

struct otherloader {
	enum otherloader_kind kind;
	char *name;	/* "rEFInd 0.14.0"; NULL for OTHERLOADER_NONE, as all that follows */
	char *evidence; /* what it was recognised by */
	char *dataset;	/* ZFSBootMenu: that of the root file system */
	char *words;	/* ZFSBootMenu: its property, or what that would be by the running kernel */
};

/*
 * Whether CMDLINE, that of the running kernel, and the EFI variables were left by one of them;
 * LOADER_INFO is the variable of that name, NULL: there is none. Asks zfs(8) of a root in ZFS
 * without marks of another loader. Returns 0 (free with otherloader_free()) or -ENOMEM.
 */
int otherloader_find(const struct fs_root *root, const char *cmdline, const char *loader_info,
		     struct otherloader *ret) must_check;

/* What to do so that it hands WORDS to the kernel, in words. A new string, or NULL without memory.
 */
char *otherloader_cure(const struct otherloader *loader, const char *words) must_check;

void otherloader_free(struct otherloader *loader);

#define auto_otherloader cleanup_with(otherloader_free)

#endif
