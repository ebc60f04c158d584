/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people know a controller by: the disks, USB devices and network interfaces below it. */
#ifndef HOST_SETUP_PICTURE_ATTACHED_H
#define HOST_SETUP_PICTURE_ATTACHED_H

#include "host/text/bdf.h"
#include "host/base/fs.h"

enum attached_kind {
	ATTACHED_DISK,
	ATTACHED_USB,
	ATTACHED_NETWORK,
	ATTACHED_UNKNOWN, /* what is below it could not be read: NAME says why */
};

struct attached_item {
	enum attached_kind kind;
	char *path;	/* its directory in sysfs */
	char *name;	/* "sda", "enp3s0"; of a USB device its port, "1-4.2" */
	char *model;	/* "SanDisk Ultra Fit"; NULL: unknown */
	uint64_t bytes; /* the size of a disk; 0: unknown */
	bool inside;	/* of the USB device before it: the disk of a stick */
};

struct attached {
	struct attached_item *items;
	size_t n;
};

/* Reads those of the device, but not the names of USB devices. Returns 0 or -ENOMEM. */
int attached_read(const struct fs_root *root, const struct bdf *bdf,
		  struct attached *ret) must_check;
void attached_free(struct attached *attached);

/*
 * Fills in what the USB devices among N lists call themselves. The kernel takes a device's
 * lock for that (Linux: drivers/usb/core/sysfs.c, usb_string_attr()), so a worker asks, and one
 * that does not answer stays without a name. Returns 0 or -errno.
 */
int attached_read_usb(const struct fs_root *root, struct attached *const *lists,
		      size_t n) must_check;

#define auto_attached cleanup_with(attached_free)

#endif
