/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes use a device through VFIO. An open group must never lose a device. */
#ifndef HOST_PCI_VFIO_H
#define HOST_PCI_VFIO_H

#include <sys/types.h>

#include "host/text/bdf.h"
#include "host/base/fs.h"

/* A process that holds a group open. */
struct vfio_holder {
	pid_t pid;	   /* first, for compare_ints() */
	char *command;	   /* its short name, e.g. "kvm" */
	unsigned int vmid; /* the VM whose QEMU it is; 0: none */
};

struct vfio_holders {
	struct vfio_holder *items;
	size_t n;
	bool open; /* the group is open, by the items or by a process that cannot be seen */
};

/*
 * Reads which processes hold IOMMU group GROUP open: /dev/vfio/GROUP, or /dev/vfio/devices/vfioN of
 * one of its devices (iommufd). Their descriptors tell which; the kernel, which opens a group only
 * once (EBUSY), tells whether. Returns 0 (free with vfio_holders_free()) or -errno.
 */
int vfio_group_holders(const struct fs_root *root, int group, struct vfio_holders *ret) must_check;

/*
 * The same where the group's devices are known: MEMBERS, N_MEMBERS of them. Not PROBE: no node is
 * opened, by which QEMU's own open would fail at that moment; a process whose descriptors do not
 * show that it holds the group is not found then.
 */
int vfio_members_holders(const struct fs_root *root, int group, const struct bdf *members,
			 size_t n_members, bool probe, struct vfio_holders *ret) must_check;
void vfio_holders_free(struct vfio_holders *holders);

/* Which VM has what of VFIO's open. */
struct vfio_vms {
	struct vfio_vm {
		char *node; /* "/dev/vfio/12", "/dev/vfio/devices/vfio3" */
		unsigned int vmid;
	} * items;
	size_t n;
};

/*
 * Reads which VMs have which nodes of VFIO's open, of all groups at once, and opens none itself.
 * Returns 0 (free with vfio_vms_free()) or -errno.
 */
int vfio_vms_read(const struct fs_root *root, struct vfio_vms *ret) must_check;
void vfio_vms_free(struct vfio_vms *vms);

/* Which of them has IOMMU group GROUP, in *RET; 0: none. Returns 0 or -errno. */
int vfio_vms_find(const struct fs_root *root, const struct vfio_vms *vms, int group,
		  unsigned int *ret) must_check;

/* "process 1234 (kvm of VM 100)", for a message. Returns a new string, or NULL without memory. */
char *vfio_holders_describe(const struct vfio_holders *holders) must_check;

/*
 * Waits until the group is closed or DEADLINE (CLOCK_MONOTONIC, in milliseconds) has passed.
 * Returns 0 when it is closed; -ETIMEDOUT with the last holders seen in *ret (if not NULL), to be
 * freed by the caller; -errno.
 */
int vfio_group_wait_closed(const struct fs_root *root, int group, int64_t deadline,
			   struct vfio_holders *ret) must_check;

/*
 * Whether the device's driver has made a VFIO device of it, without which QEMU cannot use it.
 * (Linux: Documentation/ABI/testing/sysfs-devices-vfio-dev, since 6.1)
 * 1 or 0; -errno when that is unknown.
 */
int vfio_has_device(const struct fs_root *root, const struct bdf *bdf);

#define auto_holders  cleanup_with(vfio_holders_free)
#define auto_vfio_vms cleanup_with(vfio_vms_free)

#endif
