/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether each initramfs has the script that holds devices, before udev's. */
#ifndef HOST_SETUP_EARLY_EARLY_IMAGES_H
#define HOST_SETUP_EARLY_EARLY_IMAGES_H

#include "host/base/fs.h"

enum early_place {
	EARLY_ABSENT, /* the script is not in it */
	EARLY_BEFORE, /* it runs before udev's */
	EARLY_AFTER,  /* it runs after it, when drivers have their devices */
};

/* Where the script is in ORDER, the file by which an initramfs runs the scripts of init-top. Pure.
 * (initramfs-tools: hook-functions, cache_run_scripts()) */
enum early_place early_order_place(const char *order);

/*
 * Looks into the initramfs of each kernel in /boot: whether it has the script in its place, or,
 * with WANTED false, has it no longer. Returns 0; -ENODATA with *RET_WHY, a new text that names the
 * first where it is otherwise; -errno, with *RET_WHY, when one cannot be read, or its compression
 * is unknown.
 */
int early_images_check(const struct fs_root *root, bool wanted, char **ret_why) must_check;

/* The same of one image: its ORDER in *RET, a new string; NULL: it has none. */
int early_image_order(const struct fs_root *root, const char *path, char **ret) must_check;

#endif
