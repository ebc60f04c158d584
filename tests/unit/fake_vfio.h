/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFIO for the tree (tests/unit/tree.h), behind ioctl(), which the Makefile wraps: containers,
 * groups and devices that are files of the tree. Without fake_vfio_begin(), and for other files,
 * the real function is called.
 */
#ifndef TESTS_UNIT_FAKE_VFIO_H
#define TESTS_UNIT_FAKE_VFIO_H

#include "tree.h"

/* How all devices behave from now on, in the processes that are forked, too. */
struct fake_vfio {
	int open_error;	     /* an errno: VFIO_GROUP_GET_DEVICE_FD fails so */
	bool not_viable;     /* a member of the group is with a driver of the host */
	bool no_reset;	     /* the kernel knows no reset of the device alone */
	int reset_error;     /* an errno: VFIO_DEVICE_RESET fails so */
	int slot_error;	     /* an errno: there is no reset of the slot (ENODEV), or it fails so */
	int slot_group;	     /* a device of that group is in the slot, too; 0: none */
	unsigned int silent; /* from this reset on, counted from 1, it reads as ff */
	unsigned int moved;  /* from this one on its BARs are gone */
	bool hangs;	     /* a reset does not end */
};

/* From now on, until the end. */
void fake_vfio_begin(struct tree *tree, const struct fake_vfio *how);
void fake_vfio_end(void);

/* Gives the device a configuration space, and memory in BAR 0. FLR: it has a function level reset;
 * else it has a power management capability without one. */
void fake_vfio_device(struct tree *tree, const char *bdf, bool flr);

/* The resets so far, "device BDF" or "slot BDF" a line; the caller frees it. */
char *fake_vfio_resets(struct tree *tree);

/* Removes what the fake has left in the tree, but for configuration spaces. */
void fake_vfio_forget(struct tree *tree);

#endif
