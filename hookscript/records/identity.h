/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which devices a VM has by address, /var/lib/pve-passthrough/vm/VMID: an address names a place,
 * and after a change of hardware, or of the firmware's settings, another device may sit there when
 * the host has been started again. What a start found is kept across that, so that the next one
 * notices. A libconfig file that only root can read, replaced as a whole.
 *
 * Devices by address are those of host= and of args. Those of mapping= are not kept: the mapping
 * says itself which device is meant.
 */
#ifndef HOOKSCRIPT_RECORDS_IDENTITY_H
#define HOOKSCRIPT_RECORDS_IDENTITY_H

#include "host/base/bdf.h"
#include "host/base/fs.h"
#include "host/pci/pci.h"

#define IDENTITY_FOLDER "var/lib/pve-passthrough/vm"

/* As many devices as a file may hold. */
#define IDENTITY_DEVICES_MAX ((size_t)1024)

/* A device, and where it was found. */
struct known_device {
	struct bdf bdf;
	struct pci_identity identity;
};

/*
 * Reads what is kept for VM VMID. Returns 0 with a new array in order of address (the caller frees
 * it), which is empty when there is no file; or -errno and a new text in *ret_why (the caller frees
 * it) that names the file and what cures it: -EINVAL when it is no such file, -EPROTONOSUPPORT when
 * a newer version wrote it in a format unknown here.
 */
int identity_read(const struct fs_root *root, unsigned int vmid, struct known_device **ret,
		  size_t *ret_n, char **ret_why) must_check;

/*
 * Keeps these devices, given in order of address, and nothing else,
 * on the disk when this returns. Writes nothing when nothing changes; none at all is
 * identity_forget(). Returns 0 or -errno: -E2BIG when there are more than IDENTITY_DEVICES_MAX.
 */
int identity_write(const struct fs_root *root, unsigned int vmid, const struct known_device *list,
		   size_t n) must_check;

/* Forgets the VM's devices; none known is success. Returns 0 or -errno. */
int identity_forget(const struct fs_root *root, unsigned int vmid) must_check;

enum identity_state {
	IDENTITY_SAME,	 /* it is where it was */
	IDENTITY_OTHER,	 /* another device is there */
	IDENTITY_ABSENT, /* no device is there */
};

/*
 * Compares a known device with those that are there NOW, of which there may be more than at its
 * address. With IDENTITY_OTHER, *ret_there is the other device's entry of NOW. Pure.
 */
enum identity_state identity_compare(const struct known_device *known,
				     const struct known_device *now, size_t n_now,
				     const struct known_device **ret_there);

/*
 * Where devices of this identity are now, however many: a new array in order of address (the caller
 * frees it). Reads what every device of the host is. Returns 0 or -errno.
 */
int identity_find(const struct fs_root *root, const struct pci_identity *identity, struct bdf **ret,
		  size_t *ret_n) must_check;

#endif
