/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot loader will read: grub.cfg, or the entries and unified kernel images on the EFI
 * system partitions (ESPs).
 * Those of proxmox-boot-tool are not mounted: they are read through a mount that is attached
 * nowhere (fsmount(2)).
 */
#ifndef HOST_SETUP_LOADER_BOOTPLACE_H
#define HOST_SETUP_LOADER_BOOTPLACE_H

#include "host/setup/loader/bootloader.h"
#include "host/setup/conf/cmdline.h"

struct bootplace {
	char *name; /* "/boot/grub/grub.cfg", "/boot/efi", "the ESP 1234-ABCD" */
	/*
	 * The kernel command lines of its entries; of grub.cfg, those that GRUB's settings are
	 * meant for: no recovery entries, and none that were written by hand.
	 */
	struct conf_items *entries;
	char **images; /* of each, the path of its kernel, as it is written; NULL: none is */
	size_t n;
	uint64_t free; /* bytes that may still be written there */
	int err;       /* -errno: it could not be read, and the rest is not known */
};

struct bootplaces {
	struct bootplace *items;
	size_t n;
	bool every; /* what is configured reaches every entry (GRUB), else only some of them */
};

/* Reads all places of this boot loader; of another one than GRUB and systemd-boot, none. Returns 0
 * (free with bootplaces_free()) or -errno. */
int bootplaces_read(const struct fs_root *root, const struct bootloader *bootloader,
		    struct bootplaces *ret) must_check;

void bootplaces_free(struct bootplaces *places);

/* The first place that has an entry; NULL when there is none. */
const struct bootplace *bootplaces_first(const struct bootplaces *places);

/*
 * Whether each place that has entries has the words: in every entry, or in one (see struct
 * bootplaces). Returns 0; -ENODATA when not; -ENOENT when no place with an entry could be read;
 * -errno. With -ENODATA and -ENOENT *ret_why (freed by the caller) is a new text for people.
 */
int bootplaces_check(const struct bootplaces *places, const struct conf_items *words,
		     char **ret_why) must_check;

/*
 * Whether each place that has entries has one for the kernel RELEASE, with the words: all of its
 * entries, or one (see struct bootplaces). Returns 0, also for what could not be read; -ENODATA
 * with *ret_why as above; -ENOMEM.
 */
int bootplaces_check_kernel(const struct bootplaces *places, const char *release,
			    const struct conf_items *words, char **ret_why) must_check;

/*
 * Whether each place that has entries for a normal boot (they name a root, and no single user) has
 * one without any of the words: an entry that was written by hand may keep them. Returns 0, also
 * for what could not be read; -ENODATA with *ret_why as above; -errno.
 */
int bootplaces_check_gone(const struct bootplaces *places, const struct conf_items *words,
			  char **ret_why) must_check;

/*
 * Whether each place that has entries has one with a root=. Returns 0, also for what could not be
 * read; -ENODATA with *ret_why as above; -ENOMEM.
 */
int bootplaces_check_root(const struct bootplaces *places, char **ret_why) must_check;

#define auto_bootplaces cleanup_with(bootplaces_free)

#endif
