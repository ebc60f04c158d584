/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which devices a VM has by address, /var/lib/pve-passthrough/vm/VMID: an address is a slot, and
 * after a change of hardware or firmware settings another device may be in it at the next boot.
 * What a start found is kept across boots, so that the next start notices. A libconfig file that
 * only root can read, replaced as a whole.
 *
 * Devices by address are those of host= and of args. Those of mapping= are not kept: the mapping
 * itself identifies its device.
 */
#ifndef HOOKSCRIPT_RECORDS_IDENTITY_H
#define HOOKSCRIPT_RECORDS_IDENTITY_H

#include "host/text/bdf.h"
#include "host/base/statefile.h"
#include "host/pci/pci.h"

#define IDENTITY_DIR STATE_DIR "/vm"

/* The most devices in a file. */
#define IDENTITY_DEVICES_MAX ((size_t)1024)

/* A device, and where it was found. */
struct identity_device {
	struct bdf bdf;
	struct pci_identity identity;
};

/*
 * Reads what is kept for VM VMID. Returns 0 with a new array in order of address (the caller frees
 * it), which is empty when there is no file; or -errno and a new text in *ret_why (the caller frees
 * it) that names the file and the cure: -EINVAL when it is not such a file, -EPROTONOSUPPORT when
 * a newer version wrote it in a format unknown here.
 */
int identity_read(const struct fs_root *root, unsigned int vmid, struct identity_device **ret,
		  size_t *ret_n, char **ret_why) must_check;

/*
 * Replaces what is kept by these devices, given in order of address, durably. Writes nothing when
 * nothing changes; no devices is identity_forget(). Returns 0 or -errno: -E2BIG when there are more
 * than IDENTITY_DEVICES_MAX.
 */
int identity_write(const struct fs_root *root, unsigned int vmid,
		   const struct identity_device *list, size_t n) must_check;

/* Removes what is kept of the VM; none is success. Returns 0 or -errno. */
int identity_forget(const struct fs_root *root, unsigned int vmid) must_check;

enum identity_state {
	IDENTITY_SAME,	 /* the device is where it was */
	IDENTITY_OTHER,	 /* another device is there */
	IDENTITY_ABSENT, /* no device is there */
};

/*
 * Compares a known device with those present NOW, which may include other addresses. With
 * IDENTITY_OTHER, *ret_there is the other device's entry of NOW. Pure.
 */
enum identity_state identity_compare(const struct identity_device *known,
				     const struct identity_device *now, size_t n_now,
				     const struct identity_device **ret_there);

/*
 * Where devices of this identity are now, however many: a new array in order of address (the caller
 * frees it). Reads what every device of the host is. Returns 0 or -errno.
 */
int identity_find(const struct fs_root *root, const struct pci_identity *identity, struct bdf **ret,
		  size_t *ret_n) must_check;

#endif
